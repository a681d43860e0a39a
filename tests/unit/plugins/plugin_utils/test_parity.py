# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.parity import (
    differences,
    judge_parity,
    parity_faults,
    processors_of,
    undeclared,
)

NODE = {"node": "n1", "kernel_release": "6.1.0", "cpus": 1.0, "memory_mib": 2048, "data_filesystem": "ext4"}
ASKED = {"cpus": 1.0, "memory_mib": 2048.0}
IN_A_VM = {**ASKED, "kernel_release": "6.1.0-kata"}

RUNC = {
    **NODE,
    "processors": 8,
    "cpuset": "0-7",
    "aio_max_nr": 1048576,
    "parameters": {"vm.swappiness": "10", "nofile": "20000", "fs.aio-max-nr": "1048576"},
}
VM = {
    **RUNC,
    "kernel_release": "6.12.0-kata",
    "data_filesystem": "virtiofs",
    "cpuset": "0",
    "parameters": {"vm.swappiness": "60", "nofile": "20000", "clocksource": "kvm-clock"},
}


def sentences(found):
    return [difference.sentence for difference in found]


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ([NODE, NODE | {"node": "n2"}], []),
        ([NODE, NODE | {"node": "n2", "cpus": 1.09, "memory_mib": 1900}], []),
        ([NODE | {"cpus": 2}], ["n1 has 2 CPUs where 1 were asked for (band 10%)"]),
        ([NODE | {"memory_mib": 24000}], ["n1 has 24000 MiB of memory where 2048"]),
        ([NODE | {"cpus": None}], ["n1 did not tell its CPUs"]),
        ([NODE, NODE | {"node": "n2", "data_filesystem": "9p"}], ["one data file system: n1 ext4, n2 9p"]),
        ([NODE, NODE | {"node": "n2", "kernel_release": None}], ["one kernel: n1 6.1.0, n2 did not tell"]),
        ([], ["No node was measured"]),
    ],
)
def test_parity_with_what_was_asked_for(nodes, words):
    verdict = judge_parity(ASKED, nodes, 0.1)
    assert verdict["valid"] is (not words)
    assert [failure["class"] for failure in verdict["failures"]] == ["parity"] * len(words)
    for failure, part in zip(verdict["failures"], words, strict=True):
        assert part in failure["sentence"]
    assert parity_faults(ASKED, nodes, 0.1) == [failure["sentence"] for failure in verdict["failures"]]


@pytest.mark.parametrize(("kernel", "valid"), [("6.1.0-kata", True), ("6.1.0", False)])
def test_a_proven_kernel_is_the_one_that_the_nodes_have(kernel, valid):
    assert judge_parity(IN_A_VM, [NODE | {"kernel_release": kernel}], 0.1)["valid"] is valid


@pytest.mark.parametrize(
    ("cpuset", "cpus", "fault"),
    [
        ("0-1", 2, None),
        ("0-7", 2, None),
        ("3", 1, None),
        ("3", 2, "n1 may run on 1 processor (cpuset 3) where 2 CPUs were asked for."),
        ("0,2", 2.5, "n1 may run on 2 processors (cpuset 0,2) where 2.5 CPUs were asked for."),
        (None, 2, None),
    ],
)
def test_a_node_may_run_on_as_many_processors_as_it_was_given(cpuset, cpus, fault):
    node = NODE | {"cpuset": cpuset, "cpus": cpus}
    assert parity_faults({**ASKED, "cpus": cpus}, [node], 0.1) == ([fault] if fault else [])


@pytest.mark.parametrize(
    ("cpuset", "count"), [("0", 1), ("0-3", 4), ("0-3,8", 5), ("1,3,5-6", 4), ("", None), (None, None), ("all", None)]
)
def test_processors_of_a_cpuset_are_counted(cpuset, count):
    assert processors_of(cpuset) == count


def test_equal_nodes_do_not_differ():
    assert differences([RUNC, RUNC | {"node": "n2"}], [RUNC], 0.1, "runc") == []


def test_each_difference_is_named_as_it_stands_in_a_report():
    assert sentences(differences([VM, VM], [RUNC, RUNC], 0.1, "runc")) == [
        "it may run on 1 processor where runc may on 8",
        "its data are on virtiofs where runc has ext4",
        "it has a kernel of its own, 6.12.0-kata where runc has 6.1.0",
        "vm.swappiness is 60 where runc has 10",
    ]


@pytest.mark.parametrize(
    ("arm", "found"),
    [
        ({"cpus": 1.09, "memory_mib": 2100}, []),
        ({"cpus": 1.5}, ["it has 1.5 CPUs where runc has 1"]),
        ({"memory_mib": 3072}, ["it has 3072 MiB of memory where runc has 2048"]),
        ({"parameters": {"vm.swappiness": "1", "nofile": "1024"}},
         ["nofile is 1024 where runc has 20000", "vm.swappiness is 1 where runc has 10"]),
        ({"parameters": {"vm.dirty_ratio": "20"}, "cpuset": None, "data_filesystem": None, "cpus": None}, []),
    ],
)  # fmt: skip
def test_what_differs_beyond_the_band_or_at_all(arm, found):
    assert sentences(differences([RUNC | arm], [RUNC], 0.1, "runc")) == found


def test_nodes_of_one_arm_that_are_unlike_are_all_named():
    arm = [RUNC, RUNC | {"data_filesystem": "9p"}]
    assert sentences(differences(arm, [RUNC], 0.1, "runc")) == ["its data are on 9p or ext4 where runc has ext4"]


def test_records_of_an_earlier_version_hold_less_and_are_compared_as_far_as_they_do():
    assert differences([NODE | {"data_filesystem": "9p"}], [NODE], 0.1, "runc") == [
        ("data_filesystem", "its data are on 9p where runc has ext4")
    ]
    assert [difference.of for difference in differences([VM], [NODE], 0.1, "runc")] == ["data_filesystem", "kernel"]


@pytest.mark.parametrize(("arm", "baseline"), [([], [RUNC]), ([RUNC], []), ([], [])])
def test_where_nothing_was_measured_nothing_is_said(arm, baseline):
    assert differences(arm, baseline, 0.1, "runc") == []


@pytest.mark.parametrize(
    ("arm", "left"),
    [
        ({"name": "kata"}, ["cpuset", "data_filesystem", "kernel", "parameters"]),
        ({"name": "kata", "own": ["kernel"]}, ["data_filesystem", "parameters"]),
        ({"name": "kata", "own": ["data_filesystem"]}, ["cpuset", "kernel", "parameters"]),
        ({"name": "kata", "own": ["kernel", "parameters", "data_filesystem"]}, []),
        ({"name": "kata", "differs": "A larger virtual machine."}, []),
        ({"name": "kata", "own": None, "differs": ""}, ["cpuset", "data_filesystem", "kernel", "parameters"]),
    ],
)
def test_what_an_arm_does_not_declare_is_left(arm, left):
    assert [difference.of for difference in undeclared(arm, differences([VM], [RUNC], 0.1, "runc"))] == left


def test_the_nature_of_a_runtime_does_not_declare_other_memory():
    found = differences([VM | {"memory_mib": 4096}], [RUNC], 0.1, "runc")
    arm = {"name": "kata", "own": ["kernel", "parameters", "data_filesystem"]}
    assert sentences(undeclared(arm, found)) == ["it has 4096 MiB of memory where runc has 2048"]
