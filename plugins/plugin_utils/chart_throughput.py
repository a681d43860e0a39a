# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Throughput over time: each replicate's op rate as the load generator printed it while it ran."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.chart_style import (
    BLOCKS_DRAWN,
    PANELS_ACROSS,
    Chart,
    arm_labels,
    arm_lines,
    drawn_clusters,
    finished,
    number,
    panel_title,
    row_title,
    where,
    workloads_of,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary_runs import known
from ansible_collections.katabench.scylla.plugins.plugin_utils.wording import arm_label, caveats_in_words

TITLE = "Throughput over time"

PANEL_WIDTH_PX = 215
PANEL_HEIGHT_PX = 120
WORKLOADS_DRAWN = 6

# What a page, and what a table can carry: with more lines each has fewer points.
POINTS_PER_LINE = 120
POINTS_DRAWN = 12_000
POINTS_LISTED = 100_000
FEWEST_POINTS = 2
CUT_OPACITY, STEADY_OPACITY = 0.35, 0.85
CUT_ABOVE_AXIS_PX = 5

_COLUMNS = ("cluster", "workload", "arm", "block", "time_s", "op_rate", "part")


@dataclass(frozen=True)
class Run:
    """One load of one valid cell: its (seconds, operations per second), thinned, and where its steady part begins."""

    cluster: str
    workload: str
    arm: str
    block: int
    points: tuple[tuple[float, float], ...]
    steady_from_s: float | None


def throughput_chart(summary: Mapping[str, Any], records: Iterable[Mapping[str, Any]]) -> Chart | None:
    """Return the chart, or None when no valid cell has rows; `summary` is summary.json's content.

    Each cluster has a panel per workload, each replicate a thin line in its arm's colour, pale before its steady part.
    """
    import altair as alt

    runs = list(_runs(summary, records))
    if not runs:
        return None
    blocks, workloads = _drawable(summary, runs)
    drawable = [run for run in runs if run.block in blocks and run.workload in workloads]
    names = {run.cluster for run in drawable}
    clusters, left_out = drawn_clusters([one for one in summary["clusters"] if one["cluster"] in names])
    shown = [run for run in drawable if run.cluster in {one["cluster"] for one in clusters}]
    whole = alt.vconcat(*(_cluster(summary, cluster, shown) for cluster in clusters), spacing=28)
    for what, drawn, all_of_them in (
        ("blocks", blocks, {run.block for run in runs}),
        ("workloads", workloads, {run.workload for run in runs}),
    ):
        if len(drawn) < len(all_of_them):
            left_out = [*left_out, f"Drawn: the first {len(drawn)} of {len(all_of_them)} {what}; the CSV has all."]
    has_cuts = any(run.steady_from_s is not None for run in shown)
    steady = ", pale before its steady part; triangle: where that begins, median of the replicates"
    lines = [
        f"operations per second; a line: one replicate{steady if has_cuts else ''}",
        *left_out,
        *caveats_in_words(summary["clusters"]),
    ]
    words = describe(summary)
    table = [
        [run.cluster, run.workload, run.arm, run.block, time_s, rate, "cut" if _is_cut(run, time_s) else "steady"]
        for run in runs
        for time_s, rate in run.points
    ]
    specification = finished(
        whole, TITLE, lines, words, {"lines": _lines(summary, shown), "cuts": _cuts(summary, shown)}
    )
    return Chart("throughput_time", TITLE, specification, words, _COLUMNS, table)


def describe(summary: Mapping[str, Any]) -> str:
    """Say what is left of each line: the rate of its steady part, else of the whole load."""
    sentences = [
        "Throughput over time of every valid replicate; medians follow, of the steady parts where there are any."
    ]
    for cluster in summary["clusters"]:
        for workload in workloads_of(cluster["rows"]):
            rows = [row for row in cluster["rows"] if row["workload"] == workload]
            rates = [(arm_label(row), row["op_rate_steady"] or row["op_rate"]) for row in rows]
            values = [f"{label} {number(rate)} op/s" for label, rate in rates if rate is not None]
            sentences.append(f"{cluster['cluster']}, {workload}: {', '.join(values) or 'none'}.")
    return " ".join([*sentences, *caveats_in_words(summary["clusters"])])


