# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils import progress
from ansible_collections.katabench.scylla.plugins.plugin_utils.progress import Progress, read_interval, summary_event
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary import summarise
from ansible_collections.katabench.scylla.tests.unit import campaign_folder

ROW = "total,         12345,    1234,    1234,    1234,    40.2,    35.1,    80.0,   120.5,   200.0,   250.1,   10.0"


class Clock:
    """A clock that the test moves."""

    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def plan(cells: list[dict], run_id: str = "r1") -> dict:
    return {
        "event": "plan",
        "run_id": run_id,
        "dir": "results/r1",
        "resumed": False,
        "arms": ["runc", "gvisor"],
        "workloads": ["write", "read"],
        "baseline": "runc",
        "cells": cells,
    }


def cells(cluster: str, *states: str) -> list[dict]:
    return [
        {"id": f"{cluster}/block-01/{number}", "cluster": cluster, "state": state}
        for number, state in enumerate(states, start=1)
    ]


def about(kind: str, number: int, cluster: str = "a", **more: object) -> dict:
    cell = {"cell": f"{cluster}/block-01/{number}", "cluster": cluster, "arm": "gvisor", "block": 1}
    return {"event": kind, **cell, **more}


@pytest.mark.parametrize(
    ("line", "figures"),
    [
        (ROW, (12345, 1234.0)),
        ("total,20000,20233.3,19063.1,32.5", (20000, 20233.3)),
        ("52310,5231,5231,1.9,3.2,12.5,10.0", (52310, 5231.0)),
        ("Total operation time      : 00:00:13", None),
        ("Latency mean              :   40.1 ms [WRITE: 40.1 ms]", None),
        ("type       total ops,    op/s,    pk/s,   row/s,    mean", None),
        ("total,", None),
        ("", None),
    ],
)
def test_interval_rows(line: str, figures: tuple[int, float] | None) -> None:
    assert read_interval(line) == figures


def test_plan_counts_what_was_done_earlier_and_is_said_once() -> None:
    shown = Progress()
    event = plan(cells("a", "done", "todo", "todo"))
    assert shown.observe("a", event) == [
        "campaign r1: 3 cells, 1 done earlier; arms runc, gvisor; workloads write, read; baseline runc; in results/r1"
    ]
    assert shown.observe("b", event) == []


def test_cell_is_numbered_by_the_plan() -> None:
    shown = Progress()
    shown.observe("a", plan(cells("a", "done", "todo", "todo")))
    assert shown.observe("a", about("cell", 2, phase="deploy")) == ["cell 2 of 3 gvisor block 1: deploy"]
    assert shown.observe("a", about("cell", 2)) == ["cell 2 of 3 gvisor block 1"]


def test_several_clusters_are_named_and_numbered_each_for_itself() -> None:
    shown = Progress()
    shown.observe("a", plan(cells("a", "todo", "todo") + cells("b", "todo")))
    assert shown.observe("a", about("cell", 2, "a")) == ["a: cell 2 of 2 gvisor block 1"]
    assert shown.observe("b", about("cell", 1, "b")) == ["b: cell 1 of 1 gvisor block 1"]
    interval = {"event": "interval", "cluster": "a", "workload": "write", "elapsed_s": 20.4, "line": ROW}
    assert shown.observe("x", interval) == ["a: cell 2 of 2 gvisor block 1: write 20 s: 12,345 operations, 1,234 op/s"]


def test_without_a_plan_the_host_stands_for_the_cluster() -> None:
    shown = Progress()
    interval = {"event": "interval", "cluster": "", "workload": "", "elapsed_s": 0.2, "line": ""}
    assert shown.observe("a", interval) == ["cell: load 0 s: no line from the loader yet"]
    assert shown.observe("a", about("cell", 1, index=7)) == ["cell 7 gvisor block 1"]


def test_a_line_that_is_no_row_is_quoted_in_part() -> None:
    interval = {"event": "interval", "workload": "write", "elapsed_s": 75, "line": "Connected to cluster" + "!" * 200}
    (line,) = Progress().observe("a", interval)
    assert line == "cell: write 1 min: Connected to cluster" + "!" * 80


