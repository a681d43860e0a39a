# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Compare a campaign with the figures published in 2018: single runs, so that no change can be shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.compare_side import CompareError, Side
from ansible_collections.katabench.scylla.plugins.plugin_utils.compare_words import CANNOT, PUBLISHED, percent
from ansible_collections.katabench.scylla.plugins.plugin_utils.statistics import paired_ratio
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary_rows import by_block, figure_of
from ansible_collections.katabench.scylla.plugins.plugin_utils.wording import OP_RATE, ratio_in_words

SCHEMA = 1

NAME = "published-2018"
"""What stands for these figures where a campaign is named."""

REFERENCE = "runc"
# The tuned virtual machine was published with its data on two kinds of storage, and without runc beside it.
PUBLISHED_ARMS = {"kata": ("kata",), "kata-tuned": ("kata-tuned-9p", "kata-tuned-local")}


def compare_published(published: Mapping[str, Any], candidate: Side, limit: float) -> dict[str, Any]:
    """Return how a campaign's costs compare with the published ones, in the form of compare.py (schema 1).

    `published` is the content of report_page/published-2018.yml. Its rows are costs, the op rate of kata or kata-tuned
    over that of runc, with the published one as `baseline_value`; `candidate_low` and `candidate_high` are the
    measured cost's interval. As the published side has none, `ratio` has none either, and nothing is a regression.
    Raises CompareError when the campaign has no arm to compare.
    """
    names = [name for name in PUBLISHED_ARMS if name in candidate.arms]
    if not names or REFERENCE not in candidate.arms:
        raise CompareError(
            f"There is nothing to compare: the figures of 2018 are of {REFERENCE} and {', '.join(PUBLISHED_ARMS)}, and "
            f"{candidate.run_id} has {', '.join(candidate.arms)}."
        )
    rates = {(cell["arm"], cell["workload"]): float(cell["op_rate"]) for cell in published["cells"]}
    rows = [
        row
        for cluster in candidate.campaign["clusters"]
        for workload in candidate.workloads
        if (REFERENCE, workload) in rates
        for name in names
        for row in _rows(rates, candidate, cluster, workload, name)
    ]
    if not rows:
        raise CompareError(
            f"There is nothing to compare: {candidate.run_id} has no block with valid cells of both {REFERENCE} and "
            f"{' or '.join(names)} under a workload of 2018."
        )
    return {
        "schema": SCHEMA,
        "baseline": {"run_id": NAME, "kind": PUBLISHED},
        "candidate": {"run_id": candidate.run_id, "kind": "campaign"},
        "limit": limit,
        "verdict": f"Figures without an interval: a regression past {percent(limit)} {CANNOT}.",
        "regressions": [],
        "differences": [],
        "rows": rows,
        "notes": [f"The figures of 2018 ({published['host']}): {' '.join(published['caution'].split())}"],
    }


def _rows(
    rates: Mapping[tuple[str, str], float], candidate: Side, cluster: str, workload: str, name: str
) -> Iterator[dict[str, Any]]:
    arm, reference = candidate.runs_in(cluster, workload, name), candidate.runs_in(cluster, workload, REFERENCE)
    if figure_of(next((run.rate_mode for run in arm), None)) != OP_RATE:
        return
    cost = paired_ratio(by_block(arm, OP_RATE), by_block(reference, OP_RATE))
    if cost is None:
        return
    for published_name in PUBLISHED_ARMS[name]:
        published = rates[published_name, workload] / rates[REFERENCE, workload]
        ratio = cost.value / published
        emulated = " (emulated)" if any(run.emulated for run in arm) else ""
        yield {
            "cluster": cluster,
            "workload": workload,
            "arm": name,
            "again_of": None,
            "figure": OP_RATE,
            "kind": "cost",
            "reference": REFERENCE,
            "published_arm": published_name,
            "baseline_value": published,
            "candidate_value": cost.value,
            "candidate_low": cost.low,
            "candidate_high": cost.high,
            "baseline_blocks": 1,
            "candidate_blocks": cost.blocks,
            "ratio": ratio,
            "ratio_low": None,
            "ratio_high": None,
            "change_percent": (ratio - 1.0) * 100.0,
            "has_no_spread": cost.has_no_spread,
            "verdict": CANNOT,
            "judged": False,
            "regression": False,
            "sentence": (
                f"{cluster} {workload}: op rate of {name}{emulated} against {REFERENCE}: {published:.3f} times was "
                f"published for {published_name} (one run, no interval), now {ratio_in_words(cost)}: a change {CANNOT}."
            ),
        }
