# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.stress_log import read_stress_log
from ansible_collections.katabench.scylla.plugins.plugin_utils.validity import (
    FAILURE_CLASSES,
    judge_workload,
)

DATA = Path(__file__).parents[3] / "data"
LOGS = DATA / "stress-logs"
SCHEMA = Path(__file__).parents[4] / "plugins" / "plugin_utils" / "schemas" / "record.json"
TWO_UP = {"up_normal": 2, "total": 2, "nodes": []}
ONE_DOWN = {
    "up_normal": 1,
    "total": 2,
    "nodes": [
        {"address": "10.0.0.1", "status": "U", "state": "N"},
        {"address": "10.0.0.2", "status": "D", "state": "N"},
    ],
}
CLOSED = {"mode": "closed", "ops_per_s": None}


def asking(operations=None, duration_s=None, threads=50, **others):
    return {
        "operations": operations,
        "duration_s": duration_s,
        "threads": threads,
        "rate": CLOSED,
        "error_limit": 0,
        "littles_law_band": 0.15,
        "nodes": 2,
    } | others


def seeing(log, **others):
    if isinstance(log, str):
        folder = LOGS / log
        with (folder / "stdout").open(encoding="utf-8") as lines:
            others = {"rc": int((folder / "rc").read_text(encoding="utf-8"))} | others
            log = read_stress_log(lines)
    return {
        "log": log,
        "log_error": None,
        "rc": 0,
        "timed_out": False,
        "interrupted": False,
        "nodes_before": TWO_UP,
        "nodes_after": TWO_UP,
        "containers_died": [],
    } | others


def read(name):
    with (LOGS / name).open(encoding="utf-8") as lines:
        return read_stress_log(lines)


def at_rate(mode, ops_per_s):
    return {"rate": {"mode": mode, "ops_per_s": ops_per_s}}


# What was asked is in the file `command` of each sample, the verdict in the table of their README.
@pytest.mark.parametrize(
    ("name", "asked", "classes", "words"),
    [
        ("write", asking(20000), [], None),
        ("read", asking(20000), [], None),
        ("mixed", asking(15000), [], None),
        ("counter-write", asking(8000, threads=20), [], None),
        ("counter-read", asking(8000, threads=20), [], None),
        ("fixed-hdr", asking(None, 15, **at_rate("fixed", 400)), [], None),
        ("throttle-hdr", asking(None, 15, **at_rate("throttle", 400)), [], None),
        ("unlimited-hdr", asking(None, 15), [], None),
        ("fixed-overload", asking(None, 15, 20, **at_rate("fixed", 6000)), [], "reached 2,953 of 6,000 op/s"),
        ("auto-steps", asking(None, 4, None), [], "its last block need not be the best one"),
        ("locale-de", asking(6000, threads=20), [], None),
        ("locale-fr", asking(6000, threads=20), [], None),
        ("log-file", asking(5000, threads=20), [], None),
        ("hdr-thread-dies", asking(None, 15, **at_rate("fixed", 400)), ["incomplete"], "results for 5 of the 15 s"),
        ("user-profile", asking(6000, threads=20), ["incomplete"], "measured no operation of 6,000 asked for"),
        ("node-down-ignored", asking(None, 25, 20), ["errors"], "83,452 of 89,445 operations failed"),
        ("node-down-fails", asking(None, 25, 20), ["loader-failed"], "printed FAILURE and exited with 1"),
        ("read-missing", asking(2000, threads=20), ["loader-failed"], "printed FAILURE and exited with 1"),
        ("no-host", asking(100, threads=4), ["loader-failed"], "exited with 1"),
        ("n-zero", asking(0, threads=20), ["incomplete"], "asked for no operations"),
        ("bad-option", asking(10, threads=20), ["loader-failed"], "Invalid parameter thread=20"),
    ],
)
def test_every_real_log_gets_its_verdict(name, asked, classes, words):
    verdict = judge_workload(asked, seeing(name))
    assert [failure["class"] for failure in verdict["failures"]] == classes
    assert verdict["valid"] is (not classes)
    sentences = [failure["sentence"] for failure in verdict["failures"]] or verdict["marks"]
    if words:
        assert words in sentences[0]
    else:
        assert sentences == []


