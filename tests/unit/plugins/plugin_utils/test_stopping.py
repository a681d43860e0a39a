# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.stopping import decide, measured_minutes, until_faults
from ansible_collections.katabench.scylla.tests.unit import campaign_folder

# The intervals of campaign_folder.RATES, computed with another library (scipy.stats.t.interval).
WRITE = (0.46249, 0.55014)
READ = (0.52476, 0.63490)


def measure(blocks: int = 3, until: dict | None = None, rates: dict = campaign_folder.RATES, **settings):
    """Return the settings and the records of a campaign with so many finished blocks."""
    campaign = campaign_folder.campaign(blocks)
    return campaign["settings"] | {"until": until, **settings}, campaign_folder.records(campaign, rates)


def until(width: float = 0.1, most: int = 20, **more) -> dict:
    return {"ratio_ci_width": width, "max_replicates": most, **more}


def gvisor_rates(*rates: float) -> dict:
    """Return rates by workload, arm and block: a level baseline, and gVisor's under both workloads."""
    arms = {"runc": [1000.0] * len(rates), "runc-again": [1000.0] * len(rates), "gvisor": list(rates)}
    return {(workload, arm): given for workload in ("write", "read") for arm, given in arms.items()}


def test_without_until_it_goes_on_to_the_planned_number():
    settings, records = measure()
    first = decide(settings, records, 2)
    assert (first["go_on"], first["reason"]) == (True, None)
    assert first["sentence"] == "Goes on after 2 blocks: 3 blocks come first, 2 are done."
    last = decide(settings, records, 3)
    assert (last["go_on"], last["reason"], last["blocks"]) == (False, "planned", 3)
    assert last["sentence"] == "Stopped after 3 blocks: as many as were planned."


def test_one_planned_block_is_enough_without_until():
    settings, records = measure(1, replicates=1)
    assert decide(settings, records, 1)["sentence"] == "Stopped after 1 block: as many as were planned."


def test_it_stops_when_every_interval_is_narrow():
    settings, records = measure(until=until(0.12))
    decision = decide(settings, records, 3)
    assert (decision["go_on"], decision["reason"]) == (False, "narrow")
    assert decision["sentence"] == (
        "Stopped after 3 blocks: the widest 95 % interval is that of gvisor read, 0.525 to 0.635, 0.110 wide; "
        "0.12 is asked."
    )
    assert [(width["arm"], width["workload"], width["blocks"]) for width in decision["widths"]] == [
        ("gvisor", "write", 3),
        ("gvisor", "read", 3),
    ]
    for width, expected in zip(decision["widths"], (WRITE, READ), strict=True):
        assert (width["low"], width["high"]) == (
            pytest.approx(expected[0], abs=1e-4),
            pytest.approx(expected[1], abs=1e-4),
        )
        assert width["width"] == pytest.approx(expected[1] - expected[0], abs=1e-4)


def test_one_wide_interval_is_enough_to_go_on():
    # Between the two widths, 0.0877 and 0.1101.
    settings, records = measure(until=until(0.1))
    decision = decide(settings, records, 3)
    assert (decision["go_on"], decision["reason"]) == (True, None)
    assert decision["sentence"] == (
        "Goes on after 3 blocks: the widest 95 % interval is that of gvisor read, 0.525 to 0.635, 0.110 wide; "
        "0.1 is asked."
    )


def test_with_until_there_are_at_least_three_blocks_however_few_were_planned():
    settings, records = measure(2, until=until(5), replicates=1)
    assert decide(settings, records, 2)["sentence"] == "Goes on after 2 blocks: 3 blocks come first, 2 are done."


def test_the_planned_blocks_come_first_even_if_narrow():
    settings, records = measure(until=until(5), replicates=4)
    assert decide(settings, records, 3)["go_on"]


def test_it_stops_at_the_largest_number():
    settings, records = measure(until=until(0.09, most=3))
    decision = decide(settings, records, 3)
    assert decision["reason"] == "max-replicates"
    assert decision["sentence"] == (
        "Stopped after 3 blocks: no more are allowed; the widest 95 % interval is that of gvisor read, 0.525 to 0.635, "
        "0.110 wide; 0.09 is asked."
    )


