# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from copy import deepcopy

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.chart_ladder import ladder_chart
from ansible_collections.katabench.scylla.plugins.plugin_utils.chart_latency import latency_chart
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary import summarise
from ansible_collections.katabench.scylla.tests.unit import campaign_folder
from ansible_collections.katabench.scylla.tests.unit.chart_reading import drawn_from, layers, titles

CURVE = [[0.0, 1.0], [50.0, 2.0], [90.0, 3.5], [99.0, 8.0]]


@pytest.fixture(scope="module")
def summarised():
    grown = campaign_folder.grown_campaign()
    return summarise(grown.campaign, grown.records)


@pytest.fixture
def summary(summarised):
    return deepcopy(summarised)


def row(summary, workload, arm):
    return next(row for row in summary["clusters"][0]["rows"] if (row["workload"], row["arm"]) == (workload, arm))


def test_each_further_nine_takes_as_much_room(summary):
    row(summary, "read@0.5", "runc")["hdr"]["curve"] = CURVE
    specification = latency_chart(summary).specification
    drawn = [value for value in drawn_from(specification, "line") if value["words"] == "read@0.5, runc"]
    assert [(value["odds"], value["ms"]) for value in drawn] == [(1.0, 1.0), (2.0, 2.0), (10.0, 3.5), (100.0, 8.0)]
    axes = [layer["encoding"]["x"] for layer in layers(specification) if layer["mark"]["type"] == "line"]
    assert {axis["scale"]["type"] for axis in axes} == {"log"}
    assert "'100': '99 %'" in axes[0]["axis"]["labelExpr"]


def test_each_rate_has_a_panel_with_its_kind_of_latency_and_the_lines_are_the_summarys(summary):
    chart = latency_chart(summary)
    assert titles(chart.specification) == [
        "Latency by percentile",
        "db1, cassandra 5.0.6",
        "read@0.5: response time at 400 op/s",
        "read@1: response time at 800 op/s",
    ]
    for workload, arm in (("read@0.5", "gvisor"), ("read@1", "runc-again")):
        curve = row(summary, workload, arm)["hdr"]["curve"]
        rows = [one[4:] for one in chart.rows if one[1:3] == [workload, arm]]
        assert rows == curve
    assert {one[3] for one in chart.rows} == {"READ-rt"}


def test_an_arm_whose_histograms_are_not_whole_has_no_line_and_is_named(summary):
    missing = row(summary, "read@1", "gvisor")["hdr"]
    missing |= {"complete": False, "curve": [], "sentence": "Nothing is merged: db1/block-02/gvisor has no histogram."}
    missing["percentiles"] = dict.fromkeys(missing["percentiles"])
    chart = latency_chart(summary)
    drawn = {value["words"] for value in drawn_from(chart.specification, "line")}
    assert len(drawn) == 5
    assert "read@1, gvisor" not in drawn
    sentence = "Not drawn: read@1, gvisor. Nothing is merged: db1/block-02/gvisor has no histogram."
    assert sentence in " ".join(chart.specification["title"]["subtitle"])
    assert sentence in chart.words


def test_without_rates_the_closed_loops_are_drawn_and_called_service_times(summary):
    cluster = summary["clusters"][0]
    cluster["rows"] = [one for one in cluster["rows"] if "@" not in one["workload"]]
    assert titles(latency_chart(summary).specification)[2:] == ["write: service time", "read: service time"]


def test_of_many_rates_the_highest_are_drawn_and_the_table_has_all(summary):
    cluster = summary["clusters"][0]
    rung = [one for one in cluster["rows"] if one["workload"] == "read@0.5"]
    cluster["rows"] += [
        {**one, "workload": f"read@{fraction}", "target_ops_per_s": 800 * fraction}
        for fraction in (0.25, 0.6, 0.8)
        for one in rung
    ]
    chart = latency_chart(summary)
    panels = titles(chart.specification)[2:]
    assert [title.split(":")[0] for title in panels] == ["read@0.5", "read@1", "read@0.6", "read@0.8"]
    assert "Drawn: the 4 highest of 5 rates; the CSV has all." in chart.specification["title"]["subtitle"]
    assert "read@0.25" in {one[1] for one in chart.rows}


def test_without_histograms_there_is_neither_chart():
    campaign = campaign_folder.campaign()
    data = summarise(campaign, campaign_folder.records(campaign))
    assert latency_chart(data) is None
    assert ladder_chart(data) is None


def test_latencies_are_said_in_words(summary):
    words = latency_chart(summary).words
    assert "db1, read@0.5, gvisor, 30,000 operations: 50 % 4.3 ms, " in words
    assert "99.99 %" not in words  # 30,000 operations do not support it


def test_the_ladder_shows_the_median_and_the_99th_percentile_over_the_rate_that_was_reached(summary):
    chart = ladder_chart(summary)
    assert titles(chart.specification) == [
        "Latency against rate",
        "db1, cassandra 5.0.6, read",
        "median",
        "99th percentile",
    ]
    lines = [layer["values"] for layer in layers(chart.specification) if layer["mark"]["type"] == "line"]
    for values, percentile in zip(lines, ("50", "99"), strict=True):
        assert [(value["arm"], value["rate"], value["ms"]) for value in values] == [
            (arm, row(summary, workload, arm)["op_rate"], row(summary, workload, arm)["hdr"]["percentiles"][percentile])
            for workload in ("read@0.5", "read@1")
            for arm in ("runc", "runc-again", "gvisor")
        ]
    # gvisor's blocks have medians of 4.0 to 4.3 ms at 400 op/s, and three times that at 99 %.
    assert lines[1][2]["ms"] == pytest.approx(12.9, rel=1e-3)


def test_who_missed_the_target_is_hollow(summary):
    specification = ladder_chart(summary).specification
    dots = [layer for layer in layers(specification) if layer["mark"]["type"] == "point"]
    hollow = [value for layer in dots if not layer["mark"]["filled"] for value in layer["values"]]
    assert [(value["arm"], value["rate"]) for value in hollow] == [("gvisor", 798)] * 2
    assert sum(len(layer["values"]) for layer in dots) == 2 * 6
    assert "db1, read@1, gvisor: 798 of 800 op/s, 50 % 14.4 ms, 99 % 180.1 ms, target missed in 1 replicates." in (
        ladder_chart(summary).words
    )


def test_one_rate_is_no_ladder(summary):
    cluster = summary["clusters"][0]
    cluster["rows"] = [one for one in cluster["rows"] if one["workload"] != "read@1"]
    assert ladder_chart(summary) is None
