# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Where the cost comes from: what each arm keeps of the baseline's storage, network, processor and so on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.chart_style import (
    COLUMN_GAP_PX,
    NEUTRAL_COLOUR,
    Chart,
    arm_labels,
    arm_scale,
    column_px,
    drawn_clusters,
    finished,
    is_paced,
    plotted,
    ratio_scale,
    ratio_words,
    row_title,
    where,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.wording import caveats_in_words

TITLE = "What is left, layer by layer"

DATABASE = "database"
LAYERS = (DATABASE, "storage", "network", "cpu", "memory", "start", "overhead")

WIDTH_PX = 400  # of the columns of names and the axis together
LINE_PX = 13
BAR_PX = 8
POINT_SIZE = 24  # in square pixels; a ratio of 1 has no bar
PROBE_GAP_PX = 5
LAYER_GAP_PX = 9
MOST_PX = 160
RATIO_PX = 170

_COLUMNS = (
    "cluster", "layer", "probe", "arm", "unit", "better", "value", "kept", "kept_low", "kept_high", "blocks", "failure",
)  # fmt: skip

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Kept:
    """What an arm keeps of the baseline in one probe: below 1 is a loss, whichever way the probe counts."""

    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None

    @classmethod
    def of(cls, entry: Entry) -> Kept:
        """Read an entry of a cluster's `attribution`; where lower is better its ratio is turned over."""
        ratio, low, high = entry["ratio"], entry["ratio_low"], entry["ratio_high"]
        if entry["better"] == "lower":
            ratio, low, high = _inverse(ratio), _inverse(high), _inverse(low)
        return cls(ratio, low, high)

    def known(self) -> list[float]:
        """Return the numbers that an axis has to hold."""
        return [value for value in (self.ratio, self.ratio_low, self.ratio_high) if value is not None]

    def in_words(self) -> str:
        """Say them as they stand beside a bar."""
        return str(ratio_words(self.ratio, self.ratio_low, self.ratio_high))


def attribution_chart(summary: Mapping[str, Any]) -> Chart | None:
    """Return the chart of the probes of a summary (summary.json's content), or None when there are none.

    A bar reaches from 1, which is the baseline, to what the arm keeps; the database's own op rates stand on top for
    comparison. Probes are grouped by layer. A probe that failed under an arm is named in the place of its bar.
    """
    import altair as alt

    probed = [cluster for cluster in summary["clusters"] if has_probes(cluster)]
    if not probed:
        return None
    clusters, left_out = drawn_clusters(probed)
    whole = alt.vconcat(*(_cluster(summary, cluster) for cluster in clusters), spacing=28)
    lines = [
        f"what is left of {summary['baseline']}'s performance, paired by block: left of 1 is a loss, also where less "
        "is better; thin line: 95 % interval",
        *left_out,
        *caveats_in_words(summary["clusters"]),
    ]
    words = describe(summary)
    table = [
        [
            cluster["cluster"],
            entry["layer"],
            entry["probe"],
            entry["arm"],
            entry["unit"],
            entry["better"],
            entry["value"],
            *((kept := Kept.of(entry)).ratio, kept.ratio_low, kept.ratio_high),
            entry["blocks"],
            " ".join(entry["failures"]),
        ]
        for cluster in probed
        for entry in entries_of(cluster)
    ]
    return Chart("attribution", TITLE, finished(whole, TITLE, lines, words), words, _COLUMNS, table)


def describe(summary: Mapping[str, Any]) -> str:
    """Say what each arm keeps in each probe, and which probes failed."""
    sentences = [
        f"What is left of {summary['baseline']}'s performance in each probe, as a ratio with its 95 % interval; below "
        "1 is a loss."
    ]
    for cluster in summary["clusters"]:
        labels = arm_labels(cluster["rows"])
        entries = entries_of(cluster) if has_probes(cluster) else []
        for probe in dict.fromkeys(entry["probe"] for entry in entries):
            own = [entry for entry in entries if entry["probe"] == probe and entry["arm"] != summary["baseline"]]
            values = [f"{labels[entry['arm']]} {_in_words(entry)}" for entry in own]
            sentences.append(f"{cluster['cluster']}, {own[0]['layer'] if own else ''} {probe}: {', '.join(values)}.")
    return " ".join([*sentences, *caveats_in_words(summary["clusters"])])


def has_probes(cluster: Mapping[str, Any]) -> bool:
    """Return whether there is anything to say of a cluster's layers: a probe that compares, or one that failed."""
    return any(entry["ratio"] is not None or entry["failures"] for entry in cluster["attribution"])


