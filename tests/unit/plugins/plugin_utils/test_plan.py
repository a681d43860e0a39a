# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.plan import (
    PlanError,
    campaign_settings,
    check_clusters,
    check_run_id,
    check_settings,
    make_plan,
    plan_lines,
    seed_from,
)

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


def test_lists_of_names_that_exist_are_no_settings_of_a_campaign():
    assert campaign_settings(SETTINGS).keys() == {"profile", "arms", "workloads", "replicates", "baseline"}


def test_arms_that_may_join_are_no_settings_of_a_campaign():
    assert "arms_where_able" not in campaign_settings({**SETTINGS, "arms_where_able": ["runc-again"]})


def test_settings_without_fault_pass():
    check_settings(SETTINGS)
    check_settings({"arms": ["runc"], "workloads": ["write"], "replicates": 1, "baseline": "runc"})
    check_settings({**SETTINGS, "arms_where_able": ["runc-again"]})
    tuned = {"name": "runc", "storage": "block", "node_cpus": 4, "node_memory_mib": 3072, "differs": "4 CPUs, 3 GiB"}
    check_settings({**SETTINGS, "arms": [tuned]})


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {"arms": ["runc", "gvisro"]},
            "There is no arm 'gvisro': there are runc, runc-again, gvisor. Did you mean 'gvisor'?",
        ),
        ({"arms": ["runc", "zzz"]}, "There is no arm 'zzz': there are runc, runc-again, gvisor."),
        (
            {"workloads": ["wirte"]},
            "There is no workload 'wirte': there are write, read, read@600. Did you mean 'write'?",
        ),
        ({"profile": "smoky"}, "There is no profile 'smoky': there are local, smoke, blog-2018. Did you mean 'smoke'?"),
        ({"arms": []}, "The list of arms is []: name at least one arm."),
        ({"arms": "runc"}, "The list of arms is 'runc': name at least one arm."),
        ({"workloads": None}, "The list of workloads is None: name at least one workload."),
        ({"workloads": [{"operation": "read"}]}, "The workload {'operation': 'read'} has no name: give it one."),
        ({"arms": ["runc", "gvisor", "runc"]}, "The arm 'runc' is listed more than once: list it once."),
        (
            {"arms_where_able": ["runc-agian"]},
            "There is no arm 'runc-agian': there are runc, runc-again, gvisor. Did you mean 'runc-again'?",
        ),
        (
            {"arms_where_able": ["runc-again", "gvisor"]},
            "The arm 'gvisor' is to run anyway and to join where the hosts are able: list it in one place.",
        ),
        ({"arms_where_able": ["runc-again"] * 2}, "The arm 'runc-again' is listed more than once: list it once."),
        (
            {"arms_where_able": "gvisor"},
            "The arms to join where the hosts are able are 'gvisor': give a list of names.",
        ),
        (
            {"arms": [{"name": "runc", "storage": "nfs"}]},
            "The arm 'runc' has storage 'nfs': it is one of volume, rootfs, block.",
        ),
        (
            {"arms": [{"name": "runc", "node_memory_mib": 3072}]},
            "The arm 'runc' has node_memory_mib of its own and does not say so: give it `differs`, a sentence that the "
            "report shows beside its figures.",
        ),
        (
            {"arms": [{"name": "runc", "node_cpus": "4", "differs": "4 CPUs"}]},
            "The arm 'runc' has node_cpus '4': give a number greater than 0.",
        ),
        ({"replicates": 0}, "The number of replicates is 0: give a whole number of at least 1."),
        ({"replicates": -2}, "The number of replicates is -2: give a whole number of at least 1."),
        ({"replicates": 1.5}, "The number of replicates is 1.5: give a whole number of at least 1."),
        ({"replicates": True}, "The number of replicates is True: give a whole number of at least 1."),
        ({"replicates": None}, "The number of replicates is None: give a whole number of at least 1."),
        (
            {"baseline": "kata"},
            "The baseline 'kata' is not one of the arms (runc, gvisor): add it to the arms or name one of them.",
        ),
    ],
)
def test_each_fault_gets_its_sentence(changed, sentence):
    with pytest.raises(PlanError) as refused:
        check_settings({**SETTINGS, **changed})
    assert str(refused.value) == sentence


@pytest.mark.parametrize("name", ["../etc", "a/b", "", ".hidden", "-x", "two words", "ü", "a" * 101, "a\n"])
def test_names_that_are_no_folder_are_refused(name):
    settings = {"arms": [name], "workloads": ["write"], "replicates": 1, "baseline": name}
    with pytest.raises(PlanError, match="cannot be the name of a folder"):
        check_settings(settings)
    with pytest.raises(PlanError, match="cannot be the name of a folder"):
        check_clusters([name])
    with pytest.raises(PlanError, match="cannot be the name of a folder"):
        check_run_id(name)


def test_all_faults_are_told_at_once():
    with pytest.raises(PlanError) as refused:
        check_settings({**SETTINGS, "replicates": 0, "baseline": "kata", "profile": "x"})
    assert len(str(refused.value).splitlines()) == 3


def test_no_cluster_and_a_cluster_twice_are_refused():
    with pytest.raises(PlanError, match="the inventory names no host"):
        check_clusters([])
    with pytest.raises(PlanError, match="'db1' is listed more than once"):
        check_clusters(["db1", "db1"])


def test_a_run_id_may_not_hide_the_link_to_the_newest_campaign():
    check_run_id("20261122T223000Z")
    with pytest.raises(PlanError, match="'latest' is taken"):
        check_run_id("latest")


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
