# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from ansible_collections.katabench.scylla.plugins.plugin_utils.plan import make_plan
from ansible_collections.katabench.scylla.plugins.plugin_utils.plan_words import plan_lines

ARMS = ["runc", "runc-again", "gvisor"]
SETTINGS = {
    "profile": "local",
    "profile_catalogue_names": ["local", "smoke", "blog-2018"],
    "arms": [{"name": "runc", "runtime": "runc"}, {"name": "gvisor", "runtime": "gvisor"}],
    "arm_catalogue_names": ARMS,
    "workloads": [{"name": "write", "operation": "write"}, {"name": "read@600", "operation": "read"}],
    "workload_catalogue_names": ["write", "read", "read@600"],
    "replicates": 3,
    "baseline": "runc",
}


def order(plan: list[dict], cluster: str, block: int) -> list[str]:
    return [cell["arm"] for cell in plan if cell["cluster"] == cluster and cell["block"] == block]


def test_plan_lines_with_a_seed_show_the_order_that_the_campaign_will_have():
    lines = plan_lines({**SETTINGS, "replicates": 2}, ["db1"], seed=7)
    plan = make_plan(["db1"], ["runc", "gvisor"], 2, seed=7)
    assert lines == [
        "4 cells: clusters 1, blocks 2, arms 2",
        "workloads of a cell, in order: write, read@600",
        "compared with the baseline runc",
        f"db1/block-01: {', '.join(order(plan, 'db1', 1))}",
        f"db1/block-02: {', '.join(order(plan, 'db1', 2))}",
    ]


def test_plan_lines_without_a_seed_pretend_no_order():
    assert plan_lines(SETTINGS, ["db1"], seed=None)[-1] == (
        "db1: runc, gvisor in each block, in an order that is drawn when the campaign begins"
    )


def test_arms_that_join_where_the_hosts_are_able_have_a_line_of_their_own():
    settings = {**SETTINGS, "arms_where_able": ["runc-again"]}
    lines = plan_lines(settings, ["db1", "db2"], seed=7)
    assert lines[0] == "12 cells: clusters 2, blocks 3, arms 2"
    assert lines[3] == "runc-again: where the host's checks pass, 6 more cells"
    assert lines[:3] + lines[4:] == plan_lines(SETTINGS, ["db1", "db2"], seed=7)


def test_a_ladder_shows_its_pilot_and_an_open_end_its_rule():
    rung = {"name": "read@0.5", "rate": {"mode": "fixed", "of": "read", "fraction": 0.5}}
    settings = {
        "arms": ["runc", "gvisor"],
        "workloads": ["write", "read", rung],
        "replicates": 3,
        "baseline": "runc",
        "until": {"ratio_ci_width": 0.05, "max_replicates": 20},
    }
    assert plan_lines(settings, ["db1"], seed=7)[:3] == [
        "42 cells: clusters 1, blocks 3 to 20, until every ratio's interval is 0.05 wide or narrower, arms 2",
        "2 of them are the pilot (block 0), which finds the maximum that the ladder's rates are fractions of",
        "workloads of a cell, in order: write, read, read@0.5",
    ]
