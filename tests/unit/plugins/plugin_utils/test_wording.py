# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.statistics import Ratio
from ansible_collections.katabench.scylla.plugins.plugin_utils.wording import (
    OP_RATE,
    P99,
    Outcome,
    again_in_words,
    ratio_in_words,
    row_in_words,
    rungs_in_words,
    some_in_words,
    verdict_word,
)

LOWER, HIGHER, EVEN = Ratio(0.5, 0.45, 0.55, 5), Ratio(2.0, 1.8, 2.2, 5), Ratio(1.01, 0.99, 1.03, 5)


@pytest.mark.parametrize(
    ("figure", "ratio", "word"),
    [
        (OP_RATE, LOWER, "slower"),
        (OP_RATE, HIGHER, "faster"),
        (P99, LOWER, "lower latency"),
        (P99, HIGHER, "higher latency"),
        (OP_RATE, EVEN, "no difference shown"),
        (P99, EVEN, "no difference shown"),
        (OP_RATE, Ratio(0.5, None, None, 2), None),
        (OP_RATE, Ratio(0.5, 0.5, 0.5, 3), None),
        (OP_RATE, None, None),
    ],
)
def test_verdict_words(figure, ratio, word):
    assert verdict_word(figure, ratio) == word


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (LOWER, "0.500 times (-50.0 %, 95 % interval 0.450 to 0.550, n = 5 blocks)"),
        (Ratio(0.409, None, None, 1), "0.409 times (-59.1 %; no interval: n = 1 block, at least 3 are needed)"),
        (
            Ratio(1.0, 1.0, 1.0, 4),
            "1.000 times (+0.0 %; no interval: each of 4 blocks gave this ratio, which says nothing of the noise)",
        ),
    ],
)
def test_ratios(ratio, words):
    assert ratio_in_words(ratio) == words


def outcome(**given):
    usual = {
        "figure": OP_RATE,
        "arm": "gvisor",
        "baseline": "runc",
        "emulated": False,
        "ratio": LOWER,
        "replicates_valid": 5,
        "missed": 0,
        "problems": [],
        "excluded": [],
    }
    return Outcome(**{**usual, **given})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, f"{ratio_in_words(LOWER)}"),
        ({"figure": P99, "ratio": HIGHER}, f"p99 latency {ratio_in_words(HIGHER)}"),
        ({"ratio": EVEN}, f"no difference shown: {ratio_in_words(EVEN)}"),
        ({"figure": P99, "ratio": EVEN}, f"no difference shown: p99 latency {ratio_in_words(EVEN)}"),
        ({"missed": 2}, f"{ratio_in_words(LOWER)}, target missed in 2 of 5 replicates"),
        ({"emulated": True, "missed": 1}, f"{ratio_in_words(LOWER)}, emulated, target missed in 1 of 5 replicates"),
        ({"arm": "runc", "ratio": None, "missed": 1}, "is the baseline, target missed in 1 of 5 replicates"),
        ({"ratio": None}, "has no ratio: no block holds a valid cell of both gvisor and runc"),
        ({"replicates_valid": 0, "ratio": None}, "has no valid replicate"),
        ({"replicates_valid": 0, "problems": ["It died.", "So did it."]}, "has no valid replicate (It died)"),
        (
            {"excluded": ["a is b.", "c is d", "e is f", "g is h"], "ratio": None},
            "does not count, as it differs without having declared it (a is b; c is d; e is f; and 1 more)",
        ),
    ],
)
def test_rows(given, words):
    assert row_in_words(outcome(**given)) == words


