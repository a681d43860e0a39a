# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_objects import (
    database_objects,
    label_value,
    loader_job,
    loader_name,
    namespace_object,
    node_names,
    trial_pod,
)

PLACEMENT = {"node_selector": {"disk": "nvme"}, "tolerations": [{"operator": "Exists"}], "spread": "required"}
DATABASE = {
    "name": "kb",
    "namespace": "bench",
    "cell": "kubernetes/block-01/gvisor",
    "nodes": 3,
    "image": "database:1",
    "pull_policy": "Never",
    "runtime": "gvisor",
    "cpus": 1.5,
    "memory_mib": 2048,
    "arguments": ["--smp=1"],
    "placement": PLACEMENT,
    "storage": {"kind": "volume", "storage_class": "", "size_gib": 10},
}
LOADER = {
    "name": "kb",
    "namespace": "bench",
    "cell": "kubernetes/block-01/gvisor",
    "workload": "read@0.6",
    "image": "loader:1",
    "pull_policy": "IfNotPresent",
    "cpus": 2,
    "memory_mib": 1024,
    "placement": {**PLACEMENT, "spread": "preferred"},
    "shell": ['shift 0; printf "%s\n" "$@"', "loader", "it's a sampler"],
    "shares": [["stress", "write", "n=2"], ["stress", "write", "a b", "$HOME"]],
}


def made(**changes):
    return {one["kind"]: one for one in database_objects({**DATABASE, **changes})}


def pod_of(**changes):
    return made(**changes)["StatefulSet"]["spec"]["template"]["spec"]


def test_everything_carries_the_label_and_lies_in_the_namespace():
    for one in [*database_objects(DATABASE), loader_job(LOADER)]:
        assert one["metadata"]["namespace"] == "bench"
        assert one["metadata"]["labels"]["katabench.cluster"] == "kb"
        assert one["metadata"]["labels"]["katabench.cell"] == "kubernetes.block-01.gvisor"
    assert namespace_object("bench", "kb", "baseline")["metadata"]["labels"] == {
        "katabench.cluster": "kb",
        "app.kubernetes.io/managed-by": "katabench",
        "pod-security.kubernetes.io/enforce": "baseline",
    }


def test_nodes_are_guaranteed_what_they_get_and_not_more():
    (container,) = pod_of()["containers"]
    assert container["resources"] == {
        "requests": {"cpu": "1500m", "memory": "2048Mi"},
        "limits": {"cpu": "1500m", "memory": "2048Mi"},
    }


@pytest.mark.parametrize(("runtime", "expected"), [("gvisor", "gvisor"), ("kata-qemu", "kata-qemu"), ("runc", None)])
def test_an_arm_is_a_runtime_class_and_runc_is_none(runtime, expected):
    assert pod_of(runtime=runtime).get("runtimeClassName") == expected


def test_nodes_find_their_seed_by_a_name_that_is_known_before_it_serves():
    objects = made()
    assert objects["Service"]["metadata"]["name"] == objects["StatefulSet"]["spec"]["serviceName"] == "kb-nodes"
    assert objects["Service"]["spec"]["clusterIP"] == "None"
    assert objects["Service"]["spec"]["publishNotReadyAddresses"] is True
    assert objects["StatefulSet"]["spec"]["ordinals"] == {"start": 1}
    assert pod_of()["containers"][0]["args"] == ["--smp=1", "--seeds=kb-node-1.kb-nodes"]
    assert node_names("kb", 3) == ["kb-node-1", "kb-node-2", "kb-node-3"]


def test_only_loaders_reach_cql_and_only_nodes_each_other():
    policy = made()["NetworkPolicy"]["spec"]
    nodes, loaders = policy["ingress"]
    assert policy["podSelector"] == {"matchLabels": {"katabench.cluster": "kb", "katabench.role": "node"}}
    assert "ports" not in nodes
    assert loaders["ports"] == [{"protocol": "TCP", "port": 9042}]
    assert loaders["from"] == [
        {"podSelector": {"matchLabels": {"katabench.cluster": "kb", "katabench.role": "loader"}}}
    ]
    assert loader_job(LOADER)["spec"]["template"]["metadata"]["labels"]["katabench.role"] == "loader"


