# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from ansible_collections.katabench.scylla.plugins.plugin_utils.plan import make_plan, most_blocks, plan_of, seed_from

ARMS = ["runc", "runc-again", "gvisor"]


def order(plan: list[dict], cluster: str, block: int) -> list[str]:
    return [cell["arm"] for cell in plan if cell["cluster"] == cluster and cell["block"] == block]


class TestMakePlan:
    def test_a_cell_says_where_it_stands(self):
        assert make_plan(["db1"], ["runc"], 2, seed=1) == [
            {"id": "db1/block-01/runc", "cluster": "db1", "block": 1, "position": 1, "arm": "runc"},
            {"id": "db1/block-02/runc", "cluster": "db1", "block": 2, "position": 1, "arm": "runc"},
        ]

    def test_every_block_holds_every_arm_once(self):
        plan = make_plan(["a", "b"], ARMS, 5, seed=1)
        assert len(plan) == 2 * 5 * 3
        for cluster in ("a", "b"):
            for block in range(1, 6):
                assert sorted(order(plan, cluster, block)) == sorted(ARMS)
        assert [cell["position"] for cell in plan] == [1, 2, 3] * 10

    def test_arms_take_turns_at_every_position(self):
        plan = make_plan(["a"], ARMS, 300, seed=1)
        for arm in ARMS:
            firsts = sum(cell["position"] == 1 for cell in plan if cell["arm"] == arm)
            assert 70 < firsts < 130

    def test_same_seed_same_order_other_seed_other_order(self):
        assert make_plan(["a"], ARMS, 9, seed=7) == make_plan(["a"], ARMS, 9, seed=7)
        assert make_plan(["a"], ARMS, 9, seed=7) != make_plan(["a"], ARMS, 9, seed=8)

    def test_one_more_cluster_or_block_leaves_the_others_as_they_are(self):
        small = make_plan(["b"], ARMS, 4, seed=7)
        large = make_plan(["a", "b", "c"], ARMS, 6, seed=7)
        for block in range(1, 5):
            assert order(large, "b", block) == order(small, "b", block)

    def test_clusters_are_ordered_independently(self):
        plan = make_plan(["a", "b"], ARMS, 9, seed=7)
        assert [order(plan, "a", block) for block in range(1, 10)] != [
            order(plan, "b", block) for block in range(1, 10)
        ]


def test_the_default_seed_is_the_same_everywhere():
    # The first four bytes of: printf 20261122T223000Z | sha256sum
    assert seed_from("20261122T223000Z") == 0x3B6C4681


RUNG = {"name": "read@0.5", "operation": "read", "rate": {"mode": "fixed", "of": "read", "fraction": 0.5}}
WITH_LADDER = {
    "arms": [
        {"name": "runc", "runtime": "runc"},
        {"name": "runc-again", "runtime": "runc", "again_of": "runc"},
        {"name": "gvisor", "runtime": "gvisor"},
    ],
    "workloads": [{"name": "write"}, {"name": "read"}, RUNG],
    "replicates": 2,
}


def test_a_ladder_begins_with_a_pilot_without_repeats():
    plan = plan_of(WITH_LADDER, ["db1", "db2"], seed=7)
    assert sorted(order(plan, "db1", 0)) == ["gvisor", "runc"]
    assert [cell["block"] for cell in plan if cell["cluster"] == "db2"] == [0, 0, 1, 1, 1, 2, 2, 2]
    assert plan[0]["id"].startswith("db1/block-00/")


def test_without_a_ladder_there_is_no_pilot_and_the_order_is_the_same():
    without = {**WITH_LADDER, "workloads": WITH_LADDER["workloads"][:2]}
    cells = plan_of(without, ["db1"], seed=7)
    assert cells == [cell for cell in plan_of(WITH_LADDER, ["db1"], seed=7) if cell["block"] > 0]


def test_blocks_that_may_be_added_are_in_the_plan_and_leave_the_first_ones_as_they_are():
    until = {**WITH_LADDER, "until": {"ratio_ci_width": 0.05, "max_replicates": 5}}
    assert (most_blocks(WITH_LADDER), most_blocks(until)) == (2, 5)
    more = plan_of(until, ["db1"], seed=7)
    assert more[: len(plan_of(WITH_LADDER, ["db1"], seed=7))] == plan_of(WITH_LADDER, ["db1"], seed=7)
    assert max(cell["block"] for cell in more) == 5
