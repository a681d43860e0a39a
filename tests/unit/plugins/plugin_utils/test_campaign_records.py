# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import shutil

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils import campaign_records
from ansible_collections.katabench.scylla.plugins.plugin_utils.campaign import read_campaign
from ansible_collections.katabench.scylla.plugins.plugin_utils.campaign_records import read_folder
from ansible_collections.katabench.scylla.plugins.plugin_utils.lean_records import lean, shown
from ansible_collections.katabench.scylla.tests.unit import campaign_folder


@pytest.fixture
def folder(tmp_path):
    campaign_folder.write_grown(tmp_path, campaign_folder.grown_campaign())
    return tmp_path


def read(folder):
    return read_folder(folder, read_campaign(folder))


def test_records_in_the_order_of_the_plan_and_what_was_decided(folder):
    found = read(folder)
    plan = read_campaign(folder)["plan"]
    assert [record["cell"]["id"] for record in found.records] == [cell["id"] for cell in plan if cell["block"] <= 5]
    assert found.stops["db1"]["reason"] == "narrow"
    assert found.ladders["db1"]["rates"] == {"read@0.5": 400, "read@1": 800}
    assert (found.earlier, found.unreadable) == ([], {})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"schema": 1', "is not JSON"),
        ('{"schema": 2}', "has record schema 2; this version of the collection reads schema 1"),
        ('{"schema": 1}', "is no record of schema 1: at $, 'run_id' is a required property"),
        ("[]", "is no record of schema 1: at $"),
    ],
)
def test_a_record_that_cannot_be_read_is_named_and_the_others_are_read(folder, text, sentence):
    (folder / "cells" / "db1" / "block-02" / "gvisor" / "record.json").write_text(text)
    found = read(folder)
    assert len(found.records) == 16
    assert list(found.unreadable) == ["db1/block-02/gvisor"]
    # The path is that within the campaign's folder, wherever that lies.
    assert found.unreadable["db1/block-02/gvisor"].startswith(f"cells/db1/block-02/gvisor/record.json {sentence}")


def test_a_record_in_the_place_of_another_is_not_taken_for_it(folder):
    shutil.copy(*(folder / "cells" / "db1" / block / "runc" / "record.json" for block in ("block-01", "block-02")))
    found = read(folder)
    assert found.unreadable["db1/block-02/runc"] == (
        "cells/db1/block-02/runc/record.json is the record of another cell, db1/block-01/runc: put it back there."
    )
    assert len(found.records) == 16


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "It is not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1)), so"),
        ('{"blocks": 5}', "It lacks reason, sentence, so"),
        ("[]", "It lacks blocks, reason, sentence, so"),
        ('{"blocks": NaN, "reason": "narrow"}', "It is not JSON (NaN is no number of JSON), so"),
        ('{"blocks": "5", "reason": "narrow", "sentence": "Stopped."}', "Its blocks are '5', no number, so"),
    ],
)
def test_a_note_that_cannot_be_read_is_named(folder, text, sentence):
    (folder / "cells" / "db1" / "stop.json").write_text(text)
    found = read(folder)
    assert found.stops == {}
    assert found.unreadable["db1/stop.json"].startswith(sentence)


def test_a_lean_record_has_what_reports_show(folder):
    whole = json.loads((folder / "cells" / "db1" / "block-01" / "gvisor" / "record.json").read_text())
    record = lean(whole)
    read_at, was_at = record["workloads"][2], whole["workloads"][2]
    assert read_at["name"] == "read@0.5"
    assert dict(read_at["result"]["intervals"][3]) == {"type": "total", "time_s": 4.0, "op_rate": 395}
    # Which tags there are decides which one is merged.
    assert read_at["hdr"]["tags"]["READ-st"] == read_at["hdr"]["tags"]["READ-wt"] == {"count": 8000}
    assert read_at["hdr"]["tags"]["READ-rt"]["steady_histogram"] == was_at["hdr"]["tags"]["READ-rt"]["steady_histogram"]
    assert list(record["workloads"][0]["hdr"]["tags"]) == ["WRITE-st"]
    assert read_at["host_load"]["cpu_busy_s"] == 38.38
    assert "series" not in read_at["host_load"]
    assert was_at["result"]["intervals"][3]["errors"] == 0  # the whole one is left as it was


def test_of_a_long_load_as_many_points_are_left_as_are_drawn(folder):
    whole = json.loads((folder / "cells" / "db1" / "block-01" / "runc" / "record.json").read_text())
    row = {"type": "total", "op_rate": 100, "latency_mean_ms": 1.0}
    whole["workloads"][0]["result"]["intervals"] = [
        {"type": "WRITE", "op_rate": 7, "time_s": 0.5},
        {"type": "total", "op_rate": float("nan"), "time_s": 0.6},
        *({**row, "time_s": float(second)} for second in range(240, 0, -1)),
    ]
    rows = lean(whole)["workloads"][0]["result"]["intervals"]
    assert [(row["time_s"], row["op_rate"]) for row in rows] == [(2.0 * place, 100) for place in range(1, 121)]
    assert rows[0].get("latency_mean_ms") is None
    with pytest.raises(KeyError):
        rows[0]["latency_mean_ms"]


def test_what_is_lean_has_the_histogram_of_the_whole_where_no_part_is_steady(folder):
    whole = json.loads((folder / "cells" / "db1" / "block-01" / "gvisor" / "record.json").read_text())
    tag = whole["workloads"][0]["hdr"]["tags"]["WRITE-st"]
    del tag["steady_histogram"], tag["steady_count"]
    assert lean(whole)["workloads"][0]["hdr"]["tags"] == {"WRITE-st": tag}


def test_on_several_processors_the_same_is_read(folder, monkeypatch):
    (folder / "cells" / "db1" / "block-02" / "gvisor" / "record.json").write_text("{")
    alone = read(folder)
    monkeypatch.setattr(campaign_records, "MANY_CELLS", 1)
    together = read(folder)
    assert together.unreadable == alone.unreadable
    assert [plain(record) for record in together.records] == [plain(record) for record in alone.records]


def plain(record):
    for workload in record["workloads"]:
        workload["result"]["intervals"] = [dict(row) for row in workload["result"]["intervals"]]
    return record


def test_what_the_summary_holds_is_not_kept_twice(folder):
    whole = json.loads((folder / "cells" / "db1" / "block-01" / "gvisor" / "record.json").read_text())
    [record] = shown([whole])
    assert set(whole) - set(record) == {"attribution"}
    assert set(whole["workloads"][0]) - set(record["workloads"][0]) == {"hdr", "raw"}


def test_records_of_one_host_share_its_fingerprint(folder):
    path = folder / "cells" / "db1" / "block-03" / "runc" / "record.json"
    moved = json.loads(path.read_text())
    moved["host"] = {"kernel": "6.12"}
    path.write_text(json.dumps(moved))
    hosts = {record["cell"]["id"]: record["host"] for record in read(folder).records}
    assert hosts.pop("db1/block-03/runc") == {"kernel": "6.12"}
    assert len({id(host) for host in hosts.values()}) == 1
