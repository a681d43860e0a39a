# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Latency by percentile, as HdrHistogram draws it: an axis on which each further nine takes as much room."""

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
    workloads_of,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.wording import arm_label, caveats_in_words

TITLE = "Latency by percentile"

PANEL_WIDTH_PX = 215
PANEL_HEIGHT_PX = 170
WORKLOADS_DRAWN = 4

# cassandra-stress names its histograms by operation and kind.
KINDS = {"rt": "response time", "st": "service time", "wt": "waiting time"}

_COLUMNS = ("cluster", "workload", "arm", "histogram", "percent", "latency_ms")
_NINES = {2: "50 %", 10: "90 %", 100: "99 %", 1000: "99.9 %", 10000: "99.99 %", 100000: "99.999 %"}

Row = Mapping[str, Any]


def latency_chart(summary: Mapping[str, Any]) -> Chart | None:
    """Return the chart of the merged histograms of a summary (summary.json's content), or None when there are none.

    Each cluster is a row of panels, one per workload at a fixed rate, the highest ones if there are many; a campaign
    without fixed rates shows its closed loops. A line ends where the number of operations no longer supports a
    percentile. An arm that lacks a replicate's histogram has no line, and is named.
    """
    import altair as alt

    if not any(_drawable(cluster) for cluster in summary["clusters"]):
        return None
    clusters, left_out = drawn_clusters([cluster for cluster in summary["clusters"] if _drawable(cluster)])
    whole = alt.vconcat(*(_cluster(summary, cluster) for cluster in clusters), spacing=28)
    asked = max(len(workloads_of(_drawable(cluster))) for cluster in clusters)
    if asked > WORKLOADS_DRAWN:
        left_out = [*left_out, f"Drawn: the {WORKLOADS_DRAWN} highest of {asked} rates; the CSV has all."]
    lines = [
        "milliseconds, lower is better; histograms of all valid replicates added up; a line ends where the operations "
        "are too few for its percentile",
        *(sentence for cluster in clusters for sentence in _incomplete(cluster)),
        *left_out,
        *caveats_in_words(summary["clusters"]),
    ]
    words = describe(summary)
    table = [
        [cluster["cluster"], row["workload"], row["arm"], row["hdr"]["tag"], percent, latency_ms]
        for cluster in summary["clusters"]
        for row in _drawable(cluster)
        for percent, latency_ms in row["hdr"]["curve"]
    ]
    return Chart("latency_percentiles", TITLE, finished(whole, TITLE, lines, words), words, _COLUMNS, table)


def describe(summary: Mapping[str, Any]) -> str:
    """Say the percentiles of each line."""
    sentences = ["Latency by percentile, from merged histograms."]
    for cluster in summary["clusters"]:
        for row in _drawable(cluster):
            values = [
                f"{percent} % {number(latency_ms)} ms"
                for percent, latency_ms in row["hdr"]["percentiles"].items()
                if latency_ms is not None
            ]
            what = f"{cluster['cluster']}, {row['workload']}, {arm_label(row)}"
            sentences.append(
                f"{what}, {row['hdr']['count']:,} operations: {', '.join(values) or 'too few operations'}."
            )
        sentences += _incomplete(cluster)
    return " ".join([*sentences, *caveats_in_words(summary["clusters"])])


def kind_of(tag: str) -> str:
    """Return what a histogram's tag says that it holds: READ-rt is response time."""
    return KINDS.get(tag.rpartition("-")[2], tag)


def _drawable(cluster: Mapping[str, Any]) -> list[Row]:
    rows = [row for row in _candidates(cluster) if row["hdr"]["complete"]]
    return [row for row in rows if row["hdr"]["curve"]]


def _candidates(cluster: Mapping[str, Any]) -> list[Row]:
    rows = [row for row in cluster["rows"] if row["hdr"]]
    return [row for row in rows if is_paced(row)] or rows


def _incomplete(cluster: Mapping[str, Any]) -> list[str]:
    return [
        f"Not drawn: {row['workload']}, {arm_label(row)}. {row['hdr']['sentence']}"
        for row in _candidates(cluster)
        if not row["hdr"]["complete"]
    ]


def _cluster(summary: Mapping[str, Any], cluster: Mapping[str, Any]) -> Any:
    import altair as alt

    rows = _drawable(cluster)
    rates = {row["workload"]: row["target_ops_per_s"] or 0.0 for row in rows}
    highest = sorted(rates, key=lambda workload: rates[workload], reverse=True)[:WORKLOADS_DRAWN]
    axis = decade_axis(latency_ms for row in rows for _percent, latency_ms in row["hdr"]["curve"] if latency_ms > 0)
    panels = [
        _panel(summary, [row for row in rows if row["workload"] == workload], axis)
        for workload in workloads_of(rows)
        if workload in highest
    ]
    grid = alt.concat(*panels, columns=PANELS_ACROSS, spacing=18).resolve_scale(x="shared", y="shared")
    return grid.properties(title=row_title(f"{where(summary, cluster)}"))


def _panel(summary: Mapping[str, Any], rows: Sequence[Row], axis: tuple[list[float], list[float]]) -> Any:
    import altair as alt

    colour, dash = arm_lines(summary)
    points = [
        {"arm": arm_label(row), "odds": round(1 / (1 - percent / 100), 6), "ms": latency_ms, "words": _words(row)}
        for row in rows
        for percent, latency_ms in row["hdr"]["curve"]
        if percent < 100 and latency_ms > 0
    ]
    x = alt.X(
        "odds:Q",
        title="percentile",
        scale=alt.Scale(type="log", nice=False),
        axis=alt.Axis(values=list(_NINES), labelExpr=_label_expression(), labelFlush=True),
    )
    domain, ticks = axis
    y = alt.Y(
        "ms:Q",
        title="milliseconds",
        scale=alt.Scale(type="log", domain=domain, nice=False),
        axis=alt.Axis(values=ticks, format=",~g", minExtent=36),
    )
    lines = plotted(points).mark_line(strokeWidth=1.8)
    ends = list({point["arm"]: point for point in points}.values())
    stops = plotted(ends).mark_point(filled=True, size=22, opacity=1, aria=False)
    rate = rows[0]["target_ops_per_s"]
    title = f"{rows[0]['workload']}: {kind_of(rows[0]['hdr']['tag'])}" + (f" at {rate:,.0f} op/s" if rate else "")
    return alt.layer(
        lines.encode(x=x, y=y, color=colour, strokeDash=dash, description=alt.Description("words:N")),
        stops.encode(x=x, y=y, color=colour),
    ).properties(width=PANEL_WIDTH_PX, height=PANEL_HEIGHT_PX, title=panel_title(title))


def _words(row: Row) -> str:
    return f"{row['workload']}, {arm_label(row)}"


def _label_expression() -> str:
    pairs = ", ".join(f"'{odds}': '{label}'" for odds, label in _NINES.items())
    return f"{{{pairs}}}[datum.value]"
