# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.ladder import (
    LadderError,
    decide_rates,
    expand_ladders,
    workloads_of,
)

LADDER = {
    "name": "read-ladder",
    "operation": "read",
    "duration_s": 15,
    "threads": 50,
    "ladder": {"of": "read", "fractions": [0.5, "0.9"]},
}
WORKLOADS = [{"name": "write"}, {"name": "read"}, LADDER]


def record(arm: str, read: float, *, valid: bool = True) -> dict:
    failures = [] if valid else [{"class": "errors", "sentence": "12 of 5,000 operations failed."}]
    workloads = [
        {"name": name, "result": {"blocks": [{"total": {"op_rate": rate}}]}, "validity": {"valid": valid}}
        for name, rate in (("write", 900.0), ("read", read))
    ]
    return {"cell": {"arm": arm}, "workloads": workloads, "validity": {"valid": valid, "failures": failures}}


def test_a_ladder_becomes_its_rungs_in_its_place():
    write, read, half, most = expand_ladders(WORKLOADS)
    assert (write, read) == ({"name": "write"}, {"name": "read"})
    assert half == {
        "name": "read@0.5",
        "operation": "read",
        "duration_s": 15,
        "threads": 50,
        "rate": {"mode": "fixed", "of": "read", "fraction": 0.5},
    }
    assert (most["name"], most["rate"]["fraction"]) == ("read@0.9", 0.9)


@pytest.mark.parametrize(
    ("ladder", "words"),
    [
        ({"of": "read", "fractions": []}, "give {of: NAME, fractions: [0.5, …]}"),
        ({"fractions": [0.5]}, "give {of: NAME, fractions: [0.5, …]}"),
        (0.5, "The ladder of the workload 'read-ladder' is 0.5"),
        ({"of": "read", "fractions": [0]}, "has the fraction 0: give a number above 0 and at most 2."),
        ({"of": "read", "fractions": ["half"]}, "has the fraction 'half'"),
        ({"of": "read", "fractions": [50]}, "has the fraction 50"),
    ],
)
def test_what_is_no_ladder_is_refused(ladder, words):
    with pytest.raises(LadderError) as refused:
        expand_ladders([{**LADDER, "ladder": ladder}])
    assert words in str(refused.value)


def test_rates_are_fractions_of_the_slowest_arm_and_the_same_for_all():
    decided = decide_rates(
        "db1", expand_ladders(WORKLOADS), ["runc", "gvisor"], [record("runc", 1529.0), record("gvisor", 874.0)]
    )
    assert decided == {
        "schema": 1,
        "cluster": "db1",
        "maxima": {"read": {"runc": 1529.0, "gvisor": 874.0}},
        "slowest": {"read": "gvisor"},
        "rates": {"read@0.5": 437, "read@0.9": 786},  # 786.6, rounded down
        "left_out": [],
    }


def test_an_arm_whose_pilot_does_not_count_is_left_out_with_its_reason():
    decided = decide_rates(
        "db1",
        expand_ladders(WORKLOADS),
        ["runc", "gvisor", "kata"],
        [record("runc", 1500.0), record("gvisor", 9e9, valid=False)],
    )
    assert decided["rates"]["read@0.5"] == 750
    assert decided["left_out"] == [
        {"arm": "gvisor", "sentence": "12 of 5,000 operations failed."},
        {"arm": "kata", "sentence": "The cell has no record: it has not run to its end."},
    ]


def test_without_any_maximum_there_are_no_rates():
    with pytest.raises(LadderError, match=r"no arm's pilot .* counts\. runc: 12 of 5,000 operations failed"):
        decide_rates("db1", expand_ladders(WORKLOADS), ["runc"], [record("runc", 1500.0, valid=False)])


def test_the_pilot_has_no_rungs_and_other_blocks_have_them_at_their_rates():
    expanded = expand_ladders(WORKLOADS)
    rates = {"read@0.5": 437, "read@0.9": 786}
    assert [workload["name"] for workload in workloads_of(expanded, 0, {})] == ["write", "read"]
    paced = workloads_of(expanded, 1, rates)
    assert [workload["name"] for workload in paced] == ["write", "read", "read@0.5", "read@0.9"]
    assert paced[2]["rate"] == {"mode": "fixed", "of": "read", "fraction": 0.5, "ops_per_s": 437}
    with pytest.raises(LadderError, match=r"The workload 'read@0\.9' has no rate: rates\.json names read@0\.5"):
        workloads_of(expanded, 1, {"read@0.5": 437})
