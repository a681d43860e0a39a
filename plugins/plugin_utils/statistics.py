# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Compare an arm with another one block by block: a ratio, and how far it can be trusted."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import median

MINIMUM_BLOCKS = 3
"""Fewer blocks than this give no interval: two points say next to nothing about their spread."""

CONFIDENCE = 0.95
POWER = 0.8

BOOTSTRAP_SEED = 20180407
BOOTSTRAP_SAMPLES = 4999

# Logarithms of the same ratio, computed from different rates, differ in their last digits; no measured spread does.
NO_SPREAD = 1e-12


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
    def width(self) -> float | None:
        """Distance of the interval's ends; None without an interval."""
        return None if self.low is None or self.high is None else self.high - self.low

    @property
    def holds_one(self) -> bool | None:
        """Whether the interval contains 1.0, that is, no difference is shown; None without an interval."""
        if self.low is None or self.high is None:
            return None
        return self.low <= 1.0 <= self.high

    @property
    def has_no_spread(self) -> bool:
        """Whether every block gave the same ratio: then the interval has no width, and says nothing of the noise.

        Rates that are rounded to whole operations, or copied, look like this; a quiet host does not.
        """
        return self.width is not None and self.width <= NO_SPREAD * self.value


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
    differences = log_ratios(arm, reference)
    if not differences:
        return None
    count = len(differences)
    mean = math.fsum(differences) / count
    if count < MINIMUM_BLOCKS:
        return Ratio(math.exp(mean), None, None, count)
    half_width = student_t((1.0 + confidence) / 2.0, count - 1) * math.sqrt(sample_variance(differences) / count)
    return Ratio(math.exp(mean), math.exp(mean - half_width), math.exp(mean + half_width), count)


def hodges_lehmann(arm: Mapping[int, float], reference: Mapping[int, float]) -> float | None:
    """Return the ratio as the median of all pairwise means of the blocks' log-ratios, or None without a shared block.

    A single block that went astray moves this less than the mean of `paired_ratio`: where the two disagree, look at
    the blocks. Source: Hodges and Lehmann, Annals of Mathematical Statistics 34 (1963) 598.
    """
    differences = log_ratios(arm, reference)
    if not differences:
        return None
    means = [(differences[i] + differences[j]) / 2 for i in range(len(differences)) for j in range(i, len(differences))]
    return math.exp(median(means))


def joint_confidence(count: int) -> float:
    """Return the confidence of each of `count` intervals that all together hold their truths with CONFIDENCE.

    Bonferroni's bound. Source: Dunn, "Multiple comparisons among means", JASA 56 (1961) 52.
    """
    return 1.0 - (1.0 - CONFIDENCE) / max(count, 1)


def bootstrap_interval(
    arm: Mapping[int, float], reference: Mapping[int, float], confidence: float = CONFIDENCE
) -> tuple[float, float] | None:
    """Return the percentile bootstrap interval of the ratio, or None below three shared blocks.

    A cross-check that assumes no form of the noise. It resamples few blocks, so it is narrower than Student's
    interval and covers less (benchmarks/intervals.py prints how much less): it never takes that one's place. The
    draws are the same every time. Source: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13.
    """
    differences = log_ratios(arm, reference)
    count = len(differences)
    if count < MINIMUM_BLOCKS:
        return None
    means = sorted(
        math.fsum(differences[place] for place in places) / count
        for places, times in _resamples(count).items()
        for _time in range(times)
    )
    cut = round((BOOTSTRAP_SAMPLES + 1) * (1.0 - confidence) / 2.0)
    return math.exp(means[cut - 1]), math.exp(means[-cut])


@cache
def _resamples(count: int) -> Counter[tuple[int, ...]]:
    """Return how often each choice of places was drawn; few blocks have few choices, whatever was measured in them."""
    # Of a seeded generator only random() is promised to give the same sequence in every Python.
    draw = random.Random(BOOTSTRAP_SEED).random
    return Counter(tuple(sorted(int(draw() * count) for _draw in range(count))) for _sample in range(BOOTSTRAP_SAMPLES))


def smallest_difference(
    arm: Mapping[int, float],
    reference: Mapping[int, float],
    confidence: float = CONFIDENCE,
    power: float = POWER,
    *,
    higher_is_worse: bool = False,
) -> float | None:
    """Return the smallest worsening, in percent, that this many blocks with this spread show with this power.

    A rate worsens by falling, a latency (`higher_is_worse`) by rising. None below three shared blocks, and where
    every block gave the same ratio: then the spread is not known. With s and n as in `paired_ratio`:

        smallest = 1 - exp(-d)  or  exp(d) - 1
        d = (t(1 - (1 - confidence) / 2, n - 1) + t(power, n - 1)) · s / √n

    This is for planning, not for judging what was found: it takes the spread found as the true one. Source: Snedecor
    and Cochran, "Statistical Methods" (1989), on sample size, with Student's quantiles as the spread is estimated.
    """
    ratio, differences = paired_ratio(arm, reference, confidence), log_ratios(arm, reference)
    count = len(differences)
    if ratio is None or count < MINIMUM_BLOCKS or ratio.has_no_spread:
        return None
    quantiles = student_t((1.0 + confidence) / 2.0, count - 1) + student_t(power, count - 1)
    difference = quantiles * math.sqrt(sample_variance(differences) / count)
    return 100.0 * (math.expm1(difference) if higher_is_worse else -math.expm1(-difference))


def log_ratios(arm: Mapping[int, float], reference: Mapping[int, float]) -> list[float]:
    """Return ln(arm / reference) of each shared block, by block; ValueError for a rate that has no logarithm."""
    return [
        logarithm(arm[block], f"block {block}") - logarithm(reference[block], f"block {block}")
        for block in sorted(set(arm) & set(reference))
    ]


def logarithm(rate: float, place: str) -> float:
    """Return a rate's natural logarithm; ValueError, which names the place, unless it is finite and above zero."""
    if not (math.isfinite(rate) and rate > 0):
        raise ValueError(
            f"{place}: the rate is {rate}; a ratio needs a finite rate above zero: leave this cell out as invalid"
        )
    return math.log(rate)


def sample_variance(values: Sequence[float]) -> float:
    """Return the sample variance, with n - 1, of two or more values."""
    mean = math.fsum(values) / len(values)
    return math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)


def student_t(probability: float, degrees_of_freedom: float) -> float:
    """Return the quantile of Student's t distribution."""
    # Imported here: ansible-doc and ansible-test load this file in environments without scipy.
    from scipy.special import stdtrit

    return float(stdtrit(degrees_of_freedom, probability))
