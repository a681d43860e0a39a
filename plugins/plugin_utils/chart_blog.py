# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The three charts of 2018: op rate, mean latency and 99th percentile, arms side by side, beside what was published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.chart_style import (
    BLOCKS_DRAWN,
    NEUTRAL_COLOUR,
    PANELS_ACROSS,
    Chart,
    arm_colours,
    arm_labels,
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


@dataclass(frozen=True)
class Figure:
    """What one chart shows: the key in the summary, a file name, a title and an axis title with its unit."""

    key: str
    file_name: str
    title: str
    axis: str
    better: str


FIGURES = (
    Figure("op_rate", "op_rate", "Op rate", "operations per second", "higher is better"),
    Figure("latency_mean_ms", "latency_mean", "Mean latency", "milliseconds", "lower is better"),
    Figure("latency_p99_ms", "latency_p99", "99th percentile latency", "milliseconds", "lower is better"),
)

COLUMN_PX = 60
COLUMN_FILLED = 0.72
PANEL_HEIGHT_PX = 190
PUBLISHED_COLUMN_PX = 45
PUBLISHED_HEIGHT_PX = 110
LONGEST_LABEL_CHARACTERS = 10

_COLUMNS = ("source", "cluster", "workload", "arm", "block", "value")

Row = Mapping[str, Any]


def blog_chart(summary: Mapping[str, Any], published: Mapping[str, Any], figure: Figure) -> Chart:
    """Return one chart.

    `summary` is summary.json's content, `published` the content of published-2018.yml. Each cluster is a row of
    panels, one per workload: every valid replicate a point, in block order from left to right, the bar and its number
    the median. The published figures are a row of their own with a scale of its own. Where a campaign has a ladder,
    its rungs are left out: at a fixed rate all arms do the same number of operations.
    """
    import altair as alt

    words = describe(summary, published, figure)
    clusters, left_out = drawn_clusters(summary["clusters"])
    whole = alt.vconcat(
        *(_measured_row(summary, cluster, figure) for cluster in clusters),
        _published_row(published, figure),
        spacing=28,
    )
    lines = [f"{figure.axis}, {figure.better}; bar and number: median; point: one replicate", *left_out]
    if any(point["block"] > BLOCKS_DRAWN for point in summary["points"]):
        lines.append(f"Points: the first {BLOCKS_DRAWN} blocks; the CSV has all.")
    lines += caveats_in_words(summary["clusters"])
    specification = finished(whole, figure.title, lines, words)
    return Chart(figure.file_name, figure.title, specification, words, _COLUMNS, _table(summary, published, figure))


def describe(summary: Mapping[str, Any], published: Mapping[str, Any], figure: Figure) -> str:
    """Say in sentences what a chart shows, for a reader who cannot see it."""
    unit = "op/s" if figure.key == "op_rate" else "ms"
    sentences = [f"{figure.title}, median over the valid replicates."]
    for cluster in summary["clusters"]:
        rows = _shown(cluster)
        for workload in workloads_of(rows):
            values = [
                f"{arm_label(row)} " + ("none" if row[figure.key] is None else f"{number(row[figure.key])} {unit}")
                for row in rows
                if row["workload"] == workload
            ]
            sentences.append(f"{cluster['cluster']}, {workload}: {', '.join(values)}.")
    sentences += caveats_in_words(summary["clusters"])
    for workload in workloads_of(published["cells"]):
        values = [
            f"{cell['arm']} {number(cell[figure.key])} {unit}"
            for cell in published["cells"]
            if cell["workload"] == workload
        ]
        sentences.append(f"Published 2018, one run, no interval, {workload}: {', '.join(values)}.")
    return " ".join(sentences)


def _shown(cluster: Mapping[str, Any]) -> list[Row]:
    rows: list[Row] = cluster["rows"]
    has_ladder = any(row["rate_of"] for row in rows)
    return [row for row in rows if not (has_ladder and is_paced(row))]


def _table(summary: Mapping[str, Any], published: Mapping[str, Any], figure: Figure) -> list[list[Any]]:
    table: list[list[Any]] = []
    for cluster in summary["clusters"]:
        rows = _shown(cluster)
        table += [
            ["replicate", *(point[key] for key in ("cluster", "workload", "arm", "block", figure.key))]
            for point in _points_of(summary, cluster["cluster"], workloads_of(rows))
        ]
        table += [["median", cluster["cluster"], row["workload"], row["arm"], None, row[figure.key]] for row in rows]
    table += [
        ["published 2018", None, cell["workload"], cell["arm"], None, cell[figure.key]] for cell in published["cells"]
    ]
    return table


