# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What all charts have in common: how they look, which colour an arm has, and how one is drawn."""

from __future__ import annotations

import csv
import io
import json
import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.wording import P99, arm_label

# altair and vl_convert are imported where they are used: ansible-doc and ansible-test load these files in environments
# without them.

# Mid-tones of the palette of Okabe and Ito (2008), which colour-blind readers can tell apart; each stands out at 3:1
# or better from both a white and a near-black page.
BASELINE_COLOUR = "#2b83c4"
ARM_COLOURS = ("#d9601a", "#009e73", "#c06a9a", "#a88400", "#7a6fd0")
NEUTRAL_COLOUR = "#808080"

PANELS_ACROSS = 2
SUBTITLE_CHARACTERS = 85
SUBTITLE_LINES = 2
WIDEST_CHARACTER_PX = 7
COLUMN_GAP_PX = 10
PNG_SCALE = 2

# A campaign may have any number of clusters and blocks, a page that people read may not. What is not drawn is in the
# chart's CSV, and the chart says so.
CLUSTERS_DRAWN = 3
BLOCKS_DRAWN = 24

# An arm that repeats another has that one's colour: what is the same looks the same. Its lines are dotted.
SOLID, DOTTED = [1.0, 0.0], [2.0, 2.5]
LEGEND_COLUMNS = 4

# Ticks of an axis of ratios, by the widest span (its end divided by its beginning) at which they do not crowd.
RATIO_MARGIN = 1.06
RATIO_TICKS = (
    (1.4, [tick / 100 for tick in range(70, 145, 5)]),
    (2.2, [tick / 10 for tick in range(4, 23)]),
    (6.0, [0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0]),
    (200.0, [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0]),
)
DECADE_MARGIN = 1.15
CROWDED_SPAN = 3000.0
ROOM_FOR_LABEL = 0.04

# Vega-Lite's version is named so that a newer renderer does not redraw old campaigns in another way.
VEGALITE_VERSION = "6.4"


_FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
LOOK: Mapping[str, Any] = {
    "font": _FONT,
    "background": "white",
    "padding": 10,
    "view": {"stroke": None},
    "axis": {
        "gridColor": "#dddddd",
        "domainColor": "#888888",
        "tickColor": "#888888",
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
    },
    "axisX": {"labelPadding": 6},
    "legend": {"labelFontSize": 11, "labelLimit": 260, "symbolSize": 140, "symbolStrokeWidth": 2.5},
    "title": {
        "anchor": "start",
        "font": _FONT,
        "fontSize": 16,
        "subtitleFont": _FONT,
        "subtitleFontSize": 11,
        "subtitlePadding": 5,
        "offset": 12,
    },
}
"""The configuration of Vega-Lite that all charts have."""


@dataclass(frozen=True)
class Chart:
    """A chart before it is drawn.

    `specification` is Vega-Lite, `words` say what it shows to a reader who cannot see it, `columns` and `rows` are its
    data as a table, also what is not drawn.
    """

    file_name: str
    title: str
    specification: dict[str, Any]
    words: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class DrawnChart:
    """A chart as the report has it: a file name without ending, a title, SVG text, PNG bytes, CSV text, and words."""

    file_name: str
    title: str
    svg: str
    png: bytes
    csv: str
    words: str


def draw(chart: Chart) -> DrawnChart:
    """Draw a chart; the same chart gives the same bytes."""
    svg, png = render(chart.specification)
    return DrawnChart(chart.file_name, chart.title, svg, png, _csv(chart), chart.words)


def render(specification: Mapping[str, Any]) -> tuple[str, bytes]:
    """Draw a specification without a network and return it as SVG text and PNG bytes, the same for the same input."""
    import vl_convert

    text = json.dumps(specification, allow_nan=False, sort_keys=True)
    svg = vl_convert.vegalite_to_svg(text, vl_version=VEGALITE_VERSION, allowed_base_urls=[])
    png = vl_convert.svg_to_png(svg, scale=PNG_SCALE)
    return _with_text_alternative(svg, specification["title"]["text"], specification["description"]), bytes(png)


def finished(
    whole: Any, title: str, lines: Iterable[str], words: str, datasets: Mapping[str, list[dict[str, Any]]] | None = None
) -> dict[str, Any]:
    """Return the specification of a chart put together from panels: with its title, lines below it, and the look.

    `datasets` are those that panels refer to by name: Altair checks each value that stands in a panel, which takes
    seconds for ten thousand.
    """
    shortened = [
        textwrap.shorten(line, SUBTITLE_LINES * SUBTITLE_CHARACTERS, placeholder=" \N{HORIZONTAL ELLIPSIS}")
        for line in lines
    ]
    specification = whole.to_dict()
    return {
        **specification,
        "title": {
            "text": title,
            "subtitle": [part for line in shortened for part in textwrap.wrap(line, SUBTITLE_CHARACTERS)],
        },
        "description": words,
        "config": {**specification.get("config", {}), **LOOK},
        "datasets": {**specification.get("datasets", {}), **(datasets or {})},
    }


def plotted(values: Iterable[Mapping[str, Any]]) -> Any:
    """Return a chart of these values that has no marks yet."""
    import altair as alt

    # Whenever charts are put together Altair copies each list in them, item by item; a tuple it takes as it is.
    return alt.Chart(alt.InlineData(values=tuple(values)))


def row_title(text: str) -> Any:
    """Return the title of what belongs together within a chart: a cluster, a percentile, a source."""
    import altair as alt

    return alt.TitleParams(text, anchor="start", fontSize=12, fontWeight="bold", offset=8)


def panel_title(text: str) -> Any:
    """Return the title of one panel: a workload."""
    import altair as alt

    return alt.TitleParams(text, anchor="start", fontSize=12, fontWeight="normal", offset=6)


