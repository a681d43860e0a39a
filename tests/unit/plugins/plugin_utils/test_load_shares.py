# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.load_shares import (
    late_marks,
    make_runs,
    merge_raw,
    outcome_of,
    share_of,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.raw_files import read_raw
from ansible_collections.katabench.scylla.plugins.plugin_utils.stress_command import WorkloadError

LOGS = Path(__file__).parents[3] / "data" / "stress-logs"
WRITE = {"name": "write", "operation": "write", "operations": 10001, "threads": 51}


def left_by(tmp_path, loader, sample, hdr=None):
    """Return what read_raw makes of a sample of the loader's output."""
    folder = tmp_path / "cells" / "c" / "raw" / "write" / loader
    folder.mkdir(parents=True)
    for stream in ("stdout", "stderr"):
        (folder / stream).write_bytes((LOGS / sample / stream).read_bytes())
    if hdr:
        (folder / "hdr").write_bytes((LOGS / sample / hdr).read_bytes())
    return read_raw(tmp_path, "c", f"write/{loader}")


def test_one_loader_does_it_all():
    assert share_of(WRITE, 0, 1) == WRITE


def test_shares_add_up_and_each_writes_partitions_of_its_own():
    shares = [share_of(WRITE, loader, 2) for loader in (0, 1)]
    assert [share["operations"] for share in shares] == [5001, 5000]
    assert [share["threads"] for share in shares] == [26, 25]
    assert [share["options"] for share in shares] == [["-pop", "seq=1..5001"], ["-pop", "seq=5002..10001"]]


def test_a_rate_is_divided_and_a_duration_holds_for_all():
    asked = {"name": "r", "duration_s": 30, "threads": 50, "rate": {"mode": "fixed", "ops_per_s": 900}}
    share = share_of(asked, 2, 3)
    assert share["rate"] == {"mode": "fixed", "ops_per_s": 300.0}
    assert share["duration_s"] == 30
    assert "options" not in share


def test_partitions_that_a_workload_names_are_left_alone():
    options = ["-pop", "dist=uniform(1..5000)"]
    assert share_of({**WRITE, "options": options}, 1, 2)["options"] == options


@pytest.mark.parametrize(
    ("operation", "loaders", "makes"),
    [
        ("write", 1, False),
        ("write", 2, True),
        ("counter_write", 2, True),
        ("read", 2, False),
        ("mixed ratio(write=1)", 2, False),
    ],
)
def test_one_operation_makes_the_tables_before_several_loaders_would(operation, loaders, makes):
    first = make_runs({**WRITE, "operation": operation, "consistency": "ONE"}, loaders, ["db"], "ks", "/hdr")["first"]
    assert (first is not None) == makes
    if makes:
        assert first["command"] == (
            f"cassandra-stress {operation} no-warmup n=1 cl=ONE -node db -rate threads=1 -mode native cql3 "
            "-schema keyspace=ks"
        )


def test_less_than_a_thread_for_each_is_refused():
    with pytest.raises(WorkloadError, match="workload write: threads is 2, too few for 3 loaders: ask for more"):
        share_of({**WRITE, "threads": 2}, 0, 3)


def test_two_loaders_are_read_as_one(tmp_path):
    merged = merge_raw({"a": left_by(tmp_path, "a", "write"), "b": left_by(tmp_path, "b", "read")})
    block = merged["log"]["blocks"][0]
    # Read off the two samples: 1,453 op/s at 33.6 ms and 1,312 op/s at 36.3 ms, 20,000 partitions each, and the maxima
    # 497.8 and 753.4 ms.
    assert block["total"]["op_rate"] == 2765
    assert block["total"]["total_partitions"] == 40000
    assert block["total"]["total_errors"] == 0
    assert block["total"]["latency_mean_ms"] == pytest.approx(34.881, abs=0.001)
    assert block["total"]["latency_max_ms"] == 753.4
    assert "latency_p99_ms" not in block["total"]
    assert block["total_operation_time_s"] == 15
    # Their rows of the first second: 535 and 32 operations.
    first = merged["log"]["intervals"][0]
    assert (first["time_s"], first["total_ops"], first["op_rate"]) == (1.0, 567, 567)
    assert merged["files"]["a/stdout"]["path"] == "cells/c/raw/write/a/stdout"
    assert merged["log_error"] is None
    assert merged["hdr"] is None


