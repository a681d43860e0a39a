# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The Kubernetes that other tests run on: one cluster, and what they count on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.katabench.scylla.tests.kubernetes.cluster import Cluster, down, objects, start_hosts
from ansible_collections.katabench.scylla.tests.kubernetes.programs import programs, version
from ansible_collections.katabench.scylla.tests.stand_ins.hosts import run

PORT = "8000"
# Says who it is to whoever asks.
SERVE = f"hostname >/index.html && exec httpd -f -p {PORT} -h /"


def pod(one: Cluster, name: str, command: str = "exec sleep 3600", **spec: Any) -> dict[str, Any]:
    """Describe a pod that runs a command of the shell."""
    container = {
        "name": "shell",
        "image": one.busybox,
        "imagePullPolicy": "Never",
        "command": ["sh", "-c", command],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 0, **spec},
    }


def on(node: str) -> dict[str, dict[str, str]]:
    """Return what of a pod's specification puts it on a node."""
    return {"nodeSelector": {"kubernetes.io/hostname": node}}


def wait_until_ready(one: Cluster, *names: str) -> None:
    one.kubectl("wait", "--for=condition=Ready", "--timeout=180s", *(f"pod/{name}" for name in names))


def get(one: Cluster, *what: str) -> dict[str, Any]:
    return json.loads(one.kubectl("get", *what, "--output", "json"))


def shell(one: Cluster, name: str, command: str) -> str:
    return one.kubectl("exec", name, "--", "sh", "-c", command)


def address(one: Cluster, name: str) -> str:
    return get(one, "pod", name)["status"]["podIP"]


@pytest.fixture(scope="module")
def pods(kubernetes: Cluster) -> Iterator[Cluster]:
    """The cluster, with a pod that answers on the first node, and one to ask from on the second."""
    first, second = kubernetes.nodes
    kubernetes.apply(pod(kubernetes, "answers", SERVE, **on(first)), pod(kubernetes, "asks", **on(second)))
    wait_until_ready(kubernetes, "answers", "asks")
    yield kubernetes
    kubernetes.kubectl("delete", "pods,services,statefulsets,persistentvolumeclaims", "--all")
    kubernetes.apply(*objects())  # gVisor on both nodes again


def test_both_nodes_are_ready_and_of_the_version_that_was_asked_for(kubernetes: Cluster) -> None:
    nodes = get(kubernetes, "nodes")["items"]
    assert [node["metadata"]["name"] for node in nodes] == kubernetes.nodes
    for node in nodes:
        conditions = {one["type"]: one["status"] for one in node["status"]["conditions"]}
        assert conditions["Ready"] == "True"
        assert node["status"]["nodeInfo"]["kubeletVersion"] == version()
    versions = json.loads(kubernetes.kubectl("version", "--output", "json"))
    assert {versions[side]["gitVersion"] for side in ("clientVersion", "serverVersion")} == {version()}


def test_every_kubeconfig_has_the_same_context(kubernetes: Cluster) -> None:
    assert kubernetes.kubectl("config", "current-context") == kubernetes.context == "katabench-test"


def test_gvisor_is_another_kernel_than_runc(pods: Cluster) -> None:
    pods.apply(pod(pods, "sandboxed", runtimeClassName="gvisor"))
    wait_until_ready(pods, "sandboxed")
    assert shell(pods, "asks", "uname -r") == os.uname().release
    assert shell(pods, "sandboxed", "uname -r") != os.uname().release
    assert "gVisor" in shell(pods, "sandboxed", "dmesg")


def test_gvisor_costs_what_its_class_says(pods: Cluster) -> None:
    assert get(pods, "pod", "sandboxed")["spec"]["overhead"] == {"cpu": "50m", "memory": "64Mi"}


def test_gvisor_can_be_had_on_some_nodes_only(pods: Cluster) -> None:
    _first, second = pods.nodes
    pods.select_gvisor_nodes({"kubernetes.io/hostname": second})
    pods.apply(pod(pods, "selected", runtimeClassName="gvisor"))
    wait_until_ready(pods, "selected")
    assert get(pods, "pod", "selected")["spec"]["nodeName"] == second