def verdict_of_write(**seen):
    failures = judge_workload(asking(20000), seeing("write", **seen))["failures"]
    return [(failure["class"], failure["sentence"]) for failure in failures]


@pytest.mark.parametrize(
    ("seen", "name", "words"),
    [
        ({"nodes_before": ONE_DOWN}, "node-lost", "1 of 2 nodes were up and normal before"),
        ({"nodes_after": ONE_DOWN}, "node-lost", "10.0.0.1 UN, 10.0.0.2 DN"),
        ({"nodes_after": None}, "node-lost", "not known"),
        ({"nodes_after": {"up_normal": 3, "total": 3, "nodes": []}}, "node-lost", "3 of 2 nodes"),
        ({"containers_died": ["kata-node2"]}, "node-lost", "kata-node2"),
        ({"rc": 137}, "loader-failed", "exited with 137"),
        ({"rc": None}, "loader-failed", "an unknown status"),
    ],
)
def test_a_healthy_log_does_not_save_what_happened_around_it(seen, name, words):
    [(found, sentence)] = verdict_of_write(**seen)
    assert found == name
    assert words in sentence


def test_a_log_that_cannot_be_read_says_why():
    verdict = judge_workload(asking(20000), seeing(None, log_error="line 9: op rate: no number"))
    assert [failure["class"] for failure in verdict["failures"]] == ["loader-failed"]
    assert "line 9: op rate: no number" in verdict["failures"][0]["sentence"]


@pytest.mark.parametrize(("how", "name"), [("timed_out", "timed-out"), ("interrupted", "interrupted")])
def test_a_load_that_was_stopped_is_not_blamed_for_its_missing_end(how, name):
    log = {**read("write/stdout"), "outcome": "truncated", "terminator": None, "blocks": []}
    verdict = judge_workload(asking(20000), seeing(log, rc=None, nodes_after=None, **{how: True}))
    assert [failure["class"] for failure in verdict["failures"]] == [name]


def test_the_cause_stands_before_what_it_caused():
    verdict = judge_workload(asking(None, 25, 20), seeing("node-down-fails", nodes_after=ONE_DOWN))
    assert [failure["class"] for failure in verdict["failures"]] == ["node-lost", "loader-failed"]


def test_a_log_that_stops_is_incomplete():
    log = {**read("write/stdout"), "outcome": "truncated", "terminator": None}
    assert [one["class"] for one in judge_workload(asking(20000), seeing(log))["failures"]] == ["incomplete"]


def test_failure_counts_though_old_versions_exit_with_zero():
    verdict = judge_workload(asking(None, 25, 20), seeing("node-down-fails", rc=0))
    assert [one["class"] for one in verdict["failures"]] == ["loader-failed"]


@pytest.mark.parametrize(
    ("limit", "classes", "marks"),
    [(83451, ["errors"], 0), (83452, [], 1), (100000, [], 1)],
)
def test_errors_count_up_to_an_open_limit(limit, classes, marks):
    verdict = judge_workload(asking(None, 25, 20, error_limit=limit), seeing("node-down-ignored"))
    assert [failure["class"] for failure in verdict["failures"]] == classes
    assert len(verdict["marks"]) == marks


@pytest.mark.parametrize(("operations", "valid"), [(20000, True), (20001, False)])
def test_every_operation_asked_for_is_needed(operations, valid):
    assert judge_workload(asking(operations), seeing("write"))["valid"] is valid


@pytest.mark.parametrize(("duration_s", "valid"), [(13, True), (14, True), (14.5, False), (15, False)])
def test_a_duration_may_lack_what_was_cut_off_its_seconds(duration_s, valid):
    # 13.8 s are printed as 00:00:13.
    assert judge_workload(asking(None, duration_s), seeing("write"))["valid"] is valid


