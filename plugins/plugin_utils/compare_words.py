# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""A comparison of two campaigns in sentences, lines for a terminal and a Markdown table for a paste."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.statistics import MINIMUM_BLOCKS
from ansible_collections.katabench.scylla.plugins.plugin_utils.wording import OP_RATE

BETTER, WORSE, CANNOT = "better", "worse", "cannot be shown"
PUBLISHED = "published, no interval"


def percent(share: float) -> str:
    """Return a share as a percentage."""
    return f"{100.0 * share:g} %"


def subject_in_words(row: Mapping[str, Any]) -> str:
    """Say what a row compares."""
    figure = "op rate" if row["figure"] == OP_RATE else "p99 latency"
    against = f" against {row['reference']}" if row["reference"] else ""
    return f"{figure} of {row['arm']}{against}"


def value_in_words(row: Mapping[str, Any], side: str) -> str:
    """Return one campaign's value (`side` is baseline or candidate) with its unit."""
    value = row[f"{side}_value"]
    if value is None:
        return "-"
    if row["kind"] == "cost":
        return f"{value:.3f}"
    return f"{value:.0f} op/s" if row["figure"] == OP_RATE else f"{value:.1f} ms"


def interval_in_words(row: Mapping[str, Any]) -> str:
    """Return a row's interval; a dash where there is none, or one without a width, which says nothing of the noise."""
    return (
        "-"
        if row["ratio_low"] is None or row["has_no_spread"]
        else f"{row['ratio_low']:.3f} to {row['ratio_high']:.3f}"
    )


def row_in_words(row: Mapping[str, Any], limit: float) -> str:
    """Say a row of compare.py: then, now, the change with its interval and n on both sides, and the verdict."""
    blocks = f"n = {row['baseline_blocks']} and {row['candidate_blocks']} blocks"
    begin = f"{row['cluster']} {row['workload']}: {subject_in_words(row)}"
    if row["ratio"] is None:
        return f"{begin}: a change {CANNOT}, {blocks} with a valid figure."
    values = f"{value_in_words(row, 'baseline')} then, {value_in_words(row, 'candidate')} now"
    change = f"{row['ratio']:.3f} times ({row['change_percent']:+.1f} %"
    if row["ratio_low"] is None:
        change += f"; no interval: {blocks}, at least {MINIMUM_BLOCKS} are needed on both sides)"
    elif row["has_no_spread"]:
        change += f"; no interval: no block differed from another on either side, {blocks})"
    else:
        change += f", 95 % interval {interval_in_words(row)}, {blocks})"
    return f"{begin}: {values}, {change}: {_judgement_in_words(row, limit)}."


def verdict_in_words(rows: Sequence[Mapping[str, Any]], limit: float) -> str:
    """Say whether there is a regression, and of how many changes that are judged nothing can be said."""
    judged = [row for row in rows if row["judged"]]
    passed = [row for row in judged if row["regression"]]
    unshown = [row for row in judged if row["verdict"] == CANNOT]
    if passed:
        begin = f"{len(passed)} of {len(judged)} judged changes {'is a' if len(passed) == 1 else 'are'} regression"
        begin += f"{'' if len(passed) == 1 else 's'} past {percent(limit)}: {_names(passed)}."
    else:
        begin = f"No regression past {percent(limit)} is shown."
    if unshown:
        begin += f" A change {CANNOT} of {len(unshown)} of {len(judged)}: {_names(unshown)}."
    return begin


def terminal_lines(comparison: Mapping[str, Any]) -> list[str]:
    """Return a comparison in lines: what differs, each row, what to know, and the verdict last."""
    baseline, candidate = comparison["baseline"], comparison["candidate"]
    return [
        f"{candidate['run_id']} compared with {_named(baseline)}",
        *(difference_in_words(difference) for difference in comparison["differences"]),
        *(row["sentence"] for row in comparison["rows"]),
        *comparison["notes"],
        comparison["verdict"],
    ]


def markdown(comparison: Mapping[str, Any]) -> str:
    """Return a comparison as Markdown: the verdict, a table, what differs, what to know."""
    baseline, candidate = comparison["baseline"], comparison["candidate"]
    header = ["cluster", "workload", "compared", "then", "now", "change", "95 % interval", "n then, now", "verdict"]
    rows = [_cells(row) for row in comparison["rows"]]
    lines = [
        f"## {candidate['run_id']} compared with {_named(baseline)}",
        "",
        comparison["verdict"],
        "",
        *(_line(cells) for cells in (header, ["---"] * len(header), *rows)),
    ]
    for title, sentences in (
        ("Differences", [difference_in_words(difference) for difference in comparison["differences"]]),
        ("To know", comparison["notes"]),
    ):
        if sentences:
            lines += ["", f"{title}:", "", *(f"* {sentence}" for sentence in sentences)]
    return "\n".join(lines) + "\n"


def difference_in_words(difference: Mapping[str, Any]) -> str:
    """Say a difference, and whether it was to be."""
    begin = "changed" if difference["free"] else "unlike, which may explain a change"
    return f"{begin}: {difference['what']}: then {difference['then']}, now {difference['now']}"


def _judgement_in_words(row: Mapping[str, Any], limit: float) -> str:
    if row["verdict"] == CANNOT:
        return f"a change {CANNOT}"
    if row["verdict"] != WORSE or not row["judged"]:
        return str(row["verdict"])
    return f"{WORSE}, {'past' if row['regression'] else 'within'} the limit of {percent(limit)}"


def _cells(row: Mapping[str, Any]) -> list[str]:
    change = "-" if row["ratio"] is None else f"{row['ratio']:.3f} ({row['change_percent']:+.1f} %)"
    return [
        row["cluster"],
        row["workload"],
        subject_in_words(row),
        value_in_words(row, "baseline"),
        value_in_words(row, "candidate"),
        change,
        interval_in_words(row),
        f"{row['baseline_blocks']}, {row['candidate_blocks']}",
        f"**{row['verdict']}**" if row["regression"] else row["verdict"],
    ]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _named(baseline: Mapping[str, Any]) -> str:
    return str(baseline["run_id"]) if baseline["kind"] == "campaign" else f"{baseline['run_id']} ({baseline['kind']})"


def _names(rows: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(f"{row['cluster']} {row['workload']} {subject_in_words(row)}" for row in rows)
