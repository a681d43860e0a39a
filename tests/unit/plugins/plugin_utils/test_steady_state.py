# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import statistics
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.katabench.scylla.plugins.plugin_utils.steady_state import steady_state
from ansible_collections.katabench.scylla.plugins.plugin_utils.stress_log import read_stress_log

LOGS = Path(__file__).parents[3] / "data" / "stress-logs"


def rows(rates, *, interval_s=1.0, last=1):
    """Make the rows of a load with these rates, and a last one, a third of an interval long."""
    made, total = [], 0
    for number, rate in enumerate(rates, start=1):
        total += round(rate * interval_s)
        made.append({"block": 0, "type": "total", "total_ops": total, "op_rate": rate, "time_s": number * interval_s})
    last_row = {"total_ops": total + last, "op_rate": last * 3, "time_s": (len(rates) + 0.3) * interval_s}
    return [*made, {"block": 0, "type": "total", **last_row}]


def test_a_start_that_is_slow_is_cut_in_batches_of_five():
    found = steady_state(rows([100, 200, 300, 400, 500] + [1000] * 45))
    assert found == {
        "rule": "MSER-5",
        "from_s": 5.0,
        "op_rate": 1000.0,
        "rows": 50,
        "rows_cut": 5,
        "sentence": "MSER-5 cut 5 of 50 rows, the first 5 s.",
    }


def test_below_fifty_rows_single_rows_are_judged():
    found = steady_state(rows([100, 500] + [1000, 1010, 990] * 4))
    assert (found["rule"], found["from_s"], found["rows"], found["rows_cut"]) == ("MSER-1", 2.0, 14, 2)
    assert found["op_rate"] == 1000.0
    assert found["sentence"] == "MSER-1 cut 2 of 14 rows, the first 2 s."


def test_rows_beyond_the_last_whole_batch_count_in_the_rate():
    found = steady_state(rows([100] * 5 + [1000] * 45 + [2000] * 3))
    assert (found["rule"], found["rows"], found["rows_cut"]) == ("MSER-5", 53, 5)
    assert found["op_rate"] == 51_000 / 48


def test_a_load_that_is_steady_from_the_start_is_not_cut():
    found = steady_state(rows([1000] * 60))
    assert (found["rule"], found["from_s"], found["rows_cut"], found["op_rate"]) == ("MSER-5", 0.0, 0, 1000.0)
    assert found["sentence"] == "MSER-5 cut none of 60 rows."


def test_the_last_row_is_a_fraction_and_does_not_count():
    steady = rows([1000] * 12)
    wild = rows([1000] * 12, last=99_999)
    assert steady_state(steady) == steady_state(wild)
    assert steady_state(wild)["rows"] == 12


@pytest.mark.parametrize(("count", "rule"), [(9, "none"), (10, "MSER-1"), (49, "MSER-1"), (50, "MSER-5")])
def test_which_rule_is_for_how_many_rows(count, rule):
    found = steady_state(rows([100] + [1000] * (count - 1)))
    assert (found["rule"], found["rows"]) == (rule, count)
    assert found["rows_cut"] == {"none": 0, "MSER-1": 1, "MSER-5": 5}[rule]


def test_too_few_rows_are_not_cut_and_it_is_said():
    found = steady_state(rows([100, 1000, 1000]))
    assert found["sentence"] == "3 rows are too few to judge, 10 are needed: nothing is cut."
    assert (found["from_s"], found["op_rate"]) == (0.0, 700.0)


def test_a_load_that_did_not_settle_is_not_cut_and_it_is_said():
    found = steady_state(rows([100] * 12 + [1000] * 8))
    assert found["sentence"] == "The load did not settle (MSER-1 would cut 12 of 20 rows): nothing is cut."
    assert (found["rule"], found["from_s"], found["rows_cut"]) == ("MSER-1", 0.0, 0)
    assert found["op_rate"] == (1200 + 8000) / 20


def test_a_load_whose_node_died_in_the_middle_did_not_settle():
    # About 600 op/s up to second 10, then errors at 5,000 per second.
    found = steady_state(read_stress_log(_stdout("node-down-ignored"))["intervals"])
    assert found["sentence"].startswith("The load did not settle (MSER-1 would cut ")
    assert found["rows"] == 24