def test_what_one_of_them_did_not_finish_is_never_taken_for_the_whole(tmp_path):
    merged = merge_raw({"a": left_by(tmp_path, "a", "write"), "b": left_by(tmp_path, "b", "no-host")})
    assert merged["log"] is None
    assert merged["steady"] is None
    assert merged["log_error"] == "of 2 loaders b left no whole result"


def test_histograms_are_added(tmp_path):
    one, other = (left_by(tmp_path, name, "throttle-hdr", "throttle.hdr") for name in ("a", "b"))
    merged = merge_raw({"a": one, "b": other})["hdr"]
    tag = next(iter(merged["tags"]))
    assert merged["tags"][tag]["count"] == 2 * one["hdr"]["tags"][tag]["count"] > 0


def test_a_loader_without_a_histogram_makes_the_merge_incomplete(tmp_path):
    one, other = left_by(tmp_path, "a", "throttle-hdr", "throttle.hdr"), left_by(tmp_path, "b", "write")
    merged = merge_raw({"a": one, "b": other})["hdr"]
    assert merged["complete"] is False
    assert "b: it left no HDR log." in merged["sentence"]


def test_a_loader_that_begins_late_is_named():
    assert late_marks(100.0, {"a": 100.4, "b": 103.2, "c": None}) == [
        "The loader b began 3.2 s after the others: rates add up only where loads overlap."
    ]
    assert late_marks(None, {"a": 9e9}) == []


def ended(loader, **others):
    return {
        "loader": loader,
        "exit_status": 0,
        "interrupted": False,
        "timed_out": False,
        "started_at": "2026-11-22T12:00:00Z",
        "finished_at": "2026-11-22T12:00:20Z",
        "elapsed_s": 20.0,
        "fault": "",
        **others,
    }


def test_how_one_loader_ended_is_how_the_load_did():
    run = make_runs(WRITE, 1, ["n1"], "ks")
    outcome = outcome_of(run, [ended("a")], 0)
    assert outcome["rc"] == 0
    assert outcome["argv"] == run["argv"]
    assert not {"shares", "loaders", "start_at_s"} & outcome.keys()


def test_a_load_ends_with_its_last_loader_and_fails_with_any():
    run = make_runs(WRITE, 2, ["n1"], "ks")
    late = ended("b", exit_status=3, finished_at="2026-11-22T12:00:31Z", elapsed_s=31.0)
    outcome = outcome_of(run, [ended("a"), late], 1_800_000_000)
    assert (outcome["rc"], outcome["elapsed_s"], outcome["finished_at"]) == (3, 31.0, "2026-11-22T12:00:31Z")
    assert outcome["start_at_s"] == 1_800_000_000
    assert [(each["name"], each["rc"], each["asked"]["threads"]) for each in outcome["loaders"]] == [
        ("a", 0, 26),
        ("b", 3, 25),
    ]
    assert "seq=5002..10001" in outcome["loaders"][1]["command"]
    assert "seq=" not in outcome["command"]


def test_of_a_loader_that_was_lost_nothing_is_known():
    run = make_runs(WRITE, 2, ["n1"], "ks")
    lost = ended("b", exit_status=None, started_at="", finished_at="", elapsed_s=0.0, fault="b could not be reached.")
    outcome = outcome_of(run, [ended("a"), lost], 0)
    assert outcome["rc"] is None
    assert outcome["started_at"] == "2026-11-22T12:00:00Z"
    assert outcome["loaders"][1]["fault"] == "b could not be reached."
