# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The objects of Kubernetes that make a database cluster, and those that load it.

Formats: the API's own (https://kubernetes.io/docs/reference/kubernetes-api/, version 1.31 and later).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

CQL_PORT = 9042
INTERNODE_PORT = 7000
LABEL = "katabench.cluster"
"""The label of all that is ours, as with every platform; its value is the name of the cluster."""
ROLE_LABEL = "katabench.role"
CELL_LABEL = "katabench.cell"
WORKLOAD_LABEL = "katabench.workload"
MANAGED_BY = {"app.kubernetes.io/managed-by": "katabench"}
"""Beside the label, of namespaces that campaigns made themselves."""
NO_RUNTIME_CLASS = "runc"
"""The arm's runtime that stands for what a node does without a RuntimeClass."""
POD_SECURITY_LEVELS = ("privileged", "baseline", "restricted")

# An OPTIONS frame of the CQL native protocol, version 4, and the first byte of any answer to it.
_ASK_CQL = (
    r"""exec 3<>"/dev/tcp/$POD_IP/9042" && printf '\x04\x00\x00\x00\x05\x00\x00\x00\x00' >&3 """
    """&& [ -n "$(head -c 1 <&3 | od -An -tx1)" ]"""
)
_OUTPUT = "/output"
_RESERVED = {"cpu": "50m", "memory": "32Mi"}
_DATA = "data"
_DATA_DIR = "/var/lib/scylla"


def label_value(text: str) -> str:
    """Return a text as the value of a label: 63 characters at most, no other than letters, digits and ``._-``."""
    return re.sub(r"[^A-Za-z0-9._-]+", ".", text).strip("._-")[-63:].lstrip("._-")


def node_names(name: str, count: int) -> list[str]:
    """Return the names of the pods with the database, in the order in which they start: the seed first."""
    return [f"{name}-node-{number}" for number in range(1, count + 1)]


def service_name(name: str) -> str:
    """Return the name of the headless Service behind which the nodes have names of their own."""
    return f"{name}-nodes"


def namespace_object(namespace: str, name: str, pod_security: str) -> dict[str, Any]:
    """Return the namespace of a campaign; `pod_security` is one of POD_SECURITY_LEVELS."""
    labels = {**_labels(name), "pod-security.kubernetes.io/enforce": pod_security}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}}