def test_time_left_comes_from_the_cells_that_have_ended() -> None:
    clock = Clock()
    shown = Progress(clock)
    shown.observe("a", plan(cells("a", "done", "todo", "todo", "todo")))
    interval = {"event": "interval", "cluster": "a", "workload": "write", "elapsed_s": 10, "line": ROW}

    shown.observe("a", about("cell", 2, phase="deploy"))
    clock.now_s += 60
    shown.observe("a", about("cell", 2, phase="load"))
    assert "left" not in shown.observe("a", interval)[0]
    clock.now_s += 60
    workloads = [{"name": "write", "op_rate": 1234.4, "latency_mean_ms": 40.21, "latency_p99_ms": None, "valid": True}]
    assert shown.observe("a", about("record", 2, valid=True, sentence="", workloads=workloads)) == [
        "cell 2 of 4 gvisor block 1 done: write 1,234 op/s, mean 40.2 ms, p99 - ms; about 4 min left"
    ]

    shown.observe("a", about("cell", 3))
    clock.now_s += 30
    assert shown.observe("a", interval)[0].endswith("1,234 op/s; about 4 min left")  # 2 x 120 s - 30 s
    clock.now_s += 270
    assert shown.observe("a", interval)[0].endswith("1,234 op/s; about 2 min left")  # the last cell's 120 s at least
    assert shown.observe("a", about("record", 3, valid=False, sentence="node 2 died")) == [
        "cell 3 of 4 gvisor block 1 does not count: node 2 died; about 4 min left"  # the mean of 120 s and 300 s
    ]
    shown.observe("a", about("cell", 4))
    assert "left" not in shown.observe("a", about("record", 4, valid=True, workloads=[]))[0]


def test_a_cell_that_failed_before_it_was_announced_has_no_duration() -> None:
    shown = Progress(Clock())
    shown.observe("a", plan(cells("a", "todo", "todo")))
    line = "cell 1 of 2 gvisor block 1 does not count: no memory"
    assert shown.observe("a", about("record", 1, valid=False, sentence="no memory")) == [line]


@pytest.mark.parametrize("event", [{}, {"event": "later"}, {"event": None}])
def test_unknown_events_are_passed_over(event: dict) -> None:
    assert Progress().observe("a", event) == []


@pytest.mark.parametrize("kind", ["plan", "cell", "interval", "record", "summary"])
def test_an_event_without_anything_else_breaks_nothing(kind: str) -> None:
    shown = Progress()
    assert all(isinstance(line, str) for line in shown.observe("a", {"event": kind}) + shown.close(80))


def row(arm: str, **more: object) -> dict:
    base = {"workload": "write", "arm": arm, "runtime": arm, "op_rate": 1238.2, "latency_mean_ms": 40.3}
    verdict = {"latency_p99_ms": 120.04, "replicates": 3, "replicates_valid": 3, "valid": True, "sentence": ""}
    ratio = {"ratio": 1.0, "ratio_low": None, "ratio_high": None, "change_percent": 0.0}
    return {**base, **verdict, **ratio, **more}


SUMMARY = {
    "event": "summary",
    "run_id": "r1",
    "report": "results/r1/report.html",
    "verdict": "gvisor costs half of the writes.",
    "clusters": [
        {
            "cluster": "a",
            "rows": [
                row("runc"),
                row("gvisor", ratio=0.50318, ratio_low=0.4877, ratio_high=0.5192, change_percent=-49.68),
            ],
        },
        {
            "cluster": "b",
            "rows": [
                row(
                    "gvisor",
                    op_rate=None,
                    latency_mean_ms=None,
                    latency_p99_ms=None,
                    ratio=None,
                    change_percent=None,
                    replicates_valid=0,
                    valid=False,
                    sentence="no block has a valid cell of both arms",
                )
            ],
        },
    ],
    "problems": [{"cell": "b/block-01/gvisor", "class": "node-lost", "sentence": "node 2 died after 12 s"}],
}


def test_closing_tables() -> None:
    shown = Progress()
    shown.observe("a", plan(cells("a", "todo") + cells("b", "todo")))
    shown.observe("a", SUMMARY)
    lines = shown.close(width=40)
    spaced = [" ".join(line.split()) for line in lines]
    assert "workload arm op/s mean ms p99 ms op/s to runc change valid" in spaced
    assert "write runc 1,238 40.3 120.0 1.000 +0.0 % 3 of 3" in spaced
    assert "write gvisor 1,238 40.3 120.0 0.503 [0.488, 0.519] -49.7 % 3 of 3" in spaced
    assert "write gvisor - - - - - no, 0 of 3" in spaced
    assert lines.index("a") < lines.index("b")
    assert lines[-5:] == [
        "write gvisor does not count: no block has a valid cell of both arms",
        "",
        "verdict: gvisor costs half of the writes.",
        "problem: b/block-01/gvisor: node-lost: node 2 died after 12 s",
        "report: results/r1/report.html",
    ]
    assert not any("\x1b" in line for line in lines)
    assert max(map(len, lines)) <= progress.NARROWEST_TABLE


