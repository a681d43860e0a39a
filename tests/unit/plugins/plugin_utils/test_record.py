# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import copy
import json
import math

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.record import (
    RecordError,
    headline,
    read_record,
    workload_figures,
    write_record,
)

BLOCK = {
    "threads": 50,
    "total": {"op_rate": 1453.0, "latency_mean_ms": 33.6, "latency_p99_ms": 231.7},
    "ops": {},
    "gc": {},
}
RECORD = {
    "schema": 1,
    "run_id": "r1",
    "cell": {"id": "db1/block-01/gvisor", "cluster": "db1", "block": 1, "position": 2, "arm": "gvisor"},
    "arm": {"name": "gvisor", "runtime": "gvisor", "again_of": None},
    "engine": {"name": "cassandra", "version": "5.0.6"},
    "image": {"reference": "katabench/cassandra:1", "id": "sha256:0", "digest": None, "source": "embedded"},
    "host": {"cpu_model": "x"},
    "cluster": {"nodes": 1, "node_cpus": 1, "node_memory_mib": 2048},
    "parity": {
        "nodes": [
            {"node": "n1", "kernel_release": "4.4.0", "cpus": 0.99, "memory_mib": 2048, "data_filesystem": "9p"},
        ],
        "band": 0.25,
        "valid": True,
        "failures": [],
    },
    "workloads": [
        {
            "name": "write",
            "operation": "write",
            "command": "cassandra-stress write n=20000",
            "tool": {"name": "cassandra-stress", "version": "3.11.4"},
            "asked": {
                "operations": 20000,
                "duration_s": None,
                "threads": 50,
                "rate": {"mode": "closed", "ops_per_s": None},
                "error_limit": 0,
                "littles_law_band": 0.15,
            },
            "rc": 0,
            "timed_out": False,
            "interrupted": False,
            "containers_died": [],
            "started_at": "2026-11-22T12:00:00Z",
            "finished_at": "2026-11-22T12:00:20Z",
            "elapsed_s": 20,
            "nodes_before": {"nodes": [], "total": 1, "up_normal": 1},
            "nodes_after": {"nodes": [], "total": 1, "up_normal": 1},
            "result": {"outcome": "results", "terminator": "END", "blocks": [BLOCK], "steps": [], "intervals": []},
            "raw": {
                "stdout": {"path": "cells/db1/block-01/gvisor/raw/write/stdout", "bytes": 9, "sha256": "0" * 64},
                "stderr": None,
            },
            "validity": {"valid": True, "failures": [], "marks": []},
        }
    ],
    "failure": None,
    "validity": {"valid": True, "failures": [], "marks": []},
    "started_at": "2026-11-22T12:00:00Z",
    "finished_at": "2026-11-22T12:01:00.5Z",
    "timings_s": {"deploy": 31.5},
    "versions": {"collection": "0.1.0", "ansible_core": "2.19.14"},
}


def changed(path, value):
    record = copy.deepcopy(RECORD)
    place = record
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return record


def test_what_is_written_is_read_back(tmp_path):
    path = tmp_path / "cells" / "record.json"
    write_record(path, RECORD)
    assert read_record(path) == RECORD


def test_the_text_is_the_same_for_the_same_record(tmp_path):
    write_record(tmp_path / "a.json", RECORD)
    write_record(tmp_path / "b.json", dict(reversed(RECORD.items())))
    text = (tmp_path / "a.json").read_text()
    assert text == (tmp_path / "b.json").read_text()
    assert text.endswith("}\n")
    assert list(json.loads(text)) == sorted(RECORD)


