# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_machines import (
    arm_faults,
    machines_for,
    overhead_of,
    room_faults,
)

ANYWHERE = {"node_selector": {}, "tolerations": [], "spread": "required"}
GVISOR = {"metadata": {"name": "gvisor"}, "handler": "runsc"}
KATA = {
    "metadata": {"name": "kata-qemu"},
    "handler": "kata-qemu",
    "overhead": {"podFixed": {"cpu": "250m", "memory": "160Mi"}},
    "scheduling": {
        "nodeSelector": {"katacontainers.io/kata-runtime": "true"},
        "tolerations": [{"key": "sandbox", "operator": "Equal", "value": "kata", "effect": "NoSchedule"}],
    },
}


def machine(name, *, labels=None, taints=(), ready="True", unschedulable=False, cpu="4", memory="8Gi"):
    return {
        "metadata": {"name": name, "labels": labels or {}},
        "spec": {"taints": list(taints), "unschedulable": unschedulable},
        "status": {
            "conditions": [{"type": "Ready", "status": ready}],
            "allocatable": {"cpu": cpu, "memory": memory},
        },
    }


def pod(where, cpu, memory, phase="Running"):
    requests = {"requests": {"cpu": cpu, "memory": memory}}
    return {"spec": {"nodeName": where, "containers": [{"resources": requests}]}, "status": {"phase": phase}}


def test_a_runtime_class_brings_its_own_selector_and_tolerations():
    taint = {"key": "sandbox", "value": "kata", "effect": "NoSchedule"}
    machines = [machine("a", labels={"katacontainers.io/kata-runtime": "true"}, taints=[taint]), machine("b")]
    assert machines_for(KATA, machines, ANYWHERE) == ["a"]
    assert machines_for(GVISOR, machines, ANYWHERE) == machines_for(None, machines, ANYWHERE) == ["b"]


@pytest.mark.parametrize(
    ("keeping_away", "able"),
    [
        ({"ready": "False"}, []),
        ({"ready": "Unknown"}, []),
        ({"unschedulable": True}, []),
        ({"taints": [{"key": "gpu", "effect": "NoExecute"}]}, []),
        ({"taints": [{"key": "gpu", "effect": "PreferNoSchedule"}]}, ["a"]),
    ],
)
def test_a_machine_that_takes_no_pods_is_none(keeping_away, able):
    assert machines_for(None, [machine("a", **keeping_away)], ANYWHERE) == able


@pytest.mark.parametrize(
    ("toleration", "able"),
    [
        ({"operator": "Exists"}, ["a"]),
        ({"key": "gpu", "operator": "Exists"}, ["a"]),
        ({"key": "gpu", "value": "a100"}, ["a"]),
        ({"key": "gpu", "value": "a100", "effect": "NoSchedule"}, ["a"]),
        ({"key": "gpu", "value": "a100", "effect": "NoExecute"}, []),
        ({"key": "gpu"}, []),
        ({"key": "cpu", "operator": "Exists"}, []),
    ],
)
def test_a_taint_is_tolerated_as_the_scheduler_does(toleration, able):
    tainted = machine("a", taints=[{"key": "gpu", "value": "a100", "effect": "NoSchedule"}])
    assert machines_for(None, [tainted], {**ANYWHERE, "tolerations": [toleration]}) == able


def test_an_arm_without_its_runtime_class_is_refused_by_name():
    assert arm_faults(
        [{"name": "runc", "runtime": "runc"}, {"name": "kata-clh", "runtime": "kata-clh"}],
        [GVISOR, KATA],
        [machine("a")],
        ANYWHERE,
    ) == [
        "The arm kata-clh needs the RuntimeClass kata-clh, and the cluster has gvisor, kata-qemu: install it, or leave "
        "kata-clh out of bench_arms."
    ]


def test_an_arm_without_machines_is_refused_with_what_they_would_need():
    assert arm_faults(
        [{"name": "kata", "runtime": "kata-qemu"}, {"name": "gvisor", "runtime": "gvisor"}],
        [GVISOR, KATA],
        [machine("a"), machine("b", ready="False")],
        {**ANYWHERE, "node_selector": {"disk": "nvme"}},
        needed=2,
    ) == [
        "The arm kata needs 2 machines that are ready, take pods and carry disk=nvme, "
        "katacontainers.io/kata-runtime=true; there are 0 (none) of 2.",
        "The arm gvisor needs 2 machines that are ready, take pods and carry disk=nvme; there are 0 (none) of 2.",
    ]
    assert arm_faults([{"name": "runc", "runtime": "runc"}], [], [machine("a")], ANYWHERE) == []


def test_room_is_what_others_have_not_requested():
    machines = [machine("a"), machine("b", cpu="2", memory="8388608Ki")]
    others = [pod("a", "1500m", "1Gi"), pod("a", "2", "1Gi", "Succeeded"), pod(None, "9", "9Gi", "Pending")]
    wanted = {"cpus": 2.0, "memory_mib": 2048.0}
    assert room_faults(wanted, 2, ["a", "b"], machines, others) == []
    assert room_faults(wanted, 3, ["a", "b"], machines, others) == [
        "3 pods of 2 processors and 2048 MiB each do not fit; free are: a 2.5 and 7168 MiB, b 2 and 8192 MiB. "
        "Make room, or lower bench_nodes, bench_node_cpus or bench_node_memory_mib."
    ]


def test_the_overhead_of_a_runtime_class_is_what_it_adds_to_a_pod():
    assert overhead_of(KATA) == {"cpus": 0.25, "memory_mib": 160.0}
    assert overhead_of(GVISOR) == overhead_of(None) == {"cpus": 0.0, "memory_mib": 0.0}