def test_it_stops_when_the_cells_took_too_long():
    # Nine cells of two minutes.
    settings, records = measure(until=until(0.09, max_minutes=18))
    decision = decide(settings, records, 3)
    assert decision["reason"] == "max-minutes"
    assert "the cells took 18 minutes of the 18 that are allowed; the widest" in decision["sentence"]
    settings["until"]["max_minutes"] = 18.1
    assert decide(settings, records, 3)["go_on"]


def test_it_stops_when_the_spread_is_too_large_for_the_largest_number():
    # ln(ratio) is -0.5, -0.1 and -0.3: s = 0.2, and at least 0.2 · √(2 / 5.991) = 0.1156 (chi-square, 95 %, n - 1 = 2).
    # Over 20 blocks, t is 2.093: half a width 2.093 · 0.1156 / √20 = 0.0541, 2 · exp(-0.3) · sinh(0.0541) = 0.0802.
    rates = gvisor_rates(*(1000 * math.exp(logarithm) for logarithm in (-0.5, -0.1, -0.3)))
    settings, records = measure(until=until(0.080), rates=rates)
    decision = decide(settings, records, 3)
    assert decision["reason"] == "will-not-converge"
    assert decision["sentence"].startswith(
        "Stopped after 3 blocks: gvisor write varies so much that 20 blocks would leave its interval at least 0.080 "
        "wide; the widest 95 % interval is that of gvisor write, 0.451 to 1.218"
    )
    settings["until"]["ratio_ci_width"] = 0.081
    assert decide(settings, records, 3)["go_on"]


def test_equal_ratios_are_narrow_and_the_sentence_says_what_that_is_worth():
    settings, records = measure(until=until(0.01), rates=gvisor_rates(500, 500, 500))
    decision = decide(settings, records, 3)
    assert (decision["reason"], decision["widths"][0]["width"]) == ("narrow", 0)
    assert "0.000 wide as every block gave the same ratio, which says nothing of the noise" in decision["sentence"]


def test_the_repeated_baseline_and_fixed_rates_are_not_waited_for():
    settings, records = measure(until=until())
    settings["workloads"][1]["rate"] = {"mode": "fixed", "of": "read", "fraction": 0.5}
    settings["workloads"][0]["rate"] = {"mode": "closed"}
    assert [(width["arm"], width["workload"]) for width in decide(settings, records, 3)["widths"]] == [
        ("gvisor", "write")
    ]


def test_arms_and_workloads_may_be_plain_names():
    settings, records = measure(until=until(0.12), arms=["runc", "gvisor"], workloads=["write", "read"])
    assert decide(settings, records, 3)["reason"] == "narrow"


def test_without_an_arm_to_compare_the_planned_number_is_enough():
    settings, records = measure(until=until())
    settings["arms"] = settings["arms"][:2]
    decision = decide(settings, records, 3)
    assert (decision["reason"], decision["widths"]) == ("planned", [])
    assert "no arm is compared in a closed loop" in decision["sentence"]


def test_a_missing_replicate_is_waited_for():
    settings, records = measure(until=until(5))
    spoilt = next(record for record in records if record["cell"]["id"] == "db1/block-02/gvisor")
    campaign_folder.spoil(spoilt, "errors", "12 errors.")
    decision = decide(settings, records, 3)
    assert decision["go_on"]
    assert decision["sentence"] == (
        "Goes on after 3 blocks: gvisor write has no interval yet (2 valid pairs); 5 is asked."
    )


def test_too_few_pairs_for_an_interval_within_the_largest_number_end_it():
    settings, records = measure(until=until(5, most=4), replicates=3)
    for record in records:
        if record["cell"]["arm"] == "gvisor" and record["cell"]["block"] < 3:
            campaign_folder.spoil(record, "errors", "12 errors.")
    decision = decide(settings, records, 3)
    assert decision["reason"] == "will-not-converge"
    assert "gvisor write can have 2 valid pairs at most, too few for an interval" in decision["sentence"]