def test_a_slump_in_the_middle_is_no_start():
    found = steady_state(rows([1000] * 20 + [100] * 3 + [1000] * 20))
    assert found["rows_cut"] == 0


def test_an_interval_without_operations_has_no_row_and_counts_in_the_rate():
    # Nothing was done in seconds 8 to 11: the row that ends at 12 is the eighth.
    made = rows([1000] * 20)
    stalled = [row | {"time_s": row["time_s"] + (4 if row["time_s"] > 7 else 0)} for row in made]
    assert steady_state(stalled)["op_rate"] == 20_000 / 24


def test_rows_may_be_thinned():
    # Of 100 intervals every fourth is there, and the last.
    made = rows([200] * 9 + [1000] * 91)
    thinned = [*made[:-1:4], made[-1]]
    found = steady_state(thinned)
    # Seconds 1, 5 and 9 are slow.
    assert (found["rule"], found["rows"], found["rows_cut"], found["from_s"]) == ("MSER-1", 25, 3, 9.0)
    assert found["op_rate"] == 1000.0


def test_rows_of_single_operations_are_passed_over():
    made = rows([100, 500] + [1000] * 12)
    mixed = [other for row in made for other in (row | {"type": "READ", "op_rate": 1}, row)]
    assert steady_state(mixed) == steady_state(made)


@pytest.mark.parametrize("jump_s", [-3600, -1, 0])
def test_a_clock_that_jumps_back_is_said(jump_s):
    made = rows([100] * 3 + [1000] * 12)
    made[8]["time_s"] = made[7]["time_s"] + jump_s
    found = steady_state(made)
    assert found["sentence"] == "The rows' times do not increase (the loader's clock jumped): nothing is cut."
    assert (found["rule"], found["from_s"], found["op_rate"], found["rows_cut"]) == ("none", 0.0, None, 0)


def test_a_load_in_thread_steps_has_no_steady_part():
    found = steady_state(read_stress_log(_stdout("auto-steps"))["intervals"])
    assert found["sentence"] == "The load stepped through thread counts: there is no one steady part."
    assert (found["rule"], found["op_rate"]) == ("none", None)


@pytest.mark.parametrize("broken", [{"op_rate": None}, {"time_s": float("nan")}, {"total_ops": None}])
def test_a_row_without_its_numbers_is_passed_over(broken):
    made = rows([100, 500] + [1000] * 12)
    made[6] |= broken
    found = steady_state(made)
    assert (found["rows"], found["rows_cut"], found["op_rate"]) == (13, 2, 1000.0)


@pytest.mark.parametrize("made", [[], rows([])[:0], [{"block": 0, "type": "READ", "op_rate": 5}]])
def test_no_rows_are_no_rate(made):
    found = steady_state(made)
    assert (found["rule"], found["rows"], found["op_rate"]) == ("none", 0, None)


def test_one_row_alone_is_the_whole_load():
    assert steady_state(rows([], last=60))["op_rate"] == 200.0


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(min_value=1, max_value=9999), min_size=10, max_size=49))
def test_the_cut_is_where_the_squared_standard_error_is_smallest(rates):
    found = steady_state(rows(rates))
    errors = [statistics.pvariance(rates[cut:]) / len(rates[cut:]) for cut in range(len(rates) - 4)]
    cut = found["rows_cut"]
    if "did not settle" in found["sentence"]:
        assert min(errors) == pytest.approx(min(errors[len(rates) // 2 + 1 :], default=-1))
    else:
        assert errors[cut] == pytest.approx(min(errors))
        assert cut <= len(rates) / 2


def _stdout(name):
    return (LOGS / name / "stdout").read_text(encoding="utf-8").splitlines(keepends=True)


def test_a_last_row_that_is_printed_with_the_time_of_the_one_before_is_no_jump():
    rows = [
        {"block": 0, "type": "total", "total_ops": 100 * i, "op_rate": 100, "time_s": float(i)} for i in range(1, 6)
    ]
    rows.append({"block": 0, "type": "total", "total_ops": 503, "op_rate": 735, "time_s": 5.0})
    found = steady_state(rows)
    assert found["op_rate"] == 100.0
    assert found["sentence"] == "5 rows are too few to judge, 10 are needed: nothing is cut."
