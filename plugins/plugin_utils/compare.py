# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Compare two campaigns: what changed in what a runtime costs, and whether that is more than the noise of both."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.compare_conditions import (
    Difference,
    changed_faults,
    differences,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.compare_side import CompareError, Side
from ansible_collections.katabench.scylla.plugins.plugin_utils.compare_words import (
    BETTER,
    CANNOT,
    WORSE,
    row_in_words,
    verdict_in_words,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.statistics import log_ratios, logarithm
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary_rows import ByBlock, by_block, figure_of
from ansible_collections.katabench.scylla.plugins.plugin_utils.welch import WelchRatio, welch_ratio
from ansible_collections.katabench.scylla.plugins.plugin_utils.wording import NO_DIFFERENCE, OP_RATE

SCHEMA = 1

WHEN = ("then", "now")

Row = dict[str, Any]


def compare(
    baseline: Side, candidate: Side, limit: float, changed: Sequence[str] = (), *, mark: bool = False
) -> dict[str, Any]:
    """Return what changed from one campaign to another: the content of compare-<baseline>.json (schema 1).

    `limit` is the relative worsening from which a change is a regression (0.05: five percent), `changed` names the
    conditions (compare_conditions.py) that were changed on purpose. Where others differ it refuses, or with `mark`
    goes on and lists them. The keys:

    * `baseline`, `candidate`: `{run_id, kind}`; `limit`; `verdict` in words; `regressions` and `notes`: sentences.
    * `differences`: `{condition, what, then, now, free}`; `free` is what may differ.
    * `rows`: per cluster, workload and arm. `kind` is "cost" (the arm's figure over that of its `reference` in the same
      block, which cancels what a day does to a host; the change is how that differs between the campaigns) or
      "absolute". `figure` is `op_rate` or, at a fixed rate, `latency_p99_ms`, where more is worse. `baseline_value` and
      `candidate_value` are geometric means over blocks (operations per second, milliseconds, or ratios); `ratio`,
      `ratio_low`, `ratio_high`, `change_percent` are the change from one to the other, by Welch's method over the
      blocks' logarithms; `baseline_blocks`, `candidate_blocks`. `verdict`: "better", "worse", "no difference shown" or
      "cannot be shown". `judged`: it may be a `regression`, that is worse by more than `limit` with an interval that
      does not hold 1; so may the cost of every arm and the absolute figure of the baseline arm, so that each arm is
      judged once. `sentence`: the row in words. An arm that repeats another is the A/A control of the comparison.

    Raises CompareError.
    """
    faults = changed_faults(changed)
    if not 0 <= limit < 1:
        faults.append(f"The regression limit is {limit}: give a share from 0 up to 1, such as 0.05 for 5 %.")
    if baseline.run_id == candidate.run_id:
        faults.append(f"{candidate.run_id} is to be compared with itself: name two campaigns.")
    elif baseline.baseline != candidate.baseline:
        faults.append(
            f"The costs are relative to different arms, {baseline.baseline} in {baseline.run_id} and "
            f"{candidate.baseline} in {candidate.run_id}: compare campaigns with the same baseline arm."
        )
    if faults:
        raise CompareError("\n".join(faults))
    named = _pairs_of_clusters(baseline, candidate)
    clusters = [(then, now) for then, now in named if baseline.counts_in(then) and candidate.counts_in(now)]
    notes = _notes(baseline, candidate, named)
    notes += [
        f"{pair[1]} is not compared: one of the two has no valid cell there." for pair in named if pair not in clusters
    ]
    found = differences(baseline, candidate, clusters, changed)
    _refuse(baseline, candidate, [difference for difference in found if not difference.free], mark=mark)

    rows = []
    for then, now in clusters:
        cluster_rows, cluster_notes = _cluster(baseline, then, candidate, now, limit)
        rows += cluster_rows
        notes += cluster_notes
    if not rows:
        raise CompareError(
            f"{baseline.run_id} and {candidate.run_id} have nothing in common that counts. {' '.join(notes)}".rstrip()
        )
    return {
        "schema": SCHEMA,
        "baseline": {"run_id": baseline.run_id, "kind": "campaign"},
        "candidate": {"run_id": candidate.run_id, "kind": "campaign"},
        "limit": limit,
        "verdict": verdict_in_words(rows, limit),
        "regressions": [row["sentence"] for row in rows if row["regression"]],
        "differences": [
            {key: getattr(difference, key) for key in ("condition", "what", "then", "now", "free")}
            for difference in found
        ],
        "rows": rows,
        "notes": notes,
    }


def _refuse(baseline: Side, candidate: Side, unlike: Sequence[Difference], *, mark: bool) -> None:
    if unlike and not mark:
        conditions = ", ".join(sorted({difference.condition for difference in unlike}))
        raise CompareError(
            f"{baseline.run_id} and {candidate.run_id} were not measured under the same conditions:\n"
            + "\n".join(f"  {difference.sentence}" for difference in unlike)
            + "\nMeasure one of them again. What was changed on purpose is named in bench_compare_changed "
            f"(here: {conditions}); bench_differences=mark compares all the same and lists the differences."
        )


def _pairs_of_clusters(baseline: Side, candidate: Side) -> list[tuple[str, str]]:
    then, now = baseline.campaign["clusters"], candidate.campaign["clusters"]
    same = [(name, name) for name in now if name in then]
    if not same and len(then) == len(now) == 1:
        return [(then[0], now[0])]
    if not same:
        raise CompareError(
            f"No cluster of {candidate.run_id} ({', '.join(now)}) has the name of one of {baseline.run_id} "
            f"({', '.join(then)}): which belong together is not known."
        )
    return same


def _cluster(baseline: Side, then: str, candidate: Side, now: str, limit: float) -> tuple[list[Row], list[str]]:
    """Return the rows and the notes of a cluster; arms and workloads are those that both campaigns have."""
    rows: list[Row] = []
    notes: list[str] = []
    arms = {name: arm.get("again_of") for name, arm in candidate.arms.items() if name in baseline.arms}
    for workload in candidate.workloads:
        if workload not in baseline.workloads:
            continue
        paces = _paces(baseline, then, workload), _paces(candidate, now, workload)
        if all(paces) and paces[0] != paces[1]:
            ran_at = " and ".join(f"{_paces_in_words(pace)} {when}" for pace, when in zip(paces, WHEN, strict=True))
            notes.append(f"{now} {workload} is not compared: it ran at {ran_at}.")
            continue
        figure = figure_of(next((mode for pace in paces for mode, _target in pace), None))
        for name, again_of in arms.items():
            reference = again_of or candidate.baseline
            about = {"cluster": now, "workload": workload, "arm": name, "again_of": again_of, "figure": figure}
            sides = [
                [by_block(side.runs_in(cluster, workload, arm), figure) for arm in (name, reference)]
                for side, cluster in ((baseline, then), (candidate, now))
            ]
            if name != candidate.baseline:
                costs = [log_ratios(own, references) for own, references in sides]
                rows.append(_row({**about, "kind": "cost", "reference": reference}, costs, limit, judged=not again_of))
            if not again_of:
                judged = name == candidate.baseline
                rates = [_logarithms(own) for own, _references in sides]
                rows.append(_row({**about, "kind": "absolute", "reference": None}, rates, limit, judged=judged))
    return rows, notes + [_doubt(row) for row in rows if row["again_of"] and row["verdict"] in {BETTER, WORSE}]


def _row(about: Mapping[str, Any], logs: Sequence[Sequence[float]], limit: float, *, judged: bool) -> Row:
    then, now = logs
    ratio = welch_ratio(now, then)
    verdict = _verdict(ratio, about["figure"])
    row = {
        **about,
        "baseline_value": _geometric_mean(then),
        "candidate_value": _geometric_mean(now),
        "baseline_blocks": len(then),
        "candidate_blocks": len(now),
        "ratio": ratio.value if ratio else None,
        "ratio_low": ratio.low if ratio else None,
        "ratio_high": ratio.high if ratio else None,
        "change_percent": (ratio.value - 1.0) * 100.0 if ratio else None,
        "has_no_spread": bool(ratio and ratio.has_no_spread),
        "verdict": verdict,
        "judged": judged,
        "regression": judged
        and verdict == WORSE
        and ratio is not None
        and _passes(ratio.value, about["figure"], limit),
    }
    return {**row, "sentence": row_in_words(row, limit)}


def _verdict(ratio: WelchRatio | None, figure: str) -> str:
    verdict: str = BETTER if ratio and (ratio.value > 1.0) == (figure == OP_RATE) else WORSE
    if ratio is None or ratio.holds_one is None or ratio.has_no_spread:
        verdict = CANNOT
    elif ratio.holds_one:
        verdict = NO_DIFFERENCE
    return verdict


def _passes(ratio: float, figure: str, limit: float) -> bool:
    return ratio < 1.0 - limit if figure == OP_RATE else ratio > 1.0 + limit


def _paces(side: Side, cluster: str, workload: str) -> set[tuple[str, float | None]]:
    """Return how a workload's load was paced and at how many operations per second: what latencies depend on."""
    return {(run.rate_mode, run.target) for run in side.runs if (run.cluster, run.workload) == (cluster, workload)}


def _paces_in_words(paces: Iterable[tuple[str, float | None]]) -> str:
    ordered = sorted(paces, key=lambda pace: (pace[0], pace[1] or 0.0))
    return ", ".join(f"{target:g} op/s" if target else mode for mode, target in ordered)


def _notes(baseline: Side, candidate: Side, clusters: Sequence[tuple[str, str]]) -> list[str]:
    """Say what is not compared, and which figures are no measurement."""
    notes = []
    for what, then, now in (
        ("cluster", baseline.campaign["clusters"], candidate.campaign["clusters"]),
        ("arm", baseline.arms, candidate.arms),
        ("workload", baseline.workloads, candidate.workloads),
    ):
        in_pairs = {name for pair in clusters for name in pair} if what == "cluster" else {*then} & {*now}
        for names, side in ((then, baseline), (now, candidate)):
            notes += [
                f"The {what} {name} is in {side.run_id} only: it is not compared."
                for name in sorted(names)
                if name not in in_pairs
            ]
    emulated = sorted({run.arm for side in (baseline, candidate) for run in side.runs if run.emulated})
    notes += [
        f"{arm} ran under software emulation: its figures say how it behaves, not what it costs." for arm in emulated
    ]
    return notes


def _doubt(row: Row) -> str:
    return (
        f"The A/A control shows a change where there is none ({row['sentence'].rstrip('.')}): the hosts were too noisy "
        f"or the blocks are too few, and every change of {row['cluster']} is to be doubted."
    )


def _logarithms(values: ByBlock) -> list[float]:
    return [logarithm(values[block], f"block {block}") for block in sorted(values)]


def _geometric_mean(logs: Sequence[float]) -> float | None:
    return math.exp(math.fsum(logs) / len(logs)) if logs else None
