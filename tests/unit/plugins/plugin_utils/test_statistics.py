# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.statistics import (
    Ratio,
    bootstrap_interval,
    hodges_lehmann,
    joint_confidence,
    paired_ratio,
    smallest_difference,
)
from ansible_collections.katabench.scylla.tests.unit import simulated_campaigns

# Ratios 1/2, 1 and 2: the logarithms' mean is 0, their standard deviation ln 2.
HALF_TO_TWICE = {1: 50, 2: 100, 3: 200}
LEVEL = {1: 100, 2: 100, 3: 100}
SIMULATIONS = 2000
NOISES = {"normal": simulated_campaigns.normal(), "as sampled": simulated_campaigns.sampled()}


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
    # t(0.975, 2) is 4.303 in any table.
    ratio = paired_ratio(HALF_TO_TWICE, LEVEL)
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


def test_no_spread_is_an_interval_of_no_width_that_says_so():
    ratio = paired_ratio({1: 50, 2: 50, 3: 50}, LEVEL)
    assert ratio.low == ratio.high == pytest.approx(0.5)
    assert ratio.holds_one is False
    assert ratio.has_no_spread


@pytest.mark.parametrize(
    ("arm", "reference", "has_no_spread"),
    [
        # 50/100, 51/102 and 53/106: equal ratios whose logarithms differ in the last digit.
        ({1: 50, 2: 51, 3: 53}, {1: 100, 2: 102, 3: 106}, True),
        ({1: 50000, 2: 50000, 3: 50001}, {1: 100000, 2: 100000, 3: 100000}, False),
        ({1: 50, 2: 50}, {1: 100, 2: 100}, False),
    ],
)
def test_what_counts_as_no_spread(arm, reference, has_no_spread):
    assert paired_ratio(arm, reference).has_no_spread is has_no_spread


def test_no_shared_block_is_no_ratio():
    assert paired_ratio({1: 50}, {2: 100}) is None
    assert paired_ratio({}, {}) is None


@pytest.mark.parametrize("rate", [0, -1, math.nan, math.inf])
def test_a_rate_without_logarithm_is_refused_with_its_block(rate):
    with pytest.raises(ValueError, match=r"block 2: the rate is .*; a ratio needs a finite rate above zero"):
        paired_ratio({1: 50, 2: rate}, {1: 100, 2: 100})


def test_hodges_lehmann_is_the_median_of_the_pairwise_means():
    # Ratios 1, 2 and 8, that is 0, 1 and 3 in powers of two: the means are 0, 0.5, 1, 1.5, 2 and 3, their median 1.25.
    assert hodges_lehmann({1: 100, 2: 200, 3: 800}, LEVEL) == pytest.approx(2**1.25)


def test_hodges_lehmann_is_not_moved_by_a_block_that_went_astray():
    level = dict.fromkeys(range(1, 8), 100)
    astray = {**dict.fromkeys(range(1, 8), 50), 7: 5}
    assert hodges_lehmann(astray, level) == pytest.approx(0.5)
    assert paired_ratio(astray, level).value < 0.4


def test_the_bootstrap_interval_of_three_blocks_is_their_range():
    # One in 27 samples holds the smallest thrice, which is more than the 2.5 % that are cut off.
    assert bootstrap_interval(HALF_TO_TWICE, LEVEL) == (pytest.approx(0.5), pytest.approx(2))


def test_the_bootstrap_interval_of_many_blocks_is_that_of_the_normal_distribution():
    rates = {block: 100 * math.exp(0.01 * (-1) ** block) for block in range(400)}
    low, high = bootstrap_interval(rates, dict.fromkeys(rates, 100))
    assert (math.log(low), math.log(high)) == (pytest.approx(-0.00098, rel=0.05), pytest.approx(0.00098, rel=0.05))


def test_the_bootstrap_interval_is_the_same_every_time():
    rates = {1: 50, 2: 70, 3: 61, 4: 66, 5: 58}
    reference = dict.fromkeys(rates, 100)
    assert bootstrap_interval(rates, reference) == bootstrap_interval(rates, reference)