def trial_pod(facts: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a pod that asks both images for their versions.

    `facts` has ``namespace``, ``database_image``, ``loader_image``, ``pull_policy`` and ``loader_placement``.
    """
    labels = {**_labels(name), ROLE_LABEL: "trial"}
    asked = {
        "loader": (facts["loader_image"], "cassandra-stress version"),
        "database": (facts["database_image"], "scylla --version 2>/dev/null || nodetool help >/dev/null"),
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"{name}-trial", "namespace": facts["namespace"], "labels": labels},
        "spec": {
            **_pod({"placement": facts["loader_placement"]}, {LABEL: name, ROLE_LABEL: "trial"}),
            "restartPolicy": "Never",
            "containers": [
                {
                    "name": container,
                    "image": image,
                    "imagePullPolicy": facts["pull_policy"],
                    "command": ["/bin/sh", "-c", command],
                    "resources": {"requests": _RESERVED, "limits": {"memory": "512Mi"}},
                    "securityContext": _CONFINED,
                }
                for container, (image, command) in asked.items()
            ],
        },
    }


def database_objects(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what makes a database cluster: Service, NetworkPolicy, PodDisruptionBudget and StatefulSet.

    `spec` has ``name``, ``namespace``, ``cell`` (id of the cell, or empty), ``nodes`` (number), ``image``,
    ``pull_policy``, ``runtime``, ``cpus``, ``memory_mib``, ``arguments`` (of the database), ``placement``
    (`_placement`) and ``storage``: ``kind`` (``volume`` or ``rootfs``), ``storage_class`` (empty: an emptyDir) and
    ``size_gib``.
    """
    name, namespace = spec["name"], spec["namespace"]
    labels = {**_labels(name, spec["cell"]), ROLE_LABEL: "node"}
    selector = {LABEL: name, ROLE_LABEL: "node"}
    seed = f"{node_names(name, 1)[0]}.{service_name(name)}"
    set_name = f"{name}-node"

    def about(kind: str, its_name: str) -> dict[str, Any]:
        return {"kind": kind, "metadata": {"name": its_name, "namespace": namespace, "labels": labels}}

    service = {
        "apiVersion": "v1",
        **about("Service", service_name(name)),
        # A node looks for its seed before that, or it itself, is ready.
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": selector,
            "ports": [{"name": "cql", "port": CQL_PORT}, {"name": "internode", "port": INTERNODE_PORT}],
        },
    }
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        **about("NetworkPolicy", set_name),
        "spec": {
            "podSelector": {"matchLabels": selector},
            "policyTypes": ["Ingress"],
            "ingress": [
                {"from": [{"podSelector": {"matchLabels": selector}}]},
                {
                    "from": [{"podSelector": {"matchLabels": {LABEL: name, ROLE_LABEL: "loader"}}}],
                    "ports": [{"protocol": "TCP", "port": CQL_PORT}],
                },
            ],
        },
    }
    budget = {
        "apiVersion": "policy/v1",
        **about("PodDisruptionBudget", set_name),
        "spec": {"minAvailable": spec["nodes"], "selector": {"matchLabels": selector}},
    }
    stateful_set = {
        "apiVersion": "apps/v1",
        **about("StatefulSet", set_name),
        "spec": {
            "serviceName": service_name(name),
            "replicas": spec["nodes"],
            "ordinals": {"start": 1},
            # One after another: a node that joins while another does is refused, or waits.
            "podManagementPolicy": "OrderedReady",
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete", "whenScaled": "Delete"},
            "selector": {"matchLabels": selector},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    **_pod(spec, selector),
                    **_runtime_class(spec["runtime"]),
                    "containers": [_database(spec, f"--seeds={seed}")],
                    "volumes": _data_volumes(spec["storage"]),
                },
            },
            "volumeClaimTemplates": _claims(spec["storage"], labels),
        },
    }
    return [service, policy, budget, stateful_set]


