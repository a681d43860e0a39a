# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""All charts of a campaign, in the order of the page. Each is a file of its own; what they share is chart_style.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.chart_attribution import attribution_chart
from ansible_collections.katabench.scylla.plugins.plugin_utils.chart_blog import FIGURES, blog_chart
from ansible_collections.katabench.scylla.plugins.plugin_utils.chart_forest import forest_chart
from ansible_collections.katabench.scylla.plugins.plugin_utils.chart_ladder import ladder_chart
from ansible_collections.katabench.scylla.plugins.plugin_utils.chart_latency import latency_chart
from ansible_collections.katabench.scylla.plugins.plugin_utils.chart_style import DrawnChart, draw
from ansible_collections.katabench.scylla.plugins.plugin_utils.chart_throughput import throughput_chart


def draw_all(
    summary: Mapping[str, Any], records: Iterable[Mapping[str, Any]], published: Mapping[str, Any]
) -> list[DrawnChart]:
    """Draw the charts for which a campaign has data.

    `summary` is summary.json's content, `records` those of record.json, `published` the content of published-2018.yml.
    How many charts there are, and how many marks they have, does not grow with the records beyond a bound.
    """
    charts = [
        forest_chart(summary),
        attribution_chart(summary),
        ladder_chart(summary),
        latency_chart(summary),
        throughput_chart(summary, records),
        *(blog_chart(summary, published, figure) for figure in FIGURES),
    ]
    return [draw(chart) for chart in charts if chart is not None]


def chart_files(charts: Iterable[DrawnChart]) -> dict[str, bytes]:
    """Return the charts' files by their paths relative to the campaign's folder: drawn, as a picture, as a table."""
    return {
        f"charts/{chart.file_name}.{ending}": content
        for chart in charts
        for ending, content in (("svg", chart.svg.encode()), ("png", chart.png), ("csv", chart.csv.encode()))
    }
