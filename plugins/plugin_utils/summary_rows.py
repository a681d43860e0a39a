# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The rows of a summary: a workload under an arm, its figures, and how it compares with the baseline block by block."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.statistics import (
    bootstrap_interval,
    hodges_lehmann,
    paired_ratio,
    smallest_difference,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary_latency import row_latencies
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary_runs import Planned, Run, known
from ansible_collections.katabench.scylla.plugins.plugin_utils.wording import (
    OP_RATE,
    P99,
    Outcome,
    row_in_words,
    verdict_word,
)

Row = dict[str, Any]
ByBlock = dict[int, float]

MEDIANS = ("op_rate", "latency_mean_ms", "latency_p99_ms", "op_rate_steady", "achieved_share")


def figure_of(rate_mode: str | None) -> str:
    """Return what arms are compared by: the op rate of a closed loop; at a rate, which all hold, the latency."""
    return str(OP_RATE if rate_mode in {None, "closed"} else P99)


def by_block(runs: Iterable[Run], figure: str) -> ByBlock:
    """Return a figure of one arm's runs by block, of those that have it: what ratios are made of."""
    key = "latency_p99_steady_ms" if figure == P99 else "op_rate"
    values = {run.block: getattr(run, key) for run in runs}
    return {block: value for block, value in values.items() if value}


def row(
    workload: Mapping[str, Any],
    arm: Mapping[str, Any],
    baseline: str,
    cells: Sequence[Planned],
    runs: Sequence[Run],
    reference: Sequence[Run],
    unlike: Sequence[str],
    undeclared: Sequence[str],
    *,
    enforced: bool,
) -> Row:
    """Return the row of one workload under one arm.

    `cells` are the arm's, `runs` and `reference` the workload's runs under the arm and under the baseline, `unlike`
    says in what the arm's nodes differ from the baseline's, and `undeclared` what of that the arm does not declare.
    With `enforced`, an arm that differs undeclared does not count. The keys are those of schemas/summary.json.
    """
    figure = figure_of(workload["rate_mode"])
    excluded = undeclared if enforced else ()
    compares = arm["arm"] != baseline and not excluded
    pair = (by_block(runs, figure), by_block(reference, figure)) if compares else None
    ratio = paired_ratio(*pair) if pair else None
    outcome = Outcome(
        figure=figure,
        arm=arm["arm"],
        baseline=baseline,
        emulated=arm["emulated"],
        ratio=ratio,
        replicates_valid=len(runs),
        missed=sum(run.missed for run in runs),
        problems=[problem["sentence"] for planned in cells for problem in planned.problems],
        excluded=excluded,
    )
    return {
        "workload": workload["workload"],
        **arm,
        **{key: workload[key] for key in ("rate_mode", "rate_of", "rate_fraction")},
        "target_ops_per_s": _median(run.target for run in runs),
        "replicates": len(cells),
        "replicates_valid": len(runs),
        **{key: _median(getattr(run, key) for run in runs) for key in MEDIANS},
        "targets_missed": outcome.missed,
        "figure": figure,
        "ratio": ratio.value if ratio else None,
        "ratio_low": ratio.low if ratio else None,
        "ratio_high": ratio.high if ratio else None,
        "blocks": ratio.blocks if ratio else 0,
        "change_percent": ratio.change_percent if ratio else None,
        "check": _check(pair, figure, runs, reference) if pair and ratio else None,
        "smallest_difference_percent": _smallest_difference(pair, figure) if pair else None,
        "verdict": verdict_word(figure, ratio),
        "valid": bool(runs) and not excluded,
        "sentence": row_in_words(outcome),
        "unlike": list(unlike),
        "undeclared": list(undeclared),
        "hdr": row_latencies({run.cell: run.hdr for run in runs}, workload["rate_mode"] or "closed"),
    }


def _check(
    pair: tuple[ByBlock, ByBlock], figure: str, runs: Iterable[Run], reference: Iterable[Run]
) -> dict[str, float | None]:
    """Look at a ratio in other ways: without the assumption of a form, and at the steady part of the rows."""
    interval = bootstrap_interval(*pair)
    steady = paired_ratio(_steady(runs), _steady(reference)) if figure == OP_RATE else None
    return {
        "hodges_lehmann": hodges_lehmann(*pair),
        "bootstrap_low": interval[0] if interval else None,
        "bootstrap_high": interval[1] if interval else None,
        "steady_ratio": steady.value if steady else None,
    }


def _smallest_difference(pair: tuple[ByBlock, ByBlock], figure: str) -> float | None:
    percent: float | None = known(smallest_difference(*pair, higher_is_worse=figure == P99))
    return percent


def _steady(runs: Iterable[Run]) -> ByBlock:
    return {run.block: run.op_rate_steady for run in runs if run.op_rate_steady and run.op_rate_steady > 0}


def _median(values: Iterable[float | None]) -> float | None:
    found = [value for value in values if value is not None]
    return median(found) if found else None