def test_the_smallest_difference_against_a_table_of_student_t():
    # t(0.975, 2) and t(0.8, 2) are 4.303 and 1.061 in any table; 5.364 · ln 2 / √3 is 2.1466.
    assert smallest_difference(HALF_TO_TWICE, LEVEL) == pytest.approx(88.31, abs=0.02)
    assert smallest_difference(HALF_TO_TWICE, LEVEL, higher_is_worse=True) == pytest.approx(755.6, rel=1e-3)


def test_the_smallest_difference_of_small_spreads_is_the_same_up_and_down():
    arm = {1: 100.0, 2: 100.1, 3: 100.2}
    assert smallest_difference(arm, LEVEL) == pytest.approx(
        smallest_difference(arm, LEVEL, higher_is_worse=True), rel=0.01
    )


@pytest.mark.parametrize("of", [hodges_lehmann, bootstrap_interval, smallest_difference])
def test_no_shared_block_gives_nothing_to_check(of):
    assert of({1: 50}, {2: 100}) is None


@pytest.mark.parametrize("of", [bootstrap_interval, smallest_difference])
def test_two_blocks_give_no_interval_to_check(of):
    assert of({1: 50, 2: 60}, LEVEL) is None


def test_without_spread_the_smallest_difference_is_not_known_and_nothing_fails():
    arm = {1: 50, 2: 50, 3: 50}
    assert smallest_difference(arm, LEVEL) is None
    assert bootstrap_interval(arm, LEVEL) == (pytest.approx(0.5), pytest.approx(0.5))
    assert hodges_lehmann(arm, LEVEL) == pytest.approx(0.5)


@pytest.mark.parametrize("of", [hodges_lehmann, bootstrap_interval, smallest_difference])
def test_no_check_takes_what_has_no_logarithm(of):
    with pytest.raises(ValueError, match="block 2: the rate is nan"):
        of({1: 50, 2: math.nan, 3: 50}, LEVEL)


def test_the_simulated_noise_is_as_large_as_in_the_campaign_it_is_taken_from():
    # Twice three arms in three blocks leave twice (3 - 1) · (3 - 1) degrees of freedom.
    squares = math.fsum(residual**2 for residual in simulated_campaigns.residuals())
    assert math.sqrt(squares / 8) == pytest.approx(simulated_campaigns.CELL_SD, abs=0.0005)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("blocks", [3, 5, 10])
def test_the_interval_holds_the_truth_as_often_as_it_says(blocks, noise):
    assert 0.93 <= simulated_campaigns.coverage(blocks, SIMULATIONS, NOISES[noise]) <= 0.97


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("blocks", [3, 5, 10])
def test_identical_arms_differ_as_seldom_as_it_says(blocks, noise):
    assert 0.03 <= simulated_campaigns.type_1_rate(blocks, SIMULATIONS, NOISES[noise]) <= 0.07


@pytest.mark.parametrize("blocks", [(3, 3), (5, 3), (10, 10)])
def test_identical_campaigns_differ_seldom(blocks):
    assert simulated_campaigns.welch_type_1_rate(blocks, SIMULATIONS, NOISES["normal"]) <= 0.07


@pytest.mark.parametrize("blocks", [3, 5, 10])
def test_the_smallest_difference_is_shown_about_four_times_in_five(blocks):
    # With the quantiles of Student in place of the noncentral distribution: a little less often over three blocks.
    assert 0.74 <= simulated_campaigns.power(blocks, SIMULATIONS, NOISES["normal"]) <= 0.84


def test_stopping_at_a_narrow_interval_costs_coverage_but_not_more_than_is_said():
    # docs and stopping.py say that such an interval holds the truth somewhat less often than 95 %.
    stopped = simulated_campaigns.run_until(
        0.05, SIMULATIONS, simulated_campaigns.normal(simulated_campaigns.QUIET_CELL_SD)
    )
    assert 0.88 <= stopped.coverage < 0.95
    assert stopped.reasons["narrow"] > 0.95


def test_a_host_too_noisy_for_what_is_asked_is_found_out():
    stopped = simulated_campaigns.run_until(0.02, 300, NOISES["normal"])
    assert stopped.reasons["will-not-converge"] > 0.95
    assert stopped.mean_blocks < 6


def test_intervals_that_are_judged_together_are_each_surer():
    assert [round(joint_confidence(count), 6) for count in (0, 1, 2, 5)] == [0.95, 0.95, 0.975, 0.99]