def test_what_ran_under_software_emulation_is_marked_in_lines_and_tables() -> None:
    shown = Progress()
    record = {"valid": True, "emulated": True, "failed_starts": 2, "workloads": [{"name": "write", "op_rate": 64.0}]}
    assert shown.observe("a", about("record", 1, **record)) == [
        "cell a/block-01/1 gvisor block 1 done under software emulation after 2 failed starts: "
        "write 64 op/s, mean - ms, p99 - ms"
    ]
    once = {"valid": True, "failed_starts": 1, "workloads": []}
    assert shown.observe("a", about("record", 2, **once))[0].endswith(" done after 1 failed start: ")

    starts = [{"arm": "kata", "emulated": True, "starts": 9, "failed": 3}, {"arm": "runc", "starts": 6, "failed": 0}]
    interval = {"ratio": 0.05012, "ratio_low": 0.0422, "ratio_high": 0.0635, "change_percent": -94.99}
    rows = [row("runc"), row("kata-tuned", emulated=True, op_rate=1234567.0, **interval)]
    shown.observe("a", {**SUMMARY, "clusters": [{"cluster": "a", "rows": rows, "starts": starts}]})
    lines = shown.close(width=40)
    spaced = " ".join(" ".join(line.split()) for line in lines)
    assert "kata-tuned 1,234,567 40.3 120.0 0.050 [0.042, 0.064] -95.0 % 3 of 3" in spaced  # a figure is never cut
    assert "(emulated)" in spaced
    assert "kata (emulated): 3 of 9 starts of a node failed" in lines
    assert not any("runc: 0 of 6" in line for line in lines)


def test_nothing_to_close_without_a_summary() -> None:
    assert Progress().close(80) == []


def test_without_rich_the_rest_is_still_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "HAS_RICH", False)
    shown = Progress()
    shown.observe("a", SUMMARY)
    lines = shown.close(80)
    assert "The table needs the Python package rich on the controller: pip install rich" in lines
    assert "verdict: gvisor costs half of the writes." in lines


@pytest.fixture(scope="module")
def grown_event() -> dict:
    grown = campaign_folder.grown_campaign()
    return summary_event(
        summarise(grown.campaign, grown.records, stops=grown.stops, ladders=grown.ladders), "r1/report.html"
    )


def closed(event: dict) -> list[str]:
    shown = Progress()
    shown.observe("a", event)
    return shown.close(width=40)


def test_loads_at_a_rate_have_a_table_of_their_own(grown_event: dict) -> None:
    lines = closed(grown_event)
    spaced = [" ".join(line.split()) for line in lines]
    assert spaced.index("workload arm op/s mean ms p99 ms op/s to runc change valid") < spaced.index(
        "workload arm op/s p99 ms p99 to runc change valid"
    )
    assert "read gvisor 874 57.2 137.3 0.577 [0.557, 0.597] -42.3 % 5 of 5" in spaced
    assert "read@0.5 gvisor 400 of 400 12.9 2.070 [1.917, 2.236] +107.0 % 5 of 5" in spaced
    assert "read@0.5 runc 400 of 400 6.3 - - 5 of 5" in spaced
    assert any(line.startswith("read@1 gvisor 798 of 800 180.1 ") for line in spaced)
    assert sum("read@1 runc " in line for line in spaced) == 1
    assert "read@1 gvisor missed its target in 1 of 5 replicates" in lines


def test_why_the_blocks_ended_and_which_layers_lose_is_said(grown_event: dict) -> None:
    lines = closed(grown_event)
    assert "Stopped after 5 blocks: every interval is narrower than 5 % of its ratio." in lines
    assert any(line.startswith("gvisor loses most in network (tcp-round-trip 3.81 times") for line in lines)
    assert lines[-1] == "report: r1/report.html"


def test_raw_files_that_were_altered_or_lost_are_named(grown_event: dict) -> None:
    assert not any(line.startswith("raw files:") for line in closed(grown_event))
    found = {"altered": ["a"], "lost": [], "sentence": "Of 256 raw files 1 was altered: a."}
    assert "raw files: Of 256 raw files 1 was altered: a." in closed(grown_event | {"provenance": found})


def test_the_event_is_small_and_holds_no_curve(grown_event: dict) -> None:
    text = json.dumps(grown_event)
    assert len(text) < 30_000
    assert "curve" not in text


def test_why_no_further_block_is_needed_is_said_once():
    progress = Progress()
    stop = {"event": "stop", "cluster": "db1", "sentence": "Stopped after 5 blocks: narrow."}
    assert progress.observe("db1", stop) == ["Stopped after 5 blocks: narrow."]
    assert progress.observe("db1", stop) == []
