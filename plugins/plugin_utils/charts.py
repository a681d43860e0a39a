# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The three charts of a campaign: op rate, mean latency and 99th percentile, arms side by side."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.wording import arm_label, caveats_in_words

# altair and vl_convert are imported where they are used: ansible-doc and ansible-test load this file in environments
# without them.


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

# Mid-tones of the palette of Okabe and Ito (2008), which colour-blind readers can tell apart; each stands out at 3:1
# or better from both a white and a near-black page.
BASELINE_COLOUR = "#2b83c4"
ARM_COLOURS = ("#d9601a", "#009e73", "#c06a9a", "#a88400", "#7a6fd0")
PUBLISHED_COLOUR = "#808080"

COLUMN_PX = 60
COLUMN_FILLED = 0.72
PANEL_HEIGHT_PX = 190
PUBLISHED_COLUMN_PX = 45
PUBLISHED_HEIGHT_PX = 110
PANELS_ACROSS = 2
SUBTITLE_CHARACTERS = 85
LONGEST_LABEL_CHARACTERS = 10
PNG_SCALE = 2

# Vega-Lite's version is named so that a newer renderer does not redraw old campaigns in another way.
VEGALITE_VERSION = "6.4"


def chart(summary: Mapping[str, Any], published: Mapping[str, Any], figure: Figure) -> dict[str, Any]:
    """Return the Vega-Lite specification of one chart.

    `summary` is summary.json's content, `published` the content of published-2018.yml. Each cluster is a row of
    panels, one per workload: every valid replicate a point, in block order from left to right, the bar and its number
    the median. The published figures are a row of their own with a scale of its own.
    """
    import altair as alt

    rows = [_measured_row(summary, cluster, figure) for cluster in summary["clusters"]]
    caveats = [
        line for caveat in caveats_in_words(summary["clusters"]) for line in textwrap.wrap(caveat, SUBTITLE_CHARACTERS)
    ]
    whole = alt.vconcat(*rows, _published_row(published, figure), spacing=28).properties(
        title=alt.TitleParams(
            figure.title,
            subtitle=[f"{figure.axis}, {figure.better}; bar and number: median; point: one replicate", *caveats],
        ),
        description=describe(summary, published, figure),
    )
    return dict(_styled(whole).to_dict())


def render(specification: Mapping[str, Any]) -> tuple[str, bytes]:
    """Draw a specification without a network and return it as SVG text and PNG bytes, the same for the same input."""
    import vl_convert

    text = json.dumps(specification, allow_nan=False, sort_keys=True)
    svg = vl_convert.vegalite_to_svg(text, vl_version=VEGALITE_VERSION, allowed_base_urls=[])
    png = vl_convert.vegalite_to_png(text, vl_version=VEGALITE_VERSION, scale=PNG_SCALE, allowed_base_urls=[])
    return _with_text_alternative(svg, specification["title"]["text"], specification["description"]), bytes(png)


def describe(summary: Mapping[str, Any], published: Mapping[str, Any], figure: Figure) -> str:
    """Say in sentences what a chart shows, for a reader who cannot see it."""
    unit = "op/s" if figure.key == "op_rate" else "ms"
    sentences = [f"{figure.title}, median over the valid replicates."]
    for cluster in summary["clusters"]:
        for workload in _workloads(cluster["rows"]):
            values = [
                f"{arm_label(row)} " + ("none" if row[figure.key] is None else f"{number(row[figure.key])} {unit}")
                for row in cluster["rows"]
                if row["workload"] == workload
            ]
            sentences.append(f"{cluster['cluster']}, {workload}: {', '.join(values)}.")
    sentences += caveats_in_words(summary["clusters"])
    for workload in _workloads(published["cells"]):
        values = [
            f"{cell['arm']} {number(cell[figure.key])} {unit}"
            for cell in published["cells"]
            if cell["workload"] == workload
        ]
        sentences.append(f"Published 2018, one run, no interval, {workload}: {', '.join(values)}.")
    return " ".join(sentences)


