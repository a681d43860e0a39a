# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.chart_throughput import thinned, throughput_chart
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary import summarise
from ansible_collections.katabench.scylla.tests.unit import campaign_folder
from ansible_collections.katabench.scylla.tests.unit.chart_reading import titles
from ansible_collections.katabench.scylla.tests.unit.large_campaign import large_campaign

ROWS = [(1.0, 500.0), (2.0, 600.0), (3.0, 640.0), (4.0, 610.0), (5.0, 650.0)]


@pytest.fixture(scope="module")
def summary():
    grown = campaign_folder.grown_campaign()
    return summarise(grown.campaign, grown.records)


def with_rows(rows, from_s=3.0):
    """Return the grown campaign's records; gvisor wrote in block 1 what `rows` say, with its steady part from there."""
    records = campaign_folder.grown_campaign().records
    record = next(one for one in records if one["cell"]["id"] == "db1/block-01/gvisor")
    record["workloads"][0]["result"]["intervals"] = [
        {"block": 0, "type": "total", "time_s": time_s, "op_rate": rate} for time_s, rate in rows
    ]
    record["workloads"][0]["steady"]["from_s"] = from_s
    return records


def line(chart, *, cut):
    values = chart.specification["datasets"]["lines"]
    return [(one["s"], one["rate"]) for one in values if one["words"] == "write, gvisor, block 1" and one["cut"] == cut]


def test_a_line_is_pale_up_to_where_its_steady_part_begins_and_does_not_break_there(summary):
    chart = throughput_chart(summary, with_rows(ROWS))
    assert line(chart, cut=True) == ROWS[:2]
    assert line(chart, cut=False) == ROWS[1:]
    rows = [row[4:] for row in chart.rows if row[:4] == ["db1", "write", "gvisor", 1]]
    assert [row[2] for row in rows] == ["cut", "cut", "steady", "steady", "steady"]


def test_only_where_a_steady_part_is_known_the_chart_speaks_of_it(summary):
    records = campaign_folder.grown_campaign().records
    assert "pale before" in throughput_chart(summary, records).specification["title"]["subtitle"][0]
    for record in records:
        for workload in record["workloads"]:
            workload["steady"] = None
    assert throughput_chart(summary, records).specification["title"]["subtitle"] == [
        "operations per second; a line: one replicate"
    ]


def test_a_line_without_a_steady_part_is_drawn_as_one(summary):
    chart = throughput_chart(summary, with_rows(ROWS, from_s=None))
    assert line(chart, cut=True) == []
    assert line(chart, cut=False) == ROWS


def test_every_valid_replicate_is_a_line_and_the_pilot_none(summary):
    chart = throughput_chart(summary, campaign_folder.grown_campaign().records)
    assert titles(chart.specification)[2:] == ["write", "read", "read@0.5", "read@1"]
    assert len({value["words"] for value in chart.specification["datasets"]["lines"]}) == 3 * 5 * 4
    assert {row[3] for row in chart.rows} == {1, 2, 3, 4, 5}


def test_a_cell_that_does_not_count_has_no_line():
    grown = campaign_folder.grown_campaign()
    spoiled = next(record for record in grown.records if record["cell"]["id"] == "db1/block-02/gvisor")
    campaign_folder.spoil(spoiled, "errors", "write: 3 errors.")
    chart = throughput_chart(summarise(grown.campaign, grown.records), grown.records)
    assert ["db1", "write", "gvisor", 2] not in [row[:4] for row in chart.rows]


def test_the_beginning_of_the_steady_part_is_the_median_of_the_replicates(summary):
    cuts = throughput_chart(summary, with_rows(ROWS, from_s=90.0)).specification["datasets"]["cuts"]
    # The others' begins at 3 s.
    assert {(cut["panel"], cut["arm"]): cut["s"] for cut in cuts}["db1 write", "gvisor"] == 3.0
    assert len(cuts) == 3 * 4


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_a_row_without_a_number_is_passed_over(summary, value):
    chart = throughput_chart(summary, with_rows([ROWS[0], (2.0, value), (value, 600.0), *ROWS[2:]]))
    assert line(chart, cut=True) == ROWS[:1]
    assert line(chart, cut=False) == [ROWS[0], *ROWS[2:]]


def test_rows_out_of_order_because_the_clock_jumped_are_put_in_order(summary):
    assert line(throughput_chart(summary, with_rows([*ROWS[3:], *ROWS[:3]])), cut=True) == ROWS[:2]


@pytest.mark.parametrize(
    ("count", "most", "points"),
    [
        (0, 3, []),
        (3, 3, [(1.0, 10.0), (2.0, 20.0), (3.0, 30.0)]),
        (5, 2, [(3.0, 20.0), (5.0, 45.0)]),
        (4, 3, [(2.0, 15.0), (4.0, 35.0)]),
    ],
)
def test_thinning_keeps_the_mean_rate_of_rows_that_follow_each_other(count, most, points):
    assert thinned([(float(row), row * 10.0) for row in range(1, count + 1)], most) == points


def test_what_is_drawn_does_not_grow_without_bound_and_the_table_has_all():
    large = large_campaign(40)
    chart = throughput_chart(summarise(large.campaign, large.records), large.records)
    lines = chart.specification["datasets"]["lines"]
    assert {value["block"] for value in lines} == set(range(1, 25))
    assert len(lines) <= 12_000 + 2 * 4 * 24 * 4  # where a line is cut a point stands twice
    assert "Drawn: the first 24 of 40 blocks; the CSV has all." in chart.specification["title"]["subtitle"]
    assert {row[3] for row in chart.rows} == set(range(1, 41))
    by_line: dict = {}
    for row in chart.rows:
        by_line.setdefault(tuple(row[:4]), []).append(row)
    assert max(map(len, by_line.values())) <= 120


def test_of_a_cluster_whose_first_blocks_do_not_count_the_others_are_drawn():
    large = large_campaign(26)
    for record in large.records:
        if record["cell"]["block"] <= 24:
            record["validity"] = {"valid": False, "failures": [{"class": "errors", "sentence": "No."}], "marks": []}
    chart = throughput_chart(summarise(large.campaign, large.records), large.records)
    assert {value["block"] for value in chart.specification["datasets"]["lines"]} == {25, 26}


def test_without_rows_there_is_no_chart():
    campaign = campaign_folder.campaign()
    records = campaign_folder.records(campaign)
    assert throughput_chart(summarise(campaign, records), records) is None


def test_it_is_said_in_words(summary):
    # Steady rates: 1.02 times the rates of runc, 1.04 times those of gvisor.
    assert "db1, write: runc 1,265 op/s, runc-again 1,263 op/s, gvisor 647.9 op/s." in (
        throughput_chart(summary, campaign_folder.grown_campaign().records).words
    )
