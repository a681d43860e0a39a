# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from copy import deepcopy

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.chart_forest import forest_chart
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary import summarise
from ansible_collections.katabench.scylla.tests.unit import campaign_folder
from ansible_collections.katabench.scylla.tests.unit.chart_reading import drawn_from, layers, titles

OP_RATE = "Op rate: left of 1 is slower than runc"
LATENCY = "99th percentile latency at a fixed rate: right of 1 is slower than runc"
CONTROL = "Control (A/A): runc against itself, 1 belongs in every interval"


@pytest.fixture(scope="module")
def summarised():
    grown = campaign_folder.grown_campaign()
    return summarise(grown.campaign, grown.records)


@pytest.fixture
def summary(summarised):
    return deepcopy(summarised)


def points(summary):
    return drawn_from(forest_chart(summary).specification, "point")


def test_rates_and_latencies_have_panels_of_their_own_and_the_control_stands_apart(summary):
    assert titles(forest_chart(summary).specification) == ["Ratios", OP_RATE, CONTROL, LATENCY, CONTROL]
    assert [(point["arm"], point["shape"]) for point in points(summary)] == [
        *[("gvisor", "circle")] * 2,
        *[("runc-again", "diamond")] * 2,
        *[("gvisor", "circle")] * 2,
        *[("runc-again", "diamond")] * 2,
    ]


def test_the_points_are_the_ratios_of_the_summary(summary):
    rows = {(row["workload"], row["arm"]): row for row in summary["clusters"][0]["rows"]}
    workload = None
    for point in points(summary):
        workload = point["workload"] or workload
        row = rows[workload, point["arm"]]
        assert [point[key] for key in ("ratio", "ratio_low", "ratio_high")] == [
            row[key] for key in ("ratio", "ratio_low", "ratio_high")
        ]
    # The fifth root of 623/1214 * 611/1261 * 640/1240 * 618/1222 * 633/1250.
    assert points(summary)[0]["ratio"] == pytest.approx(0.5051, abs=5e-5)
    assert points(summary)[0]["text"] == "0.505 (0.490 to 0.521), n = 5"


def test_the_axis_is_logarithmic_holds_the_intervals_and_has_a_line_at_1(summary):
    drawn = [layer for layer in layers(forest_chart(summary).specification) if "x" in layer["encoding"]]
    scales = [layer["encoding"]["x"]["scale"] for layer in drawn if layer["mark"]["type"] == "point"]
    assert {scale["type"] for scale in scales} == {"log"}
    assert len({tuple(scale["domain"]) for scale in scales}) == 2  # of rates, and of latencies
    for layer in drawn:
        if layer["mark"]["type"] == "point":
            low, high = layer["encoding"]["x"]["scale"]["domain"]
            assert all(low < value["ratio_low"] < value["ratio_high"] < high for value in layer["values"])
    assert [layer["values"] for layer in drawn if layer["encoding"]["x"].get("field") == "one"] == [[{"one": 1}]] * 4


def test_an_arm_without_a_ratio_or_an_interval_keeps_its_row_and_says_so():
    campaign = campaign_folder.campaign(blocks=2)
    records = campaign_folder.records(campaign)
    for record in records:
        if record["arm"]["name"] == "gvisor":
            record["workloads"].pop()
    texts = [point["text"] for point in points(summarise(campaign, records))]
    assert texts[1] == "no ratio, n = 0"
    assert texts[0].endswith(", no interval, n = 2")


def test_no_ratio_no_chart():
    assert forest_chart(summarise(campaign_folder.campaign(), [])) is None


def test_clusters_are_named_when_there_are_several_and_the_table_has_those_that_are_not_drawn():
    campaign = campaign_folder.campaign(clusters=("db1", "db2", "db3", "db4"))
    chart = forest_chart(summarise(campaign, campaign_folder.records(campaign)))
    assert [title for title in titles(chart.specification) if title.startswith("db")] == ["db1", "db2", "db3"]
    assert "Drawn: 3 of 4 clusters; the CSV has all." in chart.specification["title"]["subtitle"]
    assert [row[0] for row in chart.rows] == [name for name in ("db1", "db2", "db3", "db4") for _row in range(4)]


def test_it_is_said_in_words(summary):
    words = forest_chart(summary).words
    assert "db1, write, op rate of gvisor: 0.505 (0.490 to 0.521), n = 5." in words
    assert "db1, read@0.5, 99th percentile latency of gvisor: 2.070 (1.917 to 2.236), n = 5." in words
    assert "op rate of runc-again, a control: 0.999 (" in words