def number(value: float) -> str:
    """Return a number for people: thousands marked, else four digits from 100 on and three below."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}" if abs(value) >= 100 else f"{value:.3g}"


def _measured_row(summary: Mapping[str, Any], cluster: Mapping[str, Any], figure: Figure) -> Any:
    rows = cluster["rows"]
    labels = {row["arm"]: arm_label(row) for row in rows}
    colours = _colours(rows, summary["baseline"])
    measured = [point for point in summary["points"] if point["cluster"] == cluster["cluster"]]
    blocks = sorted({point["block"] for point in measured})
    points = [
        {
            "workload": point["workload"],
            "arm": labels[point["arm"]],
            "value": point[figure.key],
            "colour": colours[point["arm"]],
            "offset_px": _offset_px(blocks.index(point["block"]), len(blocks)),
        }
        for point in measured
        if point[figure.key] is not None
    ]
    medians = [_median(row, figure, colours[row["arm"]]) for row in rows]
    return _row(
        f"Measured: {cluster['cluster']}, {summary['engine']}",
        [
            _panel(workload, list(labels.values()), medians, points, figure).properties(
                width=COLUMN_PX * len(labels), height=PANEL_HEIGHT_PX
            )
            for workload in _workloads(rows)
        ],
    )


def _published_row(published: Mapping[str, Any], figure: Figure) -> Any:
    cells = published["cells"]
    arms = list(dict.fromkeys(cell["arm"] for cell in cells))
    medians = [_median(cell, figure, PUBLISHED_COLOUR) for cell in cells]
    return _row(
        "Published 2018: one run, no interval; another machine, its own scale",
        [
            _panel(workload, arms, medians, [], figure).properties(
                width=PUBLISHED_COLUMN_PX * len(arms), height=PUBLISHED_HEIGHT_PX
            )
            for workload in _workloads(cells)
        ],
    )


def _median(row: Mapping[str, Any], figure: Figure, colour: str) -> dict[str, Any]:
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
        .properties(title=alt.TitleParams(title, anchor="start", fontSize=12, fontWeight="bold", offset=8))
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
            labelExpr=f"length(datum.label) > {LONGEST_LABEL_CHARACTERS} ? split(datum.label, /[- ]/) : datum.label",
        ),
    )
    y = alt.Y("value:Q", title=figure.axis, axis=alt.Axis(tickCount=5, format=",~f", minExtent=36))
    colour = alt.Color("colour:N", scale=None)
    columns = alt.Chart(alt.InlineData(values=_of(workload, medians))).encode(x=x)
    dots = alt.Chart(alt.InlineData(values=_of(workload, points))).encode(x=x)
    return alt.layer(
        columns.mark_bar(opacity=0.3, width={"band": COLUMN_FILLED}).encode(y=y, color=colour),
        columns.mark_tick(thickness=2.5, opacity=1, width={"band": COLUMN_FILLED}).encode(y=y, color=colour),
        dots.mark_point(
            filled=True, size=42, opacity=1, stroke="white", strokeWidth=0.8, xOffset=alt.expr("datum.offset_px")
        ).encode(y=y, color=colour),
        columns.mark_text(baseline="bottom", fontSize=11).encode(y=alt.value(-8), text="text:N"),
    ).properties(title=alt.TitleParams(workload, fontSize=12, fontWeight="normal", offset=6))


def _of(workload: str, values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [value for value in values if value["workload"] == workload]


def _workloads(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(row["workload"] for row in rows))


def _colours(rows: Iterable[Mapping[str, Any]], baseline: str) -> dict[str, str]:
    # An arm that repeats another (A/A) has that one's colour: what is the same looks the same.
    origins = {row["arm"]: row["again_of"] or row["arm"] for row in rows}
    others = [origin for origin in dict.fromkeys(origins.values()) if origin != baseline]
    colours = {origin: ARM_COLOURS[place % len(ARM_COLOURS)] for place, origin in enumerate(others)}
    return {arm: colours.get(origin, BASELINE_COLOUR) for arm, origin in origins.items()}


def _styled(whole: Any) -> Any:
    font = "Liberation Sans, Arial, Helvetica, sans-serif"
    return (
        whole.configure(font=font, background="white", padding=10)
        .configure_view(stroke=None)
        .configure_axis(
            gridColor="#dddddd", domainColor="#888888", tickColor="#888888", labelFontSize=11, titleFontSize=11
        )
        .configure_axisX(ticks=False, labelPadding=6)
        .configure_title(
            anchor="start", font=font, fontSize=16, subtitleFont=font, subtitleFontSize=11, subtitlePadding=5, offset=12
        )
    )


def _with_text_alternative(svg: str, title: str, description: str) -> str:
    head, body = svg.split(">", 1)
    return f'{head} role="img"><title>{escape(title)}</title><desc>{escape(description)}</desc>{body}'
