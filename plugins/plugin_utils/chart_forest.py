# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The forest plot: each arm's ratio to the baseline under each workload, with its interval, on a logarithmic axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.chart_style import (
    COLUMN_GAP_PX,
    Chart,
    arm_colours,
    column_px,
    drawn_clusters,
    finished,
    panel_title,
    plotted,
    ratio_scale,
    ratio_words,
    row_title,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.wording import OP_RATE, P99, arm_label, caveats_in_words

TITLE = "Ratios"

WIDTH_PX = 380  # of the columns of names and the axis together
ROW_HEIGHT_PX = 19
END_PX = 11
POINT_SIZE = 46  # in square pixels
MOST_PX = 130
RATIO_PX = 200

_COLUMNS = ("cluster", "workload", "arm", "figure", "control", "ratio", "ratio_low", "ratio_high", "blocks", "verdict")

Row = Mapping[str, Any]


def forest_chart(summary: Mapping[str, Any]) -> Chart | None:
    """Return the forest plot of a summary (summary.json's content), or None when nothing has a ratio.

    Op rates and, at fixed rates, 99th percentile latencies have panels of their own, because more is better in the one
    and worse in the other. The repeated baseline (A/A) stands apart: its intervals show what the host does by itself.
    """
    import altair as alt

    if not any(row["ratio"] is not None for cluster in summary["clusters"] for row in _compared(summary, cluster)):
        return None
    clusters, left_out = drawn_clusters(summary["clusters"])
    layout = _layout(summary, [row for cluster in clusters for row in _compared(summary, cluster)])
    whole = alt.vconcat(*(_cluster(summary, cluster, layout) for cluster in clusters), spacing=26)
    lines = [
        f"paired by block against {summary['baseline']}; point: ratio; line: 95 % interval; n: blocks",
        *left_out,
        *caveats_in_words(summary["clusters"]),
    ]
    words = describe(summary)
    table = [
        [
            cluster["cluster"],
            row["workload"],
            row["arm"],
            row["figure"],
            "yes" if _is_control(row, summary["baseline"]) else "no",
            *(row[key] for key in ("ratio", "ratio_low", "ratio_high", "blocks", "verdict")),
        ]
        for cluster in summary["clusters"]
        for row in _compared(summary, cluster)
    ]
    return Chart("forest", TITLE, finished(whole, TITLE, lines, words), words, _COLUMNS, table)


def describe(summary: Mapping[str, Any]) -> str:
    """Say each ratio in a sentence."""
    baseline = summary["baseline"]
    sentences = [f"Ratios to {baseline}, paired by block, each with its 95 % interval and the number of blocks."]
    names = {OP_RATE: "op rate", P99: "99th percentile latency"}
    for cluster in summary["clusters"]:
        for row in _compared(summary, cluster):
            control = ", a control" if _is_control(row, baseline) else ""
            what = f"{cluster['cluster']}, {row['workload']}, {names[row['figure']]} of {arm_label(row)}{control}"
            sentences.append(f"{what}: {_ratio_words(row)}, n = {row['blocks']}.")
    return " ".join([*sentences, *caveats_in_words(summary["clusters"])])


def _compared(summary: Mapping[str, Any], cluster: Mapping[str, Any]) -> list[Row]:
    return [row for row in cluster["rows"] if row["arm"] != summary["baseline"]]


def _ratio_words(row: Row) -> str:
    return str(ratio_words(row["ratio"], row["ratio_low"], row["ratio_high"]))


def _is_control(row: Row, baseline: str) -> bool:
    return bool(row["again_of"] == baseline)


@dataclass(frozen=True)
class _Layout:
    """What all panels share, so that their columns stand below each other: widths, colours, and a scale per figure."""

    workload_px: int
    arm_px: int
    colours: Mapping[str, str]
    scales: Mapping[str, tuple[list[float], list[float]]]

    @property
    def axis_px(self) -> int:
        return WIDTH_PX - self.workload_px - self.arm_px