def loader_job(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return an indexed Job that loads the database: each of its pods does one share, never under a RuntimeClass.

    `spec` has ``name``, ``namespace``, ``cell``, ``workload``, ``image``, ``pull_policy``, ``cpus``, ``memory_mib``,
    ``placement`` (`_placement`), ``shell`` (what a shell gets before the load's own command, see
    roles/stress/files/loader.sh) and ``shares``, the command of each loader. Beside the load a second container keeps
    the output until it is told (by a file) that it was fetched.
    """
    name = spec["name"]
    labels = {
        **_labels(name, spec["cell"]),
        ROLE_LABEL: "loader",
        WORKLOAD_LABEL: label_value(spec["workload"]),
    }
    selector = {LABEL: name, ROLE_LABEL: "loader"}
    mounts = [{"name": "output", "mountPath": _OUTPUT}]
    load = {
        "name": "load",
        "image": spec["image"],
        "imagePullPolicy": spec["pull_policy"],
        "command": ["/bin/sh", "-c", _choose_share(spec["shell"], spec["shares"])],
        "resources": _resources(spec["cpus"], spec["memory_mib"]),
        "securityContext": _CONFINED,
        "volumeMounts": mounts,
    }
    keeper = {
        "name": "output",
        "image": spec["image"],
        "imagePullPolicy": spec["pull_policy"],
        "command": ["/bin/sh", "-c", f"until [ -e {_OUTPUT}/fetched ]; do sleep 1; done"],
        "resources": {"requests": _RESERVED, "limits": _RESERVED},
        "securityContext": _CONFINED,
        "volumeMounts": mounts,
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": loader_name(name, spec["workload"]), "namespace": spec["namespace"], "labels": labels},
        "spec": {
            "completionMode": "Indexed",
            "completions": len(spec["shares"]),
            "parallelism": len(spec["shares"]),
            "backoffLimit": 0,
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    **_pod(spec, selector),
                    "restartPolicy": "Never",
                    "containers": [load, keeper],
                    "volumes": [{"name": "output", "emptyDir": {}}],
                },
            },
        },
    }


def loader_name(name: str, workload: str) -> str:
    """Return the name of the Job of a workload: a DNS label, as pods are named after it."""
    return re.sub(r"[^a-z0-9-]+", "-", f"{name}-loader-{workload}".lower()).strip("-")[:52].rstrip("-")


_CONFINED = {"allowPrivilegeEscalation": False, "privileged": False, "capabilities": {"drop": ["NET_RAW"]}}


def _labels(name: str, cell: str = "") -> dict[str, str]:
    cells = {CELL_LABEL: label_value(cell)} if cell else {}
    return {LABEL: name, **MANAGED_BY, **cells}


def _pod(spec: Mapping[str, Any], selector: Mapping[str, str]) -> dict[str, Any]:
    """Return what nodes and loaders have in common; ``placement`` is ``{node_selector, tolerations, spread}``.

    `spread` says whether two of a kind may share a machine: ``required`` (never), ``preferred``, or ``none``.
    """
    placement = spec["placement"]
    term = {"labelSelector": {"matchLabels": dict(selector)}, "topologyKey": "kubernetes.io/hostname"}
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "terminationGracePeriodSeconds": 5,  # what is removed is not needed any more
        "nodeSelector": dict(placement["node_selector"]),
        "tolerations": list(placement["tolerations"]),
        "affinity": {
            "required": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}},
            "preferred": {
                "podAntiAffinity": {
                    "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": term}]
                }
            },
            "none": {},
        }[placement["spread"]],
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "topology.kubernetes.io/zone",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": dict(selector)},
            }
        ],
    }


def _runtime_class(runtime: str) -> dict[str, str]:
    return {} if runtime == NO_RUNTIME_CLASS else {"runtimeClassName": runtime}


def _database(spec: Mapping[str, Any], seeds: str) -> dict[str, Any]:
    storage = spec["storage"]
    return {
        "name": "database",
        "image": spec["image"],
        "imagePullPolicy": spec["pull_policy"],
        "args": [*spec["arguments"], seeds],
        "env": [{"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
        "ports": [
            {"name": "cql", "containerPort": CQL_PORT},
            {"name": "internode", "containerPort": INTERNODE_PORT},
        ],
        "resources": _resources(spec["cpus"], spec["memory_mib"]),
        "securityContext": _CONFINED,
        # Serving CQL is what ends the start. From then on only the port is looked at: a command inside would take from
        # what is measured.
        "startupProbe": {
            "exec": {"command": ["bash", "-c", _ASK_CQL]},
            "periodSeconds": 2,
            "timeoutSeconds": 10,
            "failureThreshold": 100000,  # whoever waits knows for how long
        },
        "readinessProbe": {"tcpSocket": {"port": CQL_PORT}, "periodSeconds": 30, "timeoutSeconds": 10},
        "volumeMounts": [] if storage["kind"] == "rootfs" else [{"name": _DATA, "mountPath": _DATA_DIR}],
    }


def _resources(cpus: float, memory_mib: int) -> dict[str, Any]:
    """Return requests that equal the limits, which makes the pod's quality of service Guaranteed."""
    amounts = {"cpu": f"{round(float(cpus) * 1000)}m", "memory": f"{int(memory_mib)}Mi"}
    return {"requests": amounts, "limits": dict(amounts)}


def _data_volumes(storage: Mapping[str, Any]) -> list[dict[str, Any]]:
    if storage["kind"] == "rootfs" or storage["storage_class"]:
        return []
    return [{"name": _DATA, "emptyDir": {}}]


def _claims(storage: Mapping[str, Any], labels: Mapping[str, str]) -> list[dict[str, Any]]:
    if storage["kind"] == "rootfs" or not storage["storage_class"]:
        return []
    return [
        {
            "metadata": {"name": _DATA, "labels": dict(labels)},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": storage["storage_class"],
                "resources": {"requests": {"storage": f"{int(storage['size_gib'])}Gi"}},
            },
        }
    ]


def _choose_share(shell: Sequence[str], shares: Sequence[Sequence[str]]) -> str:
    """Return a script that runs the command of the pod's own index, as ``sh -c <shell> <command>`` would."""
    cases = "\n".join(f"{index}) set -- {shlex.join(command)} ;;" for index, command in enumerate(shares))
    return f'case $JOB_COMPLETION_INDEX in\n{cases}\nesac\nexec sh -c {shlex.join(shell)} "$@"\n'