def test_pods_of_both_nodes_reach_each_other(pods: Cluster) -> None:
    ask = f"wget -q -O - http://{address(pods, 'answers')}:{PORT}/"
    assert shell(pods, "asks", ask) == "answers"
    pods.apply(pod(pods, "asks-sandboxed", runtimeClassName="gvisor", **on(pods.nodes[1])))
    wait_until_ready(pods, "asks-sandboxed")
    assert shell(pods, "asks-sandboxed", ask) == "answers"


def test_a_pod_of_a_stateful_set_is_found_by_name_from_the_other_node_and_has_a_volume(pods: Cluster) -> None:
    pods.add_volumes(1)
    database = pod(pods, "database", SERVE, **on(pods.nodes[0]))
    (container,) = database["spec"]["containers"]
    container["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    claim = {"accessModes": ["ReadWriteOnce"], "storageClassName": "local"}
    pods.apply(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "database"},
            "spec": {"clusterIP": "None", "selector": {"app": "database"}, "publishNotReadyAddresses": True},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": "database"},
            "spec": {
                "serviceName": "database",
                "selector": {"matchLabels": {"app": "database"}},
                "template": {key: database[key] for key in ("metadata", "spec")},
                "volumeClaimTemplates": [
                    {
                        "metadata": {"name": "data"},
                        "spec": {**claim, "resources": {"requests": {"storage": "1Gi"}}},
                    }
                ],
            },
        },
    )
    pods.kubectl("rollout", "status", "statefulset/database", "--timeout=180s")
    name = "database-0.database.default.svc.cluster.local"
    assert address(pods, "database-0") in shell(pods, "asks", f"nslookup -type=a {name}")
    shell(pods, "database-0", "echo kept >/data/file")
    (volume,) = (one for one in get(pods, "pv")["items"] if one["status"]["phase"] == "Bound")
    assert pods.execute(pods.nodes[0], "cat", f"{volume['spec']['local']['path']}/file") == "kept"


def test_who_has_too_few_rights_is_refused(pods: Cluster) -> None:
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]
    reader = [pods.kubectl_path, "--kubeconfig", pods.add_kubeconfig("reader", rules)]
    assert "asks" in run(*reader, "get", "pods", "--output", "name")
    with pytest.raises(RuntimeError, match='User "reader" cannot create resource "pods"'):
        run(*reader, "create", "--filename", "-", text=yaml.safe_dump(pod(pods, "refused")))


def test_who_has_rights_in_one_namespace_is_refused_in_another(pods: Cluster) -> None:
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]
    local = [pods.kubectl_path, "--kubeconfig", pods.add_kubeconfig("local-reader", rules, namespace="default")]
    assert "asks" in run(*local, "get", "pods", "--output", "name")
    with pytest.raises(RuntimeError, match='User "local-reader" cannot list resource "pods"'):
        run(*local, "get", "pods", "--namespace", "kube-system")


def test_pods_outlive_an_api_server_that_goes_away(pods: Cluster) -> None:
    before = get(pods, "pod", "answers")["status"]["containerStatuses"]
    pods.stop_api_server()
    with pytest.raises(RuntimeError, match="refused"):
        pods.kubectl("get", "pods")
    pods.start_api_server()
    assert get(pods, "pod", "answers")["status"]["containerStatuses"] == before
    assert shell(pods, "answers", "hostname") == "answers"


def test_nothing_is_left_of_a_cluster_that_was_taken_down(tmp_path: Path) -> None:
    other = Cluster(tmp_path / "other")
    other.directory.mkdir()
    (other.directory / "bin").symlink_to(programs())
    start_hosts(other)
    label = ["--quiet", "--filter", f"label=katabench.test={other.name}"]
    everything = [("ps", "--all"), ("volume", "ls"), ("network", "ls")]
    assert [len(run("docker", *kind, *label).split()) for kind in everything] == [3, 2, 0]
    down(other)
    assert [run("docker", *kind, *label) for kind in everything] == ["", "", ""]
    assert not other.directory.exists()