def thinned(points: Sequence[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """Return at most `most` points: of rows that follow each other the last one's time and their mean rate."""
    step = max(1, -(-len(points) // most))
    groups = [points[place : place + step] for place in range(0, len(points), step)]
    return [(group[-1][0], round(fmean(rate for _time, rate in group), 1)) for group in groups]


def _runs(summary: Mapping[str, Any], records: Iterable[Mapping[str, Any]]) -> Iterator[Run]:
    counted = {(point["cluster"], point["block"], point["arm"], point["workload"]) for point in summary["points"]}
    points_per_line = _points_per_line(POINTS_LISTED, len(counted))
    for record in records:
        cell = record["cell"]
        for workload in record["workloads"]:
            # Only what enters figures: no pilot, no block that was not needed, no cell that does not count.
            if (cell["cluster"], cell["block"], cell["arm"], workload["name"]) not in counted:
                continue
            rows = (workload["result"] or {}).get("intervals", [])
            points = sorted(point for row in rows if row["type"] == "total" for point in _point(row))
            if points:
                steady_from_s = known((workload.get("steady") or {}).get("from_s"))
                kept = tuple(thinned(points, points_per_line))
                yield Run(cell["cluster"], workload["name"], cell["arm"], cell["block"], kept, steady_from_s)


def _points_per_line(points: int, lines: int) -> int:
    return max(FEWEST_POINTS, min(POINTS_PER_LINE, points // max(1, lines)))


def _point(row: Mapping[str, Any]) -> Iterator[tuple[float, float]]:
    # A row may lack its rate, and an edited record may say anything.
    time_s, rate = known(row.get("time_s")), known(row.get("op_rate"))
    if time_s is not None and rate is not None:
        yield time_s, rate


def _drawable(summary: Mapping[str, Any], runs: Sequence[Run]) -> tuple[list[int], list[str]]:
    """Return the blocks and the workloads for which there is room."""
    workloads = [
        workload
        for workload in workloads_of(summary["clusters"][0]["rows"])
        if any(run.workload == workload for run in runs)
    ]
    return sorted({run.block for run in runs})[:BLOCKS_DRAWN], workloads[:WORKLOADS_DRAWN]


def _is_cut(run: Run, time_s: float) -> bool:
    return run.steady_from_s is not None and time_s < run.steady_from_s


def _lines(summary: Mapping[str, Any], runs: Sequence[Run]) -> list[dict[str, Any]]:
    labels = _labels(summary)
    points_per_line = _points_per_line(POINTS_DRAWN, len(runs))
    return [
        {
            "panel": _panel_name(run),
            "cut": cut,
            "arm": labels[run.cluster, run.arm],
            "block": run.block,
            "s": time_s,
            "rate": rate,
            "words": f"{run.workload}, {labels[run.cluster, run.arm]}, block {run.block}",
        }
        for run in runs
        for cut in (True, False)
        for time_s, rate in _part(run, thinned(run.points, points_per_line), cut=cut)
    ]


def _part(run: Run, points: Sequence[tuple[float, float]], *, cut: bool) -> Sequence[tuple[float, float]]:
    """Return the points before or after the cut; the last one before it belongs to both, so that the line holds."""
    first = sum(_is_cut(run, time_s) for time_s, _rate in points)
    return points[:first] if cut else points[max(0, first - 1) :]


def _cuts(summary: Mapping[str, Any], runs: Sequence[Run]) -> list[dict[str, Any]]:
    labels = _labels(summary)
    begins: dict[tuple[str, str], list[float]] = {}
    for run in runs:
        if run.steady_from_s is not None:
            begins.setdefault((_panel_name(run), labels[run.cluster, run.arm]), []).append(run.steady_from_s)
    return [{"panel": panel, "arm": arm, "s": median(seconds)} for (panel, arm), seconds in begins.items()]


def _labels(summary: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    return {
        (cluster["cluster"], arm): label
        for cluster in summary["clusters"]
        for arm, label in arm_labels(cluster["rows"]).items()
    }


def _panel_name(run: Run) -> str:
    return f"{run.cluster} {run.workload}"


def _cluster(summary: Mapping[str, Any], cluster: Mapping[str, Any], runs: Sequence[Run]) -> Any:
    import altair as alt

    own = [run for run in runs if run.cluster == cluster["cluster"]]
    panels = [
        _panel(summary, next(run for run in own if run.workload == workload))
        for workload in workloads_of(cluster["rows"])
        if any(run.workload == workload for run in own)
    ]
    grid = alt.concat(*panels, columns=PANELS_ACROSS, spacing=18)
    return grid.properties(title=row_title(f"{where(summary, cluster)}"))


def _panel(summary: Mapping[str, Any], run: Run) -> Any:
    import altair as alt

    colour, dash = arm_lines(summary)
    own = alt.FieldEqualPredicate(field="panel", equal=_panel_name(run))
    x = alt.X("s:Q", title="seconds", axis=alt.Axis(tickCount=5, format=",~f", grid=False))
    y = alt.Y("rate:Q", title="operations per second", axis=alt.Axis(tickCount=4, format=",~f", minExtent=36))

    def lines(opacity: float, *, cut: bool) -> Any:
        drawn = alt.Chart(alt.NamedData("lines")).mark_line(strokeWidth=1, opacity=opacity)
        return (
            drawn.encode(x=x, y=y, color=colour, strokeDash=dash, detail="block:N", description="words:N")
            .transform_filter(own)
            .transform_filter(alt.FieldEqualPredicate(field="cut", equal=cut))
        )

    cuts = alt.Chart(alt.NamedData("cuts")).mark_point(shape="triangle-up", filled=True, size=40, opacity=1, aria=False)
    return alt.layer(
        lines(CUT_OPACITY, cut=True),
        lines(STEADY_OPACITY, cut=False),
        cuts.encode(x=x, y=alt.value(PANEL_HEIGHT_PX - CUT_ABOVE_AXIS_PX), color=colour).transform_filter(own),
    ).properties(width=PANEL_WIDTH_PX, height=PANEL_HEIGHT_PX, title=panel_title(run.workload))