def arm_colours(summary: Mapping[str, Any]) -> dict[str, str]:
    """Return each arm's colour, the same in every chart; an arm that repeats another (A/A) has that one's colour."""
    rows = [row for cluster in summary["clusters"] for row in cluster["rows"]]
    origins = {row["arm"]: row["again_of"] or row["arm"] for row in rows}
    others = [origin for origin in dict.fromkeys(origins.values()) if origin != summary["baseline"]]
    colours = {origin: ARM_COLOURS[place % len(ARM_COLOURS)] for place, origin in enumerate(others)}
    return {arm: colours.get(origin, BASELINE_COLOUR) for arm, origin in origins.items()}


def arm_scale(
    summary: Mapping[str, Any], *, with_baseline: bool = True
) -> tuple[list[str], list[str], list[list[float]]]:
    """Return all arms' labels, and for each a colour and a dash; an arm that is emulated on one cluster has two."""
    colours, rows = arm_colours(summary), [row for cluster in summary["clusters"] for row in cluster["rows"]]
    seen = {
        arm_label(row): row
        for row in sorted(rows, key=lambda row: list(colours).index(row["arm"]))
        if with_baseline or row["arm"] != summary["baseline"]
    }
    return (
        list(seen),
        [colours[row["arm"]] for row in seen.values()],
        [DOTTED if row["again_of"] else SOLID for row in seen.values()],
    )


def arm_lines(summary: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return colour and dashes of lines, by the field `arm` that holds an arm's label, with one legend for both."""
    import altair as alt

    labels, colours, dashes = arm_scale(summary)
    legend = alt.Legend(title=None, orient="top", symbolType="stroke", symbolOpacity=1, columns=LEGEND_COLUMNS)
    return (
        alt.Color("arm:N", scale=alt.Scale(domain=labels, range=colours), legend=legend),
        alt.StrokeDash("arm:N", scale=alt.Scale(domain=labels, range=dashes), legend=legend),
    )


def arm_labels(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the arms' labels, in the order of the rows: what ran under software emulation is called so."""
    return {row["arm"]: arm_label(row) for row in rows}


def workloads_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the workloads of rows, each once, in their order."""
    return list(dict.fromkeys(row["workload"] for row in rows))


def is_paced(row: Mapping[str, Any]) -> bool:
    """Return whether a row's load had a rate, so that its latencies and not its op rate tell of the arm."""
    return bool(row["figure"] == P99)


def where(summary: Mapping[str, Any], cluster: Mapping[str, Any]) -> str:
    """Say where a row of panels comes from."""
    return f"{cluster['cluster']}, {summary['engine'] or 'engine unknown'}"


def drawn_clusters(clusters: Sequence[Mapping[str, Any]]) -> tuple[Sequence[Mapping[str, Any]], list[str]]:
    """Return the clusters that a chart has room for, and a sentence if these are not all."""
    if len(clusters) <= CLUSTERS_DRAWN:
        return clusters, []
    return clusters[:CLUSTERS_DRAWN], [f"Drawn: {CLUSTERS_DRAWN} of {len(clusters)} clusters; the CSV has all."]


def ratio_scale(values: Iterable[float]) -> tuple[list[float], list[float]]:
    """Return the ends of a logarithmic axis that holds these ratios (above zero) and 1, and where its ticks are."""
    known = [1.0, *values]
    low, high = min(known) / RATIO_MARGIN, max(known) * RATIO_MARGIN
    ticks = next(
        (ticks for widest, ticks in RATIO_TICKS if high / low <= widest),
        [10.0**power for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)],
    )
    return [low, high], [tick for tick in ticks if low <= tick <= high]


def decade_axis(values: Iterable[float]) -> tuple[list[float], list[float]]:
    """Return the ends of a logarithmic axis that holds these values (above zero), and its ticks: 1, 2, 5, 10, …"""
    known = list(values) or [1.0]
    low, high = min(known) / DECADE_MARGIN, max(known) * DECADE_MARGIN
    steps = (1, 2, 5) if high / low < CROWDED_SPAN else (1,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    # Divided, because 2 * 10**-3 is not 0.002.
    ticks = [step * 10.0**power if power >= 0 else step / 10.0**-power for power in powers for step in steps]
    # A label at the very top would reach into the title.
    highest = high / (high / low) ** ROOM_FOR_LABEL
    return [low, high], [tick for tick in ticks if low <= tick <= highest]


def ratio_words(value: float | None, low: float | None, high: float | None) -> str:
    """Return a ratio with its interval as it stands beside a mark: 0.577 (0.438 to 0.761)."""
    if value is None:
        return "no ratio"
    if low is None or high is None:
        return f"{_ratio(value)}, no interval"
    return f"{_ratio(value)} ({_ratio(low)} to {_ratio(high)})"


def column_px(texts: Iterable[str], most_px: int) -> int:
    """Return how wide a column of text is, at the charts' size of type; it may be too wide, never too narrow."""
    return min(most_px, WIDEST_CHARACTER_PX * max((len(text) for text in texts), default=0) + COLUMN_GAP_PX)


def number(value: float) -> str:
    """Return a number for people: thousands marked, else four digits from 100 on and three below."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}" if abs(value) >= 100 else f"{value:.3g}"


def _ratio(value: float) -> str:
    return f"{value:.3f}" if value < 10 else number(value)


def _csv(chart: Chart) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(chart.columns)
    writer.writerows(chart.rows)
    return text.getvalue()


def _with_text_alternative(svg: str, title: str, description: str) -> str:
    head, body = svg.split(">", 1)
    return f'{head} role="img"><title>{escape(title)}</title><desc>{escape(description)}</desc>{body}'
