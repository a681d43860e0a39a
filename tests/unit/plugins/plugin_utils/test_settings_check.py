# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.plan import PlanError
from ansible_collections.katabench.scylla.plugins.plugin_utils.settings_check import (
    campaign_settings,
    check_clusters,
    check_run_id,
    check_settings,
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
        ({"parity": "loose"}, "parity is 'loose': it is one of enforce, mark."),
        ({"disturbed": "again"}, "disturbed is 'again': it is one of mark, repeat."),
        (
            {"workloads": [{"name": "read@600", "rate": {"mode": "fixed", "of": "read", "fraction": 0.5}}]},
            "The rate of the workload 'read@600' is a fraction of the maximum of 'read', which does not run before it: "
            "add that to the workloads, before the ladder.",
        ),
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
