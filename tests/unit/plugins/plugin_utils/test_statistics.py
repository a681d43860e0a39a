# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.statistics import Ratio, paired_ratio


def test_published_figures_are_59_percent_slower_not_40():
    ratio = paired_ratio({1: 3594}, {1: 8793})
    assert round(ratio.value, 3) == 0.409
    assert round(ratio.change_percent, 1) == -59.1


@pytest.mark.parametrize("blocks", [1, 2])
def test_no_interval_below_three_blocks(blocks):
    rates = {block: 100.0 + block for block in range(blocks)}
    ratio = paired_ratio(rates, rates)
    assert (ratio.value, ratio.low, ratio.high, ratio.blocks) == (1.0, None, None, blocks)
    assert ratio.holds_one is None


def test_interval_against_a_table_of_student_t():
    # Ratios 1/2, 1 and 2: the logarithms' mean is 0, their standard deviation ln 2; t(0.975, 2) is 4.303 in any table.
    ratio = paired_ratio({1: 50, 2: 100, 3: 200}, {1: 100, 2: 100, 3: 100})
    half_width = 4.303 * math.log(2) / math.sqrt(3)
    assert ratio.value == pytest.approx(1)
    assert ratio.high == pytest.approx(math.exp(half_width), rel=1e-3)
    assert ratio.low == pytest.approx(math.exp(-half_width), rel=1e-3)
    assert ratio.blocks == 3


def test_twice_and_half_mirror_each_other():
    fast, slow = {1: 210, 2: 190, 3: 204}, {1: 100, 2: 101, 3: 99}
    there, back = paired_ratio(fast, slow), paired_ratio(slow, fast)
    assert back.value == pytest.approx(1 / there.value)
    assert (back.low, back.high) == (pytest.approx(1 / there.high), pytest.approx(1 / there.low))


def test_only_shared_blocks_are_paired():
    ratio = paired_ratio({1: 50, 2: 50, 4: 1}, {1: 100, 2: 100, 3: 1})
    assert ratio == Ratio(pytest.approx(0.5), None, None, 2)


def test_pairing_takes_out_what_a_block_has_in_common():
    # The host slows down by a third from block to block; within each block both arms are equal to a percent.
    ratio = paired_ratio({1: 900, 2: 606, 3: 400}, {1: 905, 2: 600, 3: 399})
    assert ratio.holds_one
    assert ratio.high - ratio.low < 0.05


def test_no_spread_is_an_interval_of_no_width():
    ratio = paired_ratio({1: 50, 2: 50, 3: 50}, {1: 100, 2: 100, 3: 100})
    assert ratio.low == ratio.high == pytest.approx(0.5)
    assert ratio.holds_one is False


def test_no_shared_block_is_no_ratio():
    assert paired_ratio({1: 50}, {2: 100}) is None
    assert paired_ratio({}, {}) is None


@pytest.mark.parametrize("rate", [0, -1, math.nan, math.inf])
def test_a_rate_without_logarithm_is_refused_with_its_block(rate):
    with pytest.raises(ValueError, match=r"block 2: the rate is .*; a ratio needs a finite rate above zero"):
        paired_ratio({1: 50, 2: rate}, {1: 100, 2: 100})
