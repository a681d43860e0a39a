# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Latency against rate: the ladder of fixed rates, climbed by each arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.chart_style import (
    PANELS_ACROSS,
    Chart,
    arm_lines,
    decade_axis,
    drawn_clusters,
    finished,
    is_paced,
    number,
    panel_title,
    plotted,
    row_title,
    where,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.wording import arm_label, caveats_in_words

TITLE = "Latency against rate"

PANEL_WIDTH_PX = 215
PANEL_HEIGHT_PX = 170
PERCENTILES = ("50", "99")
FEWEST_RUNGS = 2

_COLUMNS = (
    "cluster",
    "of",
    "workload",
    "arm",
    "target_ops_per_s",
    "op_rate",
    "percentile",
    "latency_ms",
    "targets_missed",
)

Row = Mapping[str, Any]


def ladder_chart(summary: Mapping[str, Any]) -> Chart | None:
    """Return the chart of the ladders of a summary (summary.json's content), or None when there are none.

    A ladder is at least two fixed rates of one operation. Each is a row of panels: the median and the 99th percentile
    of the merged histograms over the rate that was really reached. Hollow: a replicate missed its target.
    """
    import altair as alt

    ladders = [ladder for cluster in summary["clusters"] for ladder in _ladders(cluster)]
    if not ladders:
        return None
    clusters, left_out = drawn_clusters([cluster for cluster in summary["clusters"] if _ladders(cluster)])
    rows = [_ladder(summary, cluster, rungs) for cluster in clusters for rungs in _ladders(cluster)]
    lines = [
        "milliseconds, lower is better; response times from merged histograms, over the median of the rates that were "
        "reached; hollow: the target was missed",
        *left_out,
        *caveats_in_words(summary["clusters"]),
    ]
    words = describe(summary)
    table = [
        [
            cluster["cluster"],
            row["rate_of"],
            row["workload"],
            row["arm"],
            row["target_ops_per_s"],
            row["op_rate"],
            float(percentile),
            row["hdr"]["percentiles"][percentile],
            row["targets_missed"],
        ]
        for cluster in summary["clusters"]
        for rungs in _ladders(cluster)
        for row in rungs
        for percentile in PERCENTILES
    ]
    specification = finished(alt.vconcat(*rows, spacing=28), TITLE, lines, words)
    return Chart("latency_rate", TITLE, specification, words, _COLUMNS, table)


def describe(summary: Mapping[str, Any]) -> str:
    """Say the latencies at each rate, and who missed it."""
    sentences = ["Latency against rate, from merged histograms."]
    for cluster in summary["clusters"]:
        for rungs in _ladders(cluster):
            for row in rungs:
                found = ", ".join(
                    f"{percentile} % {number(latency_ms)} ms"
                    for percentile in PERCENTILES
                    if (latency_ms := row["hdr"]["percentiles"][percentile]) is not None
                )
                missed = f", target missed in {row['targets_missed']} replicates" if row["targets_missed"] else ""
                sentences.append(
                    f"{cluster['cluster']}, {row['workload']}, {arm_label(row)}: {number(row['op_rate'])} of "
                    f"{number(row['target_ops_per_s'])} op/s, {found}{missed}."
                )
    return " ".join([*sentences, *caveats_in_words(summary["clusters"])])


def _ladders(cluster: Mapping[str, Any]) -> list[list[Row]]:
    """Return the rows of each ladder that can be drawn, an operation at a time."""
    ladders: dict[str, list[Row]] = {}
    for row in cluster["rows"]:
        if is_paced(row) and row["op_rate"] and row["target_ops_per_s"] and (row["hdr"] or {}).get("complete"):
            ladders.setdefault(row["rate_of"] or "", []).append(row)
    return [rows for rows in ladders.values() if len({row["target_ops_per_s"] for row in rows}) >= FEWEST_RUNGS]


def _ladder(summary: Mapping[str, Any], cluster: Mapping[str, Any], rungs: Sequence[Row]) -> Any:
    import altair as alt

    panels = [_panel(summary, rungs, percentile) for percentile in PERCENTILES]
    of = f", {rungs[0]['rate_of']}" if rungs[0]["rate_of"] else ""
    return (
        alt.concat(*panels, columns=PANELS_ACROSS, spacing=18)
        .resolve_scale(x="shared")
        .properties(title=row_title(f"{where(summary, cluster)}{of}"))
    )


def _panel(summary: Mapping[str, Any], rungs: Sequence[Row], percentile: str) -> Any:
    import altair as alt

    points = [
        {
            "arm": arm_label(row),
            "rate": row["op_rate"],
            "ms": row["hdr"]["percentiles"][percentile],
            "missed": bool(row["targets_missed"]),
            "words": f"{row['workload']}, {arm_label(row)}" + (", target missed" if row["targets_missed"] else ""),
        }
        for row in rungs
        if row["hdr"]["percentiles"][percentile]
    ]
    domain, ticks = decade_axis(point["ms"] for point in points)
    colour, dash = arm_lines(summary)
    x = alt.X(
        "rate:Q",
        title="operations per second",
        scale=alt.Scale(zero=False, padding=12),
        axis=alt.Axis(tickCount=5, format=",~f", labelOverlap=True),
    )
    y = alt.Y(
        "ms:Q",
        title="milliseconds",
        scale=alt.Scale(type="log", domain=domain, nice=False),
        axis=alt.Axis(values=ticks, format=",~g", minExtent=36),
    )
    words = alt.Description("words:N")

    def dots(*, missed: bool) -> Any:
        own = [point for point in points if point["missed"] == missed]
        drawn = plotted(own).mark_point(filled=not missed, size=55, opacity=1, strokeWidth=1.8)
        return drawn.encode(x=x, y=y, color=colour, description=words)

    lines = plotted(points).mark_line(strokeWidth=1.6, aria=False)
    return alt.layer(
        lines.encode(x=x, y=y, color=colour, strokeDash=dash), dots(missed=False), dots(missed=True)
    ).properties(
        width=PANEL_WIDTH_PX,
        height=PANEL_HEIGHT_PX,
        title=panel_title("median" if percentile == "50" else f"{percentile}th percentile"),
    )
