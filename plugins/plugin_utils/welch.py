# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Compare two sets of blocks that have nothing in common, such as those of two campaigns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.katabench.scylla.plugins.plugin_utils.statistics import (
    CONFIDENCE,
    MINIMUM_BLOCKS,
    NO_SPREAD,
    sample_variance,
    student_t,
)


@dataclass(frozen=True)
class WelchRatio:
    """Ratio of a candidate to a baseline (1.0: equal); `low` and `high` are None when there is no interval."""

    value: float
    low: float | None
    high: float | None
    candidate_blocks: int
    baseline_blocks: int

    @property
    def holds_one(self) -> bool | None:
        """Whether the interval contains 1.0, that is, no difference is shown; None without an interval."""
        if self.low is None or self.high is None:
            return None
        return self.low <= 1.0 <= self.high

    @property
    def has_no_spread(self) -> bool:
        """Whether neither side varied at all: then the interval has no width, and says nothing of the noise."""
        return self.low is not None and self.high is not None and self.high - self.low <= NO_SPREAD * self.value


def welch_ratio(
    candidate: Sequence[float], baseline: Sequence[float], confidence: float = CONFIDENCE
) -> WelchRatio | None:
    """Return the ratio of two independent sets of values from their natural logarithms; None when one set is empty.

    Each value is the logarithm of one block's rate, or of one block's ratio of two arms (finite, else ValueError).
    With means m, sample variances v and numbers n of the candidate (c) and the baseline (b):

        ratio = exp(m_c - m_b)
        interval = exp(m_c - m_b ± t(1 - (1 - confidence) / 2, f) · √(v_c / n_c + v_b / n_b))
        f = (v_c / n_c + v_b / n_b)² / ((v_c / n_c)² / (n_c - 1) + (v_b / n_b)² / (n_b - 1))

    The two may vary differently, and be of different size. Below three blocks on either side there is no interval.
    Sources: Welch, Biometrika 34 (1947) 28; Satterthwaite, Biometrics Bulletin 2 (1946) 110, for f.
    """
    for value in (*candidate, *baseline):
        if not math.isfinite(value):
            raise ValueError(
                f"a logarithm of a rate is {value}; a ratio needs finite ones: leave this cell out as invalid"
            )
    counts = len(candidate), len(baseline)
    if not all(counts):
        return None
    difference = math.fsum(candidate) / counts[0] - math.fsum(baseline) / counts[1]
    if min(counts) < MINIMUM_BLOCKS:
        return WelchRatio(math.exp(difference), None, None, *counts)
    squares = [sample_variance(values) / len(values) for values in (candidate, baseline)]
    half_width = 0.0
    if any(squares):
        freedom = sum(squares) ** 2 / sum(
            square**2 / (count - 1) for square, count in zip(squares, counts, strict=True)
        )
        half_width = student_t((1.0 + confidence) / 2.0, freedom) * math.sqrt(sum(squares))
    return WelchRatio(
        math.exp(difference), math.exp(difference - half_width), math.exp(difference + half_width), *counts
    )