def _points_of(summary: Mapping[str, Any], cluster: str, workloads: list[str]) -> list[Row]:
    return [point for point in summary["points"] if point["cluster"] == cluster and point["workload"] in workloads]


def _measured_row(summary: Mapping[str, Any], cluster: Mapping[str, Any], figure: Figure) -> Any:
    rows = _shown(cluster)
    labels = arm_labels(rows)
    colours = arm_colours(summary)
    measured = _points_of(summary, cluster["cluster"], workloads_of(rows))
    blocks = sorted({point["block"] for point in measured if point["block"] <= BLOCKS_DRAWN})
    points = [
        {
            "workload": point["workload"],
            "arm": labels[point["arm"]],
            "value": point[figure.key],
            "colour": colours[point["arm"]],
            "offset_px": _offset_px(blocks.index(point["block"]), len(blocks)),
        }
        for point in measured
        if point[figure.key] is not None and point["block"] in blocks
    ]
    medians = [_median(row, figure, colours[row["arm"]]) for row in rows]
    return _row(
        f"Measured: {where(summary, cluster)}",
        [
            _panel(workload, list(labels.values()), medians, points, figure).properties(
                width=COLUMN_PX * len(labels), height=PANEL_HEIGHT_PX
            )
            for workload in workloads_of(rows)
        ],
    )


def _published_row(published: Mapping[str, Any], figure: Figure) -> Any:
    cells = published["cells"]
    arms = list(dict.fromkeys(cell["arm"] for cell in cells))
    medians = [_median(cell, figure, NEUTRAL_COLOUR) for cell in cells]
    return _row(
        "Published 2018: one run, no interval; another machine, its own scale",
        [
            _panel(workload, arms, medians, [], figure).properties(
                width=PUBLISHED_COLUMN_PX * len(arms), height=PUBLISHED_HEIGHT_PX
            )
            for workload in workloads_of(cells)
        ],
    )


def _median(row: Row, figure: Figure, colour: str) -> dict[str, Any]:
    value = row[figure.key]
    text = "none valid" if value is None else number(value)
    return {"workload": row["workload"], "arm": arm_label(row), "value": value, "text": text, "colour": colour}


def _offset_px(place: int, places: int) -> float:
    # Blocks stand from left to right in the order in which they ran, so that a drift shows.
    return (place - (places - 1) / 2) * COLUMN_PX * COLUMN_FILLED / places


def _row(title: str, panels: list[Any]) -> Any:
    import altair as alt

    return (
        alt.concat(*panels, columns=PANELS_ACROSS, spacing=18)
        .resolve_scale(y="shared")
        .properties(title=row_title(title))
    )


def _panel(
    workload: str, arms: list[str], medians: list[dict[str, Any]], points: list[dict[str, Any]], figure: Figure
) -> Any:
    import altair as alt

    x = alt.X(
        "arm:N",
        title=None,
        scale=alt.Scale(domain=arms),
        axis=alt.Axis(
            labelAngle=0,
            ticks=False,
            labelExpr=f"length(datum.label) > {LONGEST_LABEL_CHARACTERS} ? split(datum.label, /[- ]/) : datum.label",
        ),
    )
    y = alt.Y("value:Q", title=figure.axis, axis=alt.Axis(tickCount=5, format=",~f", minExtent=36))
    colour = alt.Color("colour:N", scale=None)
    columns = plotted(_of(workload, medians)).encode(x=x)
    dots = plotted(_of(workload, points)).encode(x=x)
    return alt.layer(
        columns.mark_bar(opacity=0.3, width={"band": COLUMN_FILLED}).encode(y=y, color=colour),
        columns.mark_tick(thickness=2.5, opacity=1, width={"band": COLUMN_FILLED}).encode(y=y, color=colour),
        dots.mark_point(
            filled=True, size=42, opacity=1, stroke="white", strokeWidth=0.8, xOffset=alt.expr("datum.offset_px")
        ).encode(y=y, color=colour),
        columns.mark_text(baseline="bottom", fontSize=11).encode(y=alt.value(-8), text="text:N"),
    ).properties(title=panel_title(workload))


def _of(workload: str, values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [value for value in values if value["workload"] == workload]