@pytest.mark.parametrize(
    ("ratios", "holds", "words"),
    [
        ([], None, "No A/A control ran"),
        ([EVEN, EVEN], True, "shows no difference, as it should"),
        ([EVEN, LOWER], False, "too noisy"),
        ([EVEN, None], None, "gives no interval"),
        ([EVEN, Ratio(1.0, None, None, 2)], None, "gives no interval"),
        # Rounded in the last digit, an interval without a width may lie just beside 1.
        ([EVEN, Ratio(math.nextafter(1.0, 2.0), math.nextafter(1.0, 2.0), math.nextafter(1.0, 2.0), 3)], None, "no"),
    ],
)
def test_the_aa_control(ratios, holds, words):
    judged, sentence = again_in_words([("runc-again write", ratio) for ratio in ratios])
    assert judged is holds
    assert words in sentence


def test_a_long_list_is_cut():
    assert some_in_words(["a.", "b"]) == "a; b"
    assert some_in_words(list("abcde")) == "a; b; c; and 2 more"


def rung(name, target, arm, **given):
    usual = {
        "workload": name,
        "arm": arm,
        "emulated": False,
        "figure": P99,
        "rate_of": "read",
        "target_ops_per_s": target,
        "replicates_valid": 5,
        "targets_missed": 0,
        "sentence": "p99 latency 2.000 times",
        "ratio": 2.0,
        "hdr": {"percentiles": {"99": 4.0 if arm == "runc" else 8.0}},
    }
    return {**usual, **given}


def ladder(**kata):
    """Return three rungs; gvisor misses the highest, and `kata` is what the arm kata is in each."""
    return [
        rung(
            name, target, arm, **(kata if arm == "kata" else {"targets_missed": int((arm, target) == ("gvisor", 900))})
        )
        for name, target in (("read@0.9", 900), ("read@0.5", 500), ("read@0.3", 300))
        for arm in ("runc", "gvisor", "kata")
    ]


def test_the_highest_rate_that_every_arm_reached():
    assert rungs_in_words(ladder(), ["gvisor", "kata"], "runc") == [
        "At 500 op/s (read@0.5), the highest rate that every arm reached, against runc: "
        "gvisor p99 latency 2.000 times, 8.0 ms against 4.0 ms over all blocks; "
        "kata p99 latency 2.000 times, 8.0 ms against 4.0 ms over all blocks. "
        "Beyond it, read@0.9: gvisor missed the target."
    ]


def test_an_arm_that_never_ran_does_not_keep_the_others_from_being_compared():
    dead = {"replicates_valid": 0, "ratio": None, "hdr": None, "target_ops_per_s": None, "emulated": True}
    [sentence] = rungs_in_words(ladder(**dead, sentence="has no valid replicate"), ["gvisor", "kata"], "runc")
    assert sentence.startswith("At 500 op/s (read@0.5), the highest rate that every arm reached")
    assert "; kata (emulated) has no valid replicate." in sentence


def test_where_no_rate_was_reached_by_all_it_is_said_who_missed_which():
    [sentence] = rungs_in_words(ladder(targets_missed=5), ["gvisor", "kata"], "runc")
    assert sentence == (
        "At no fixed rate did every arm reach its target, so latencies at one rate do not compare: "
        "read@0.3: kata missed the target; read@0.5: kata missed the target; "
        "read@0.9: gvisor, kata missed the target."
    )


def test_without_whole_histograms_there_are_no_milliseconds():
    rows = ladder()
    for row in rows:
        if row["arm"] == "runc":
            row["hdr"] = {"percentiles": {"99": None}}
    [sentence] = rungs_in_words(rows, ["gvisor"], "runc")
    assert ": gvisor p99 latency 2.000 times. Beyond" in sentence


def test_each_ladder_has_its_sentence():
    rows = [
        *ladder(),
        *(row | {"workload": row["workload"].replace("read", "write"), "rate_of": "write"} for row in ladder()),
    ]
    assert [sentence.split()[3] for sentence in rungs_in_words(rows, ["gvisor"], "runc")] == [
        "(read@0.5),",
        "(write@0.5),",
    ]


def test_a_cluster_without_rates_has_no_such_sentence():
    assert rungs_in_words([rung("read", None, "runc") | {"figure": OP_RATE}], ["gvisor"], "runc") == []
