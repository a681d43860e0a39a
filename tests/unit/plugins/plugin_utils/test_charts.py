# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import csv
import io
import re
import struct

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.chart_blog import FIGURES, blog_chart, describe
from ansible_collections.katabench.scylla.plugins.plugin_utils.chart_forest import forest_chart
from ansible_collections.katabench.scylla.plugins.plugin_utils.chart_style import (
    arm_colours,
    arm_scale,
    decade_axis,
    draw,
    number,
    ratio_scale,
    ratio_words,
    render,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.charts import chart_files, draw_all
from ansible_collections.katabench.scylla.plugins.plugin_utils.report import published_figures
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary import summarise
from ansible_collections.katabench.scylla.tests.unit import campaign_folder
from ansible_collections.katabench.scylla.tests.unit.chart_reading import SVG, drawn_from, marks, parsed, words

ALL = [
    "forest",
    "attribution",
    "latency_rate",
    "latency_percentiles",
    "throughput_time",
    "op_rate",
    "latency_mean",
    "latency_p99",
]


def summary(blocks=3):
    campaign = campaign_folder.campaign(blocks=blocks)
    return summarise(campaign, campaign_folder.records(campaign))


def chart(summary, figure=FIGURES[0]):
    return blog_chart(summary, published_figures(), figure)


def drawing(summary, figure=FIGURES[0]):
    return parsed(draw(chart(summary, figure)).svg)


@pytest.fixture(scope="module")
def plain():
    return [drawing(summary(), figure) for figure in FIGURES]


@pytest.fixture(scope="module")
def grown():
    grown = campaign_folder.grown_campaign()
    return grown, summarise(grown.campaign, grown.records, stops=grown.stops, ladders=grown.ladders)


@pytest.fixture(scope="module")
def drawn(grown):
    return draw_all(grown[1], grown[0].records, published_figures())


def test_every_chart_of_2018_names_its_unit_and_its_two_sources(plain):
    for figure, svg in zip(FIGURES, plain, strict=True):
        texts = words(svg)
        assert texts.count(figure.axis) == 4  # write and read, measured and published
        assert "Measured: db1, cassandra 5.0.6" in texts
        assert "Published 2018: one run, no interval; another machine, its own scale" in texts


def test_every_replicate_is_a_point_and_every_median_a_bar(plain):
    svg = plain[0]
    assert len(marks(svg, "point")) == 18  # 3 arms, 3 blocks, 2 workloads
    assert len(marks(svg, "bar")) == 6 + 8  # measured and published
    assert sum("1,261" in label or "1261" in label for label in marks(svg, "point")) == 1


def test_the_numbers_are_the_medians_and_the_published_figures(plain):
    texts = words(plain[0])
    assert {"1,240", "1,238", "623", "1,529", "1,520", "874"} <= set(texts)
    assert {"8,793", "3,594", "7,039", "1,453"} <= set(texts)


def test_an_arm_without_a_valid_cell_keeps_its_place():
    campaign = campaign_folder.campaign()
    records = [record for record in campaign_folder.records(campaign) if record["arm"]["name"] != "gvisor"]
    texts = words(drawing(summarise(campaign, records)))
    assert texts.count("none valid") == 2
    assert texts.count("gvisor") == 2


def test_a_campaign_without_any_figure_can_be_drawn():
    charts = draw_all(summarise(campaign_folder.campaign(), []), [], published_figures())
    assert [chart.file_name for chart in charts] == ALL[-3:]
    texts = words(parsed(charts[0].svg))
    assert texts.count("none valid") == 6
    assert "Measured: db1, engine unknown" in texts


def test_beside_the_figures_of_2018_stand_closed_loops_and_not_the_rungs_of_a_ladder(grown):
    data = grown[1]
    assert {row["workload"] for row in data["clusters"][0]["rows"]} == {"write", "read", "read@0.5", "read@1"}
    specification = chart(data).specification
    assert {value["workload"] for value in drawn_from(specification, "point")} == {"write", "read"}
    assert {value["workload"] for value in drawn_from(specification, "bar")} == {"write", "read"}
    assert "read@1" not in describe(data, published_figures(), FIGURES[0])


def test_a_fixed_rate_without_a_ladder_is_drawn():
    campaign = campaign_folder.campaign()
    records = campaign_folder.records(campaign)
    for record in records:
        record["workloads"][1]["asked"]["rate"] = {"mode": "fixed", "ops_per_s": 600}
    specification = chart(summarise(campaign, records), FIGURES[2]).specification
    assert {value["workload"] for value in drawn_from(specification, "bar")} == {"write", "read"}


def test_of_many_blocks_and_clusters_the_first_are_drawn_and_the_table_has_all():
    clusters = ("db1", "db2", "db3", "db4", "db5")
    campaign = campaign_folder.campaign(blocks=30, clusters=clusters)
    rates = {key: values * 10 for key, values in campaign_folder.RATES.items()}
    one = chart(summarise(campaign, campaign_folder.records(campaign, rates)))
    assert len(drawn_from(one.specification, "point")) == 3 * 24 * 3 * 2  # clusters, blocks, arms, workloads
    assert "Drawn: 3 of 5 clusters; the CSV has all." in one.specification["title"]["subtitle"]
    assert "Points: the first 24 blocks; the CSV has all." in one.specification["title"]["subtitle"]
    assert sum(row[0] == "replicate" for row in one.rows) == 5 * 30 * 3 * 2


def test_what_a_chart_shows_is_said_in_words():
    text = describe(summary(), published_figures(), FIGURES[0])
    assert "db1, write: runc 1,240 op/s, runc-again 1,238 op/s, gvisor 623 op/s." in text
    assert "Published 2018, one run, no interval, read: runc 7,039 op/s, kata 1,453 op/s" in text


def test_an_emulated_arm_and_one_that_differs_are_told_in_every_chart():
    campaign, records = campaign_folder.kata_campaign()
    data = summarise(campaign, records)
    emulation = "kata ran under software emulation: its figures say how it behaves, not what it costs."
    svg = drawing(data)
    texts = words(svg)
    assert texts.count("(emulated)") == 2  # under write and read
    assert any(text.startswith("kata-tuned differs on purpose: 4 vCPUs, 3 GiB") for text in texts)
    assert sum("arm: kata (emulated)" in label for label in marks(svg, "point")) == 6
    for one in (*(chart(data, figure) for figure in FIGURES), forest_chart(data)):
        assert emulation in one.specification["title"]["subtitle"]
        assert emulation in one.words
    assert "runc-again 1,238 op/s, kata (emulated) 64 op/s, kata-tuned 533 op/s." in (
        describe(data, published_figures(), FIGURES[0])
    )


def test_a_campaign_with_everything_has_every_chart(drawn):
    assert [chart.file_name for chart in drawn] == ALL
    assert sorted(chart_files(drawn))[:3] == [
        "charts/attribution.csv",
        "charts/attribution.png",
        "charts/attribution.svg",
    ]
    assert len(chart_files(drawn)) == 3 * len(ALL)


def test_every_drawing_has_a_text_alternative_and_a_picture_of_twice_its_size(drawn):
    for chart in drawn:
        svg = parsed(chart.svg)
        assert svg.get("role") == "img"
        assert svg.find(f"{SVG}title").text == chart.title
        assert svg.find(f"{SVG}desc").text == chart.words
        width, height = struct.unpack(">II", chart.png[16:24])
        assert (width, height) == (2 * int(svg.get("width")), 2 * int(svg.get("height")))


def test_every_chart_has_its_data_as_a_table(drawn):
    for chart in drawn:
        header, *rows = csv.reader(io.StringIO(chart.csv))
        assert {"cluster", "workload", "arm"} <= {*header, "workload"}
        assert rows
        assert {len(row) for row in rows} == {len(header)}


def test_an_arm_has_one_colour_and_a_repeated_one_that_of_the_arm_it_repeats(grown, drawn):
    data = grown[1]
    assert arm_colours(data) == {"runc": "#2b83c4", "runc-again": "#2b83c4", "gvisor": "#d9601a"}
    assert arm_scale(data) == (
        ["runc", "runc-again", "gvisor"],
        ["#2b83c4", "#2b83c4", "#d9601a"],
        [[1.0, 0.0], [2.0, 2.5], [1.0, 0.0]],
    )
    for chart in drawn:
        assert "#d9601a" in chart.svg
        assert "#009e73" not in chart.svg


def test_an_arm_that_is_emulated_on_one_of_two_clusters_has_one_colour_and_two_names():
    data = summarise(campaign_folder.campaign(clusters=("db1", "db2")), [])
    for row in data["clusters"][1]["rows"]:
        row["emulated"] = row["arm"] == "gvisor"
    labels, colours, _dashes = arm_scale(data, with_baseline=False)
    assert labels == ["runc-again", "gvisor", "gvisor (emulated)"]
    assert colours == ["#2b83c4", "#d9601a", "#d9601a"]


def test_drawing_again_gives_the_same_bytes_and_asks_no_one(grown, drawn):
    again = chart(grown[1], FIGURES[2])
    assert draw(again) == drawn[-1]
    for one in drawn:
        assert re.findall(r"(?:href|src)=\"([^\"]*)\"|url\(([^)]*)\)", one.svg) == []
        # What is in the page with it must not share names with it.
        assert re.findall(r"\sid=\"", one.svg) == []


def test_text_in_the_drawing_is_escaped():
    data = summary()
    data["engine"] = "<script>&"
    svg, _ = render(chart(data).specification)
    assert "<script>" not in svg
    assert "Measured: db1, &lt;script&gt;&amp;" in svg


def test_a_long_caveat_is_shortened_in_the_drawing_and_whole_in_the_words():
    data = summary()
    long = "a name " * 60
    for row in data["clusters"][0]["rows"]:
        row["differs"] = long.strip() if row["arm"] == "gvisor" else None
    one = chart(data)
    assert len(one.specification["title"]["subtitle"]) == 3
    assert one.specification["title"]["subtitle"][-1].endswith("\N{HORIZONTAL ELLIPSIS}")
    assert long.strip() in one.words


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (5.551, "5.55"), (40.32, "40.3"), (137.5, "137.5"), (623.0, "623"), (8793, "8,793")]
)
def test_numbers_are_short(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        ((0.577, 0.4382, 0.7606), "0.577 (0.438 to 0.761)"),
        ((14.42, 9.5, 21.36), "14.4 (9.500 to 21.4)"),
        ((0.5, None, None), "0.500, no interval"),
        ((None, None, None), "no ratio"),
    ],
)
def test_a_ratio_is_said_with_its_interval_or_why_there_is_none(ratio, text):
    assert ratio_words(*ratio) == text


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([], [0.95, 1.0, 1.05]),
        ([0.577, 0.761], [0.6, 0.7, 0.8, 0.9, 1.0]),
        ([0.4, 1.02], [0.4, 0.5, 0.6, 0.8, 1.0]),
        ([7.0, 21.4], [1.0, 2.0, 5.0, 10.0, 20.0]),
        ([0.001, 900.0], [0.001, 0.01, 0.1, 1.0, 10.0, 100.0]),
    ],
)
def test_an_axis_of_ratios_holds_1_and_has_few_round_ticks(values, ticks):
    (low, high), found = ratio_scale(values)
    assert found == ticks
    assert low < min([1.0, *values])
    assert max([1.0, *values]) < high


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([1.5, 60.0], [2.0, 5.0, 10.0, 20.0, 50.0]),
        ([0.002, 0.03], [0.002, 0.005, 0.01, 0.02]),
        ([0.5, 40000.0], [1.0, 10.0, 100.0, 1000.0, 10000.0]),
        ([], [1.0]),
    ],
)
def test_a_logarithmic_axis_has_few_round_ticks(values, ticks):
    assert decade_axis(values)[1] == ticks