def test_an_arm_that_never_finished_is_named_and_not_waited_for():
    campaign, records = campaign_folder.kata_campaign()
    for record in records:
        if record["cell"]["arm"] == "kata":
            campaign_folder.spoil(record, "cluster-start", "No node came up.")
    decision = decide(campaign["settings"] | {"until": until(5)}, records, 3)
    assert decision["reason"] == "narrow"
    assert decision["sentence"].endswith("Not waited for, as there is no valid pair: kata write, kata read.")


def test_nothing_valid_at_all_ends_it():
    settings, records = measure(until=until())
    for record in records:
        campaign_folder.spoil(record, "provisioning", "The host is gone.")
    decision = decide(settings, records, 3)
    assert decision["reason"] == "will-not-converge"
    assert decision["sentence"] == (
        "Stopped after 3 blocks: no compared arm has a valid pair (gvisor write, gvisor read)."
    )


@pytest.mark.parametrize("rate", [math.nan, math.inf, 0, None])
def test_a_rate_that_is_no_figure_is_a_missing_replicate(rate):
    rates = gvisor_rates(500, 510, 505)
    settings, records = measure(until=until(5), rates=rates)
    gvisor = next(record for record in records if record["cell"]["id"] == "db1/block-02/gvisor")
    gvisor["workloads"][0]["result"]["blocks"][0]["total"]["op_rate"] = rate
    assert [width["blocks"] for width in decide(settings, records, 3)["widths"]] == [2, 3]


def test_the_pilot_and_later_blocks_do_not_enter():
    settings, records = measure(until=until())
    pilot = [record | {"cell": record["cell"] | {"block": 0}} for record in records[:3]]
    assert decide(settings, records, 2)["widths"][0]["blocks"] == 2
    assert decide(settings, [*pilot, *records], 3)["widths"] == decide(settings, records, 3)["widths"]


def test_minutes_are_summed_and_a_clock_that_jumped_back_counts_as_nothing():
    records = [
        {"started_at": "2026-11-22T22:31:00Z", "finished_at": "2026-11-22T22:33:30Z"},
        {"started_at": "2026-11-22T22:40:00Z", "finished_at": "2026-11-22T21:50:00Z"},
        {"started_at": "2026-11-22T23:59:30Z", "finished_at": "2026-11-23T00:00:30.5+00:00"},
    ]
    assert measured_minutes(records) == pytest.approx(3.5 + 0.5 / 60)
    assert measured_minutes([]) == 0


@pytest.mark.parametrize("given", [None, until(), until(0.05, 3), until(0.05, 20, max_minutes=240)])
def test_until_as_it_should_be(given):
    assert until_faults(given, 3) == []


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        (5, ["until is 5: give a dictionary with ratio_ci_width and max_replicates, or null."]),
        (
            {"ratio_ci_width": 0, "max_replicates": 2.5},
            [
                "until.ratio_ci_width is 0: give the width asked for, a number above 0 such as 0.05.",
                "until.max_replicates is 2.5: give a whole number of at least 5, the blocks that come first "
                "(replicates, and at least 3 for an interval).",
            ],
        ),
        (
            until(0.05, 4),
            [
                "until.max_replicates is 4: give a whole number of at least 5, the blocks that come first "
                "(replicates, and at least 3 for an interval)."
            ],
        ),
        (until(max_minutes=0), ["until.max_minutes is 0: give a number above 0, or leave it out."]),
        (until(max_minutes=True), ["until.max_minutes is True: give a number above 0, or leave it out."]),
        (until(math.nan), ["until.ratio_ci_width is nan: give the width asked for, a number above 0 such as 0.05."]),
        (
            until(ratio_width=1),
            [
                "until has the key 'ratio_width', which is not known: there are ratio_ci_width, max_replicates, "
                "max_minutes."
            ],
        ),
    ],
)
def test_faults_of_until_in_sentences(given, faults):
    assert until_faults(given, 5) == faults


def test_at_least_three_blocks_must_be_allowed():
    assert "at least 3, the blocks that come first" in until_faults(until(0.05, 2), 1)[0]
