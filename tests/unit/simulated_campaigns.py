# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Campaigns whose truth is known, to see how often the intervals hold it: for a test and for benchmarks/intervals.py.

A cell's rate is exp(arm + block + cell): the arm's truth, what a block's cells have in common, and what each fresh
cluster adds. How much, is taken from the op rates of a real campaign on a shared machine of two processors (OP_RATES):
a two-way analysis of variance of their logarithms. The figures published in 2018 are single runs, and an interval row
of cassandra-stress is no replicate, so no spread can be taken from those.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.statistics import (
    Ratio,
    bootstrap_interval,
    hodges_lehmann,
    paired_ratio,
    smallest_difference,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.stopping import decide
from ansible_collections.katabench.scylla.plugins.plugin_utils.welch import welch_ratio

# Operations per second of blocks 1 to 3, from the records of the campaign that docs/example showed in version 0.2.0.
OP_RATES = {
    "write": {"runc": (942, 983, 944), "runc-again": (818, 971, 962), "gvisor": (591, 592, 480)},
    "read": {"runc": (767, 894, 872), "runc-again": (982, 978, 1023), "gvisor": (554, 612, 493)},
}

# Standard deviations of logarithms. A cell's is √ of the mean residual square, 0.00784 (write 0.00899, read 0.00668,
# four degrees of freedom each). A block's is the spread of the blocks' means, √(0.00608 / 3): an upper bound, as it
# holds the cells' noise too, which alone would give more.
CELL_SD = 0.0885
BLOCK_SD = 0.045

# The ratio and the rate that gVisor had there.
TRUTH = 0.6
RATE = 900.0

# A spread below which 0.05 can be reached within 20 blocks; above, it cannot.
QUIET_CELL_SD = 0.03

Noise = Callable[[random.Random], float]
Rates = dict[int, float]


@dataclass(frozen=True)
class Stopped:
    """What came of campaigns that ran until their intervals were narrow."""

    coverage: float
    narrow_coverage: float | None
    mean_blocks: float
    reasons: dict[str, float]


def normal(cell_sd: float = CELL_SD) -> Noise:
    """Return normal noise of a cell."""
    return lambda draw: draw.gauss(0.0, cell_sd)


def sampled() -> Noise:
    """Return noise drawn from the residuals themselves, which are not normal, scaled to the same spread."""
    left = residuals()
    scale = CELL_SD / math.sqrt(_mean(residual**2 for residual in left))
    return lambda draw: scale * draw.choice(left)


def residuals() -> list[float]:
    """Return what is left of the logarithms of OP_RATES without the arms' and the blocks' means."""
    left = []
    for arms in OP_RATES.values():
        logs = [[math.log(rate) for rate in rates] for rates in arms.values()]
        total = _mean(value for row in logs for value in row)
        of_block = [_mean(column) for column in zip(*logs, strict=True)]
        left += [row[block] - _mean(row) - of_block[block] + total for row in logs for block in range(len(row))]
    return left


def simulate(draw: random.Random, blocks: int, truth: float, noise: Noise) -> tuple[Rates, Rates]:
    """Return the rates by block of an arm, whose true ratio to the reference is `truth`, and of the reference."""
    arm, reference = {}, {}
    for block in range(1, blocks + 1):
        common = draw.gauss(0.0, BLOCK_SD)
        arm[block] = RATE * truth * math.exp(common + noise(draw))
        reference[block] = RATE * math.exp(common + noise(draw))
    return arm, reference


def coverage(blocks: int, simulations: int, noise: Noise, truth: float = TRUTH, seed: int = 1) -> float:
    """Return the share of simulated campaigns whose 95 % interval holds the truth."""
    return _share(_holds(paired_ratio(*pair), truth) for pair in _simulated(blocks, simulations, truth, noise, seed))


def type_1_rate(blocks: int, simulations: int, noise: Noise, seed: int = 2) -> float:
    """Return the share of simulated campaigns that show a difference between identical arms."""
    return _share(paired_ratio(*pair).holds_one is False for pair in _simulated(blocks, simulations, 1.0, noise, seed))


def power(blocks: int, simulations: int, noise: Noise, seed: int = 3) -> float:
    """Return the share of campaigns that show a slowdown as large as `smallest_difference` calls the smallest."""
    # Equally spaced, with exactly the standard deviation that a difference of two cells has.
    step = math.sqrt(2.0) * CELL_SD / math.sqrt(blocks * (blocks + 1) / 12.0)
    exact = {block: math.exp(step * block) for block in range(blocks)}
    percent = smallest_difference(exact, dict.fromkeys(exact, 1.0))
    truth = 1.0 - percent / 100.0
    return _share(
        paired_ratio(*pair).holds_one is False for pair in _simulated(blocks, simulations, truth, noise, seed)
    )


def bootstrap_coverage(blocks: int, simulations: int, noise: Noise, seed: int = 1) -> float:
    """Return the share of simulated campaigns whose bootstrap interval holds the truth."""
    intervals = (bootstrap_interval(*pair) for pair in _simulated(blocks, simulations, TRUTH, noise, seed))
    return _share(low <= TRUTH <= high for low, high in intervals)


def estimate_errors(blocks: int, simulations: int, noise: Noise, seed: int = 1) -> tuple[float, float]:
    """Return the root mean square error, in logarithms, of the mean's ratio and of Hodges and Lehmann's."""
    pairs = list(_simulated(blocks, simulations, TRUTH, noise, seed))
    errors = [
        [math.log(estimate / TRUTH) ** 2 for estimate in estimates]
        for estimates in ((paired_ratio(*pair).value for pair in pairs), (hodges_lehmann(*pair) for pair in pairs))
    ]
    return math.sqrt(_mean(errors[0])), math.sqrt(_mean(errors[1]))


def welch_type_1_rate(blocks: tuple[int, int], simulations: int, noise: Noise, seed: int = 4) -> float:
    """Return the share of pairs of identical campaigns, of so many blocks, between which a difference is shown."""
    draw = random.Random(seed)

    def log_ratios(count: int) -> list[float]:
        arm, reference = simulate(draw, count, TRUTH, noise)
        return [math.log(arm[block] / reference[block]) for block in arm]

    ratios = (welch_ratio(log_ratios(blocks[0]), log_ratios(blocks[1])) for _simulation in range(simulations))
    return _share(ratio.holds_one is False for ratio in ratios)


def run_until(asked: float, simulations: int, noise: Noise, first: int = 3, most: int = 20, seed: int = 5) -> Stopped:
    """Let simulated campaigns of one arm run until `asked`, by the rule of stopping.py, and see what they hold."""
    settings = {
        "arms": [{"name": "runc"}, {"name": "gvisor"}],
        "workloads": [{"name": "write"}],
        "baseline": "runc",
        "replicates": first,
        "until": {"ratio_ci_width": asked, "max_replicates": most},
    }
    draw = random.Random(seed)
    held, blocks, reasons = [], [], []
    for _simulation in range(simulations):
        arm, reference = simulate(draw, most, TRUTH, noise)
        records = [
            _record(name, block, rates[block])
            for block in range(1, most + 1)
            for name, rates in (("gvisor", arm), ("runc", reference))
        ]
        decision = next(
            decided
            for block in range(first, most + 1)
            if not (decided := decide(settings, records[: 2 * block], block))["go_on"]
        )
        width = decision["widths"][0]
        held.append(width["low"] <= TRUTH <= width["high"])
        blocks.append(decision["blocks"])
        reasons.append(decision["reason"])
    narrow = [holds for holds, reason in zip(held, reasons, strict=True) if reason == "narrow"]
    return Stopped(
        coverage=_share(held),
        narrow_coverage=_share(narrow) if narrow else None,
        mean_blocks=_mean(blocks),
        reasons={reason: count / simulations for reason, count in sorted(Counter(reasons).items())},
    )


def _simulated(blocks: int, simulations: int, truth: float, noise: Noise, seed: int) -> Any:
    draw = random.Random(seed)
    return (simulate(draw, blocks, truth, noise) for _simulation in range(simulations))


def _holds(ratio: Ratio, truth: float) -> bool:
    return ratio.low <= truth <= ratio.high


def _record(arm: str, block: int, op_rate: float) -> dict[str, Any]:
    """Return as much of a record as stopping.py reads."""
    return {
        "cell": {"arm": arm, "block": block},
        "validity": {"valid": True},
        "started_at": "2026-11-22T22:31:00Z",
        "finished_at": "2026-11-22T22:33:00Z",
        "workloads": [
            {"name": "write", "validity": {"valid": True}, "result": {"blocks": [{"total": {"op_rate": op_rate}}]}}
        ],
    }


def _share(answers: Any) -> float:
    return _mean(list(answers))


def _mean(values: Any) -> float:
    listed: Sequence[float] = list(values)
    return math.fsum(listed) / len(listed)
