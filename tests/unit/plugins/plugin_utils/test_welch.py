# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import pytest
from scipy import stats

from ansible_collections.katabench.scylla.plugins.plugin_utils.welch import welch_ratio

CANDIDATE = [math.log(rate) for rate in (1214, 1261, 1240, 1188)]
BASELINE = [math.log(rate) for rate in (1302, 1120, 1411)]


def test_against_the_test_of_another_library():
    ratio = welch_ratio(CANDIDATE, BASELINE)
    interval = stats.ttest_ind(CANDIDATE, BASELINE, equal_var=False).confidence_interval(0.95)
    assert (ratio.low, ratio.high) == (pytest.approx(math.exp(interval.low)), pytest.approx(math.exp(interval.high)))
    assert ratio.value == pytest.approx(stats.gmean([1214, 1261, 1240, 1188]) / stats.gmean([1302, 1120, 1411]))
    assert (ratio.candidate_blocks, ratio.baseline_blocks, ratio.holds_one) == (4, 3, True)


def test_twice_and_half_mirror_each_other():
    there, back = welch_ratio(CANDIDATE, BASELINE), welch_ratio(BASELINE, CANDIDATE)
    assert (back.low, back.high) == (pytest.approx(1 / there.high), pytest.approx(1 / there.low))


@pytest.mark.parametrize("pair", [(CANDIDATE, BASELINE[:2]), (CANDIDATE[:1], BASELINE)])
def test_no_interval_below_three_blocks_on_either_side(pair):
    ratio = welch_ratio(*pair)
    assert (ratio.low, ratio.high, ratio.holds_one, ratio.has_no_spread) == (None, None, None, False)
    assert (ratio.candidate_blocks, ratio.baseline_blocks) == (len(pair[0]), len(pair[1]))


def test_an_empty_side_is_no_ratio():
    assert welch_ratio([], BASELINE) is None
    assert welch_ratio(CANDIDATE, []) is None


def test_no_spread_on_both_sides_is_an_interval_of_no_width_that_says_so():
    ratio = welch_ratio([math.log(60)] * 3, [math.log(80)] * 4)
    assert (ratio.low, ratio.high) == (pytest.approx(0.75), pytest.approx(0.75))
    assert ratio.has_no_spread


def test_no_spread_on_one_side_leaves_the_others():
    # As a one-sample interval: t(0.975, 2) is 4.303 in any table.
    ratio = welch_ratio([0.0, 0.1, 0.2], [0.0, 0.0, 0.0])
    assert math.log(ratio.high) == pytest.approx(0.1 + 4.303 * 0.1 / math.sqrt(3), rel=1e-3)
    assert not ratio.has_no_spread


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match=r"a logarithm of a rate is .*leave this cell out as invalid"):
        welch_ratio([*CANDIDATE, value], BASELINE)