def entries_of(cluster: Mapping[str, Any]) -> list[Entry]:
    """Return a cluster's entries, layer by layer, the database's own op rates (of closed loops) first."""
    database = [
        {
            "layer": DATABASE,
            "probe": f"op rate, {row['workload']}",
            "arm": row["arm"],
            "unit": "op/s",
            "better": "higher",
            "value": row["op_rate"],
            **{key: row[key] for key in ("ratio", "ratio_low", "ratio_high", "blocks")},
            "failures": [],
        }
        for row in cluster["rows"]
        if not is_paced(row)
    ]
    entries = [*database, *cluster["attribution"]]
    return sorted(entries, key=lambda entry: LAYERS.index(entry["layer"]) if entry["layer"] in LAYERS else len(LAYERS))


def _inverse(value: float | None) -> float | None:
    return 1.0 / value if value else None


def _in_words(entry: Entry) -> str:
    if entry["failures"] and entry["ratio"] is None:
        return f"failed ({entry['failures'][0].rstrip('.')})"
    return Kept.of(entry).in_words()


def _cluster(summary: Mapping[str, Any], cluster: Mapping[str, Any]) -> Any:
    import altair as alt

    entries = [entry for entry in entries_of(cluster) if entry["arm"] != summary["baseline"]]
    bars, height_px = _bars(entries, arm_labels(cluster["rows"]))
    layer_px = column_px((one["layer"] for one in bars), MOST_PX)
    probe_px = column_px((one["probe"] for one in bars), MOST_PX)
    axis_px = WIDTH_PX - layer_px - probe_px
    domain, ticks = ratio_scale(value for entry in entries for value in Kept.of(entry).known())
    labels, colours, _dashes = arm_scale(summary, with_baseline=False)
    base = plotted(bars).encode(
        y=alt.Y("y_px:Q", axis=None, scale=alt.Scale(domain=[0, height_px], range=[0, height_px], nice=False))
    )
    colour = alt.Color(
        "arm:N",
        scale=alt.Scale(domain=labels, range=colours),
        legend=alt.Legend(title=None, orient="top", symbolType="stroke", symbolStrokeWidth=BAR_PX),
    )
    x = alt.X(
        "one:Q",
        title=None,
        scale=alt.Scale(type="log", domain=domain, nice=False),
        axis=alt.Axis(values=ticks, format="~g"),
    )
    whiskers = base.mark_rule(strokeWidth=1.3, color=NEUTRAL_COLOUR, aria=False)
    one = plotted([{"one": 1}]).mark_rule(color="#888888", strokeWidth=1.5, aria=False)
    return alt.layer(
        base.mark_rule(strokeWidth=BAR_PX).encode(
            x=x, x2="ratio:Q", color=colour, description=alt.Description("words:N")
        ),
        whiskers.encode(x="ratio_low:Q", x2="ratio_high:Q"),
        base.mark_point(filled=True, size=POINT_SIZE, opacity=1, aria=False).encode(x="ratio:Q", color=colour),
        one.encode(x="one:Q"),
        _text(base, "layer", -layer_px - probe_px, layer_px, fontWeight="bold"),
        _text(base, "probe", -probe_px, probe_px),
        _text(base, "text", axis_px + COLUMN_GAP_PX, RATIO_PX),
    ).properties(width=axis_px, height=height_px, title=row_title(f"{where(summary, cluster)}"))


def _bars(entries: Sequence[Entry], labels: Mapping[str, str]) -> tuple[list[dict[str, Any]], int]:
    """Return a bar for each entry, from the top down, and the height of all."""
    bars: list[dict[str, Any]] = []
    y_px = 0
    for place, entry in enumerate(entries):
        before = entries[place - 1] if place else None
        is_first = before is None or before["probe"] != entry["probe"]
        is_new_layer = before is None or before["layer"] != entry["layer"]
        if before is not None:
            y_px += LINE_PX + PROBE_GAP_PX * is_first + LAYER_GAP_PX * is_new_layer
        text = _text_beside(entry)
        kept = Kept.of(entry)
        bars.append(
            {
                "layer": (entry["layer"] or "unknown") if is_new_layer else "",
                "probe": entry["probe"] if is_first else "",
                "arm": labels[entry["arm"]],
                "y_px": y_px + LINE_PX / 2,
                "one": None if kept.ratio is None else 1,
                "ratio": kept.ratio,
                "ratio_low": kept.ratio_low,
                "ratio_high": kept.ratio_high,
                "text": text,
                "words": f"{entry['probe']}, {labels[entry['arm']]}: {text}",
            }
        )
    return bars, y_px + LINE_PX


def _text_beside(entry: Entry) -> str:
    return "failed" if entry["failures"] and entry["ratio"] is None else Kept.of(entry).in_words()


def _text(base: Any, field: str, x_px: int, limit_px: int, **style: Any) -> Any:
    import altair as alt

    mark = base.mark_text(align="left", baseline="middle", fontSize=11, limit=limit_px, aria=False, **style)
    return mark.encode(x=alt.value(x_px), text=f"{field}:N")
