# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Compare an arm with another one block by block: a ratio, and how far it can be trusted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

MINIMUM_BLOCKS = 3
"""Fewer blocks than this give no interval: two points say next to nothing about their spread."""

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Ratio:
    """Ratio of two arms' rates (1.0: equal); `low` and `high` are None when there is no interval."""

    value: float
    low: float | None
    high: float | None
    blocks: int

    @property
    def change_percent(self) -> float:
        """Signed change in percent: a ratio of 0.409 is -59.1."""
        return (self.value - 1.0) * 100.0

    @property
    def holds_one(self) -> bool | None:
        """Whether the interval contains 1.0, that is, no difference is shown; None without an interval."""
        if self.low is None or self.high is None:
            return None
        return self.low <= 1.0 <= self.high


def paired_ratio(
    arm: Mapping[int, float], reference: Mapping[int, float], confidence: float = CONFIDENCE
) -> Ratio | None:
    """Return the ratio of `arm` to `reference`, paired by block, or None when they share no block.

    Both map a block's number to a rate in operations per second (finite and above zero, else ValueError).

    With d_i = ln(arm_i / reference_i) over the n shared blocks, mean m and sample standard deviation s:

        ratio = exp(m)        interval = exp(m ± t(1 - (1 - confidence) / 2, n - 1) · s / √n)

    Pairing takes out what a block's cells have in common (the hour, the neighbours' load); the logarithm makes
    the interval symmetric for "twice" and "half". Sources: Student (1908), "The probable error of a mean";
    Bland and Altman, BMJ 312 (1996) 1153, "The use of transformation when comparing two means", for the way back
    from logarithms; Kalibera and Jones, ISMM 2013, for replicating where the variance arises (a fresh cluster).
    """
    blocks = sorted(set(arm) & set(reference))
    if not blocks:
        return None
    differences = [_logarithm(arm[block], block) - _logarithm(reference[block], block) for block in blocks]
    count = len(differences)
    mean = math.fsum(differences) / count
    if count < MINIMUM_BLOCKS:
        return Ratio(math.exp(mean), None, None, count)
    variance = math.fsum((difference - mean) ** 2 for difference in differences) / (count - 1)
    half_width = _student_t((1.0 + confidence) / 2.0, count - 1) * math.sqrt(variance / count)
    return Ratio(math.exp(mean), math.exp(mean - half_width), math.exp(mean + half_width), count)


def _logarithm(rate: float, block: int) -> float:
    if not (math.isfinite(rate) and rate > 0):
        raise ValueError(
            f"block {block}: the rate is {rate}; a ratio needs a finite rate above zero: leave this cell out as invalid"
        )
    return math.log(rate)


def _student_t(probability: float, degrees_of_freedom: int) -> float:
    # Imported here: ansible-doc and ansible-test load this file in environments without scipy.
    from scipy.special import stdtrit

    return float(stdtrit(degrees_of_freedom, probability))