def test_operations_that_hit_no_partition_count_as_made():
    # 4,666 operations in the last row, 4,623 partitions in the results.
    log = read("eras/cassandra-4.0")
    log["blocks"][0]["total_operation_time_s"] = 3
    asked = asking(4666, threads=10)
    assert [one["sentence"] for one in judge_workload(asked, seeing(log))["failures"]] == []
    asked["operations"] = 4667
    assert "4,666 of the 4,667" in judge_workload(asked, seeing(log))["failures"][0]["sentence"]


def test_cql_stress_needs_no_end():
    assert judge_workload(asking(20000000, threads=80), seeing(read("eras/cql-stress")))["valid"]


def test_a_version_that_prints_no_errors_is_marked():
    verdict = judge_workload(asking(20000, threads=None), seeing(read("eras/cassandra-2.0")))
    assert verdict["valid"]
    assert "does not print how many operations failed" in verdict["marks"][0]


@pytest.mark.parametrize(
    ("rate", "mean_ms", "time_s", "valid"),
    [
        (1000, 50.0, 100, True),  # 50 threads
        (1000, 57.4, 100, True),  # 57.4, just inside
        (1000, 58.0, 100, False),  # 58.0, more than 57.5 = 50 x 1.15
        (1000, 42.1, 100, True),  # 42.1 to 42.6
        (1000, 41.0, 100, False),  # 41.4 at most, less than 42.5 = 50 x 0.85
        (1000, 41.0, 10, True),  # up to 1 of 10 s without load: 41.0 to 45.6
        (1000, 25.0, 2, True),  # up to 1 of 2 s
        (1000, 20.0, 2, False),
        (1000, 5.0, 1, True),  # nothing to be said
        (1000, 5.0, 100, False),  # nine of ten threads idle
    ],
)
def test_littles_law_holds_within_its_band_and_what_short_runs_blur(rate, mean_ms, time_s, valid):
    log = read("write/stdout")
    log["blocks"][0]["total"] |= {"op_rate": rate, "latency_mean_ms": mean_ms}
    log["blocks"][0]["total_operation_time_s"] = time_s
    verdict = judge_workload(asking(20000), seeing(log))
    assert [failure["class"] for failure in verdict["failures"]] == ([] if valid else ["loader-failed"])
    assert all("Little's law" in failure["sentence"] for failure in verdict["failures"])


@pytest.mark.parametrize("mode", ["fixed", "throttle"])
def test_littles_law_says_nothing_of_a_paced_load(mode):
    log = read("write/stdout")
    log["blocks"][0]["total"]["latency_mean_ms"] = 1.0
    asked = asking(20000, **at_rate(mode, 1453))
    assert judge_workload(asked, seeing(log)) == {"valid": True, "failures": [], "marks": []}


@pytest.mark.parametrize(("target", "marked"), [(1400, False), (1500, False), (1700, True)])
def test_a_missed_rate_is_marked(target, marked):
    # 1,453 op/s in 13 s, of which one may have been idle: at most 1,574, and 95% of the target are enough.
    marks = judge_workload(asking(20000, **at_rate("throttle", target)), seeing("write"))["marks"]
    assert marks == ([f"Target missed: the load reached 1,453 of {target:,} op/s."] if marked else [])


def test_other_threads_than_asked_are_marked():
    assert judge_workload(asking(20000, threads=60), seeing("write"))["marks"] == [
        "The run had 50 threads; 60 were asked for."
    ]


def test_the_schema_of_records_knows_the_same_classes():
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert schema["$defs"]["failure"]["properties"]["class"]["enum"] == list(FAILURE_CLASSES)


def test_judging_changes_nothing():
    asked, seen = asking(20000), seeing("write")
    before = copy.deepcopy((asked, seen))
    judge_workload(asked, seen)
    assert (asked, seen) == before