def _layout(summary: Mapping[str, Any], rows: Sequence[Row]) -> _Layout:
    def values(figure: str) -> list[float]:
        own = [row for row in rows if row["figure"] == figure]
        return [row[key] for row in own for key in ("ratio", "ratio_low", "ratio_high") if row[key] is not None]

    return _Layout(
        column_px((row["workload"] for row in rows), MOST_PX),
        column_px((arm_label(row) for row in rows), MOST_PX),
        arm_colours(summary),
        {figure: ratio_scale(values(figure)) for figure in (OP_RATE, P99)},
    )


def _cluster(summary: Mapping[str, Any], cluster: Mapping[str, Any], layout: _Layout) -> Any:
    import altair as alt

    baseline, rows = summary["baseline"], _compared(summary, cluster)
    panels = []
    for figure, title in (
        (OP_RATE, f"Op rate: left of 1 is slower than {baseline}"),
        (P99, f"99th percentile latency at a fixed rate: right of 1 is slower than {baseline}"),
    ):
        for is_control in (False, True):
            own = [row for row in rows if row["figure"] == figure and _is_control(row, baseline) == is_control]
            if own:
                control = f"Control (A/A): {baseline} against itself, 1 belongs in every interval"
                panels.append(_panel(own, layout, control if is_control else title))
    stacked = alt.vconcat(*panels, spacing=14)
    return stacked.properties(title=row_title(cluster["cluster"])) if len(summary["clusters"]) > 1 else stacked


def _panel(rows: Sequence[Row], layout: _Layout, title: str) -> Any:
    import altair as alt

    domain, ticks = layout.scales[rows[0]["figure"]]
    base = plotted(_marks(rows, layout)).encode(
        y=alt.Y("place:O", axis=None, scale=alt.Scale(domain=list(range(len(rows))), paddingOuter=0.1))
    )
    x = alt.X(
        "ratio:Q",
        title=None,
        scale=alt.Scale(type="log", domain=domain, nice=False),
        axis=alt.Axis(values=ticks, format="~g"),
    )
    colour, words = alt.Color("colour:N", scale=None), alt.Description("words:N")
    one = plotted([{"one": 1}]).mark_rule(color="#888888", strokeWidth=1.5, aria=False)
    arm_at = -layout.arm_px
    return alt.layer(
        one.encode(x=alt.X("one:Q")),
        base.mark_rule(strokeWidth=2).encode(x="ratio_low:Q", x2="ratio_high:Q", color=colour, description=words),
        # An interval may be narrower than its point: its ends stand out above and below.
        *(
            base.mark_tick(thickness=2, size=END_PX, opacity=1, aria=False).encode(x=end, color=colour)
            for end in ("ratio_low:Q", "ratio_high:Q")
        ),
        base.mark_point(filled=True, size=POINT_SIZE, opacity=1).encode(
            x=x, color=colour, shape=alt.Shape("shape:N", scale=None), description=words
        ),
        _text(base, "workload", arm_at - layout.workload_px, layout.workload_px, fontWeight="bold"),
        _text(base, "arm", arm_at, layout.arm_px),
        _text(base, "text", layout.axis_px + COLUMN_GAP_PX, RATIO_PX),
    ).properties(width=layout.axis_px, height=ROW_HEIGHT_PX * len(rows), title=panel_title(title))


def _marks(rows: Sequence[Row], layout: _Layout) -> list[dict[str, Any]]:
    marks = []
    for place, row in enumerate(rows):
        is_first = place == 0 or rows[place - 1]["workload"] != row["workload"]
        text = f"{_ratio_words(row)}, n = {row['blocks']}"
        marks.append(
            {
                "place": place,
                "workload": row["workload"] if is_first else "",
                "arm": arm_label(row),
                **{key: row[key] for key in ("ratio", "ratio_low", "ratio_high")},
                "text": text,
                "words": f"{row['workload']}, {arm_label(row)}: {text}",
                "colour": layout.colours[row["arm"]],
                "shape": "diamond" if row["again_of"] else "circle",
            }
        )
    return marks


def _text(base: Any, field: str, x_px: int, limit_px: int, **style: Any) -> Any:
    import altair as alt

    mark = base.mark_text(align="left", baseline="middle", fontSize=11, limit=limit_px, aria=False, **style)
    return mark.encode(x=alt.value(x_px), text=f"{field}:N")