def test_a_record_is_replaced_and_no_temporary_file_stays(tmp_path):
    path = tmp_path / "record.json"
    path.write_text("old")
    write_record(path, RECORD)
    assert read_record(path) == RECORD
    assert [file.name for file in tmp_path.iterdir()] == ["record.json"]


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        (["schema"], 2, "$.schema"),
        (["cell", "block"], -1, "$.cell.block"),
        (["engine"], "cassandra", "$.engine"),
        (["started_at"], "2026-11-22 12:00:00", "$.started_at"),
        (["started_at"], "2026-11-22T12:00:00+02:00", "$.started_at"),
        (["workloads", 0, "elapsed_s"], None, "$.workloads[0].elapsed_s"),
        (["workloads", 0, "timed_out"], "no", "$.workloads[0].timed_out"),
        (["workloads", 0, "asked", "threads"], 0, "$.workloads[0].asked.threads"),
        (["workloads", 0, "result", "outcome"], "fine", "$.workloads[0].result.outcome"),
        (["workloads", 0, "raw", "stdout", "sha256"], "abc", "$.workloads[0].raw.stdout.sha256"),
        (["parity", "band"], -1, "$.parity.band"),
        (["failure"], {"class": "bad-luck", "sentence": "It rained."}, "$.failure.class"),
        (["failure"], {"class": "node-lost"}, "$.failure"),
        (["timings_s"], {"deploy": "long"}, "$.timings_s.deploy"),
    ],
)
def test_a_record_of_another_form_is_not_written_and_the_place_is_named(tmp_path, path, value, place):
    file = tmp_path / "record.json"
    with pytest.raises(RecordError) as refused:
        write_record(file, changed(path, value))
    assert str(refused.value).startswith(f"{file} is no record of schema 1: at {place}, ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", sorted(RECORD))
def test_every_key_is_required(tmp_path, key):
    with pytest.raises(RecordError, match=f"'{key}' is a required property"):
        write_record(tmp_path / "record.json", {name: value for name, value in RECORD.items() if name != key})


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_what_json_has_no_number_for_is_not_written(tmp_path, number):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_record(tmp_path / "record.json", changed(["host"], {"load": number}))
    assert list(tmp_path.iterdir()) == []


def test_keys_that_a_later_version_adds_are_read(tmp_path):
    path = tmp_path / "record.json"
    path.write_text(json.dumps({**RECORD, "weather": "rain"}))
    assert read_record(path)["weather"] == "rain"


def test_another_schema_version_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / "record.json"
    path.write_text(json.dumps({"schema": 2}))
    with pytest.raises(RecordError) as refused:
        read_record(path)
    assert str(refused.value) == (
        f"{path} has record schema 2; this version of the collection reads schema 1. "
        "Use the version of the collection that wrote it (see its key 'versions')."
    )


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b'{"schema": 1'])
def test_what_is_no_json_is_refused_with_the_file_name(tmp_path, data):
    path = tmp_path / "record.json"
    path.write_bytes(data)
    with pytest.raises(RecordError, match=r"record\.json is not JSON"):
        read_record(path)


@pytest.mark.parametrize("text", ["[]", "null", '"x"', "{}"])
def test_json_that_is_no_record_is_refused(tmp_path, text):
    path = tmp_path / "record.json"
    path.write_text(text)
    with pytest.raises(RecordError, match=r"at \$"):
        read_record(path)


def test_headline_says_the_first_reason_and_how_many_more():
    lost = {"class": "node-lost", "sentence": "Node n2 died."}
    broken = {"class": "incomplete", "sentence": "write: 5 of 15 s."}
    assert headline(RECORD) is None
    assert headline(changed(["validity", "failures"], [lost])) == "Node n2 died."
    assert headline(changed(["validity", "failures"], [lost, broken])) == "Node n2 died. (and 1 more)"


def test_figures_of_a_workload_are_those_of_its_only_block():
    assert workload_figures(RECORD["workloads"][0]) == {
        "name": "write",
        "op_rate": 1453.0,
        "latency_mean_ms": 33.6,
        "latency_p99_ms": 231.7,
        "valid": True,
    }


@pytest.mark.parametrize("blocks", [[], [BLOCK, BLOCK]])
def test_without_exactly_one_block_there_are_no_figures(blocks):
    workload = changed(["workloads", 0, "result", "blocks"], blocks)["workloads"][0]
    assert workload_figures(workload)["op_rate"] is None


def test_a_log_that_cannot_be_read_has_no_figures():
    workload = changed(["workloads", 0, "result"], None)["workloads"][0]
    assert workload_figures(workload)["latency_mean_ms"] is None
