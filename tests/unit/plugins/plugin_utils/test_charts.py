# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
import struct
from xml.etree import ElementTree

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.charts import FIGURES, chart, describe, number, render
from ansible_collections.katabench.scylla.plugins.plugin_utils.report import published_figures
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary import summarise
from ansible_collections.katabench.scylla.tests.unit import campaign_folder

SVG = "{http://www.w3.org/2000/svg}"


def summary(blocks=3):
    campaign = campaign_folder.campaign(blocks=blocks)
    return summarise(campaign, campaign_folder.records(campaign))


def drawn(summary, figure=FIGURES[0]):
    svg, png = render(chart(summary, published_figures(), figure))
    return ElementTree.fromstring(svg), png  # noqa: S314 - drawn a line above


def words(svg):
    return [text.text for text in svg.iter(f"{SVG}text") if text.text]


def marks(svg, role):
    # The renderer labels each mark for screen readers: "arm: runc; operations per second: 1214".
    return [element.get("aria-label") for element in svg.iter() if element.get("aria-roledescription") == role]


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.file_name)
def test_every_chart_names_its_unit_and_its_two_sources(figure):
    svg, _ = drawn(summary(), figure)
    texts = words(svg)
    assert texts.count(figure.axis) == 4  # write and read, measured and published
    assert "Measured: db1, cassandra 5.0.6" in texts
    assert "Published 2018: one run, no interval; another machine, its own scale" in texts
    assert svg.get("role") == "img"
    assert svg.find(f"{SVG}title").text == figure.title


def test_every_replicate_is_a_point_and_every_median_a_bar():
    svg, _ = drawn(summary())
    assert len(marks(svg, "point")) == 18  # 3 arms, 3 blocks, 2 workloads
    assert len(marks(svg, "bar")) == 6 + 8  # measured and published
    assert sum("1,261" in label or "1261" in label for label in marks(svg, "point")) == 1


def test_the_numbers_are_the_medians_and_the_published_figures():
    texts = words(drawn(summary())[0])
    assert {"1,240", "1,238", "623", "1,529", "1,520", "874"} <= set(texts)
    assert {"8,793", "3,594", "7,039", "1,453"} <= set(texts)


def test_an_arm_without_a_valid_cell_keeps_its_place():
    campaign = campaign_folder.campaign()
    records = [record for record in campaign_folder.records(campaign) if record["arm"]["name"] != "gvisor"]
    texts = words(drawn(summarise(campaign, records))[0])
    assert texts.count("none valid") == 2
    assert texts.count("gvisor") == 2


def test_a_campaign_without_any_figure_can_be_drawn():
    svg, png = drawn(summarise(campaign_folder.campaign(), []))
    assert words(svg).count("none valid") == 6
    assert png.startswith(b"\x89PNG")


def test_the_png_is_twice_the_size_of_the_svg():
    svg, png = drawn(summary())
    width, height = struct.unpack(">II", png[16:24])
    assert (width, height) == (2 * int(svg.get("width")), 2 * int(svg.get("height")))


def test_drawing_again_gives_the_same_bytes_and_asks_no_one():
    specification = chart(summary(), published_figures(), FIGURES[2])
    first, again = render(specification), render(specification)
    assert first == again
    references = set(re.findall(r"(?:href|src)=\"([^\"]*)\"|url\(([^)]*)\)", first[0]))
    assert references == set()


def test_text_in_the_drawing_is_escaped():
    data = summary()
    data["engine"] = "<script>&"
    svg, _ = render(chart(data, published_figures(), FIGURES[0]))
    assert "<script>" not in svg
    assert "Measured: db1, &lt;script&gt;&amp;" in svg


def test_what_a_chart_shows_is_said_in_words():
    text = describe(summary(), published_figures(), FIGURES[0])
    assert "db1, write: runc 1,240 op/s, runc-again 1,238 op/s, gvisor 623 op/s." in text
    assert "Published 2018, one run, no interval, read: runc 7,039 op/s, kata 1,453 op/s" in text


def test_an_emulated_arm_and_one_that_differs_are_told_in_every_chart():
    campaign, records = campaign_folder.kata_campaign()
    data = summarise(campaign, records)
    emulation = "kata ran under software emulation: its figures say how it behaves, not what it costs."
    for figure in FIGURES:
        svg, _ = drawn(data, figure)
        texts = [line.text for line in svg.iter(f"{SVG}tspan")]  # what stands in several lines
        assert texts.count("(emulated)") == 2  # under write and read
        assert emulation in texts
        assert any(text.startswith("kata-tuned differs on purpose: 4 vCPUs, 3 GiB") for text in texts)
        assert sum("arm: kata (emulated)" in label for label in marks(svg, "point")) == 6
        assert emulation in svg.find(f"{SVG}desc").text
    assert "runc-again 1,238 op/s, kata (emulated) 64 op/s, kata-tuned 533 op/s." in (
        describe(data, published_figures(), FIGURES[0])
    )


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (5.551, "5.55"), (40.32, "40.3"), (137.5, "137.5"), (623.0, "623"), (8793, "8,793")]
)
def test_numbers_are_short(value, text):
    assert number(value) == text