def test_no_node_may_be_evicted_while_it_is_measured():
    assert made()["PodDisruptionBudget"]["spec"]["minAvailable"] == 3


@pytest.mark.parametrize("pod", [pod_of(), loader_job(LOADER)["spec"]["template"]["spec"]])
def test_pods_have_no_token_and_no_privileges(pod):
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"] == {"seccompProfile": {"type": "RuntimeDefault"}}
    for container in pod["containers"]:
        assert container["securityContext"]["privileged"] is False
        assert container["securityContext"]["allowPrivilegeEscalation"] is False


def test_placement_is_that_of_nodes_or_of_loaders():
    term = {
        "labelSelector": {"matchLabels": {"katabench.cluster": "kb", "katabench.role": "node"}},
        "topologyKey": "kubernetes.io/hostname",
    }
    pod = pod_of()
    assert pod["nodeSelector"] == {"disk": "nvme"}
    assert pod["tolerations"] == [{"operator": "Exists"}]
    assert pod["affinity"] == {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    assert pod_of(placement={**PLACEMENT, "spread": "none"})["affinity"] == {}
    (weighed,) = loader_job(LOADER)["spec"]["template"]["spec"]["affinity"]["podAntiAffinity"][
        "preferredDuringSchedulingIgnoredDuringExecution"
    ]
    assert weighed["podAffinityTerm"]["labelSelector"]["matchLabels"]["katabench.role"] == "loader"


def test_data_lie_in_an_emptydir_a_claim_or_the_container():
    def data(storage):
        spec = made(storage={"size_gib": 20, **storage})["StatefulSet"]["spec"]
        pod = spec["template"]["spec"]
        return pod["volumes"], spec["volumeClaimTemplates"], pod["containers"][0]["volumeMounts"]

    mounted = [{"name": "data", "mountPath": "/var/lib/scylla"}]
    assert data({"kind": "volume", "storage_class": ""}) == ([{"name": "data", "emptyDir": {}}], [], mounted)
    volumes, (claim,), mounts = data({"kind": "volume", "storage_class": "local"})
    assert (volumes, mounts) == ([], mounted)
    assert claim["metadata"]["labels"]["katabench.cluster"] == "kb"
    assert claim["spec"] == {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "local",
        "resources": {"requests": {"storage": "20Gi"}},
    }
    assert data({"kind": "rootfs", "storage_class": "local"}) == ([], [], [])


def test_each_pod_of_the_job_does_its_own_share_and_never_under_a_runtime_class():
    job = loader_job(LOADER)
    assert (job["spec"]["completions"], job["spec"]["parallelism"], job["spec"]["completionMode"]) == (2, 2, "Indexed")
    assert "runtimeClassName" not in job["spec"]["template"]["spec"]
    load, _keeper = job["spec"]["template"]["spec"]["containers"]
    said = [
        subprocess.run(
            load["command"], env={"JOB_COMPLETION_INDEX": str(index)}, capture_output=True, text=True, check=True
        ).stdout.splitlines()
        for index in (0, 1)
    ]
    assert said == [
        ["it's a sampler", "stress", "write", "n=2"],
        ["it's a sampler", "stress", "write", "a b", "$HOME"],
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("three/block-01/runc", "three.block-01.runc"),
        ("read@0.6", "read.0.6"),
        ("-é-", ""),
        ("x" * 80 + "/block-01/runc", "x" * 49 + ".block-01.runc"),
    ],
)
def test_labels_hold_what_they_may(text, expected):
    assert label_value(text) == expected
    assert len(label_value(text)) <= 63


def test_a_job_is_named_after_its_workload_as_dns_allows():
    assert loader_name("kb", "read@0.6") == "kb-loader-read-0-6"
    assert len(loader_name("kb", "w" * 90)) == 52


def test_the_trial_asks_both_images():
    facts = {
        "namespace": "bench",
        "database_image": "database:1",
        "loader_image": "loader:1",
        "pull_policy": "Never",
        "loader_placement": PLACEMENT,
    }
    pod = trial_pod(facts, "kb")
    assert {one["name"]: one["image"] for one in pod["spec"]["containers"]} == {
        "loader": "loader:1",
        "database": "database:1",
    }
    assert {one["imagePullPolicy"] for one in pod["spec"]["containers"]} == {"Never"}
