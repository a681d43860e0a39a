# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a Kubernetes can carry a campaign, and what it is: looked at once, before anything is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_api import (
    Api,
    KubernetesError,
    missing_rights,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_machines import (
    arm_faults,
    machines_for,
    overhead_of,
    room_faults,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_objects import LABEL, NO_RUNTIME_CLASS

Object = Mapping[str, Any]

# What a campaign does in its namespace, as (verb, group, resource).
RIGHTS = [
    *((verb, "apps", "statefulsets") for verb in ("create", "delete", "list")),
    *((verb, "batch", "jobs") for verb in ("create", "delete", "list")),
    *((verb, "", "services") for verb in ("create", "delete")),
    ("create", "networking.k8s.io", "networkpolicies"),
    ("create", "policy", "poddisruptionbudgets"),
    *((verb, "", "pods") for verb in ("list", "watch")),
    ("create", "", "pods/exec"),
    *((verb, "coordination.k8s.io", "leases") for verb in ("create", "delete", "list", "update")),
    ("list", "", "events"),
]
# What a machine's labels and annotations may say of its network.
_NETWORKS = {
    "projectcalico.org/IPv4Address": "Calico",
    "io.cilium.network.ipv4-cilium-host": "Cilium",
    "network.cilium.io/ipv4-cilium-host": "Cilium",
    "flannel.alpha.coreos.com/backend-type": "Flannel",
    "k8s.ovn.org/node-subnets": "OVN-Kubernetes",
}


def look_at_cluster(api: Api, asked: Object) -> dict[str, Any]:
    """Return ``{cluster, faults, notes}``: what the cluster is, what forbids a campaign, what it should know.

    `asked` has ``namespace``, ``name`` (of the database cluster), ``arms``, ``nodes``, ``node_cpus``,
    ``node_memory_mib``, ``placement`` (of the nodes) and ``storage_class`` (empty: none). Raises KubernetesError.
    """
    version = api.get("/version")
    missing = missing_rights(api, asked["namespace"], RIGHTS)
    if missing:
        return {
            "cluster": {},
            "notes": [],
            "faults": [
                f"The user of this context may not do in the namespace {asked['namespace']}: {', '.join(missing)}. "
                "Bind a Role that allows it (docs/kubernetes.md has one)."
            ],
        }
    notes: list[str] = []
    machines = _list_or_note(api, "/api/v1/nodes", "machines", notes)
    classes = _list_or_note(api, "/apis/node.k8s.io/v1/runtimeclasses", "RuntimeClasses", notes)
    storage_classes = _list_or_note(api, "/apis/storage.k8s.io/v1/storageclasses", "StorageClasses", notes)
    faults = [*_namespace_faults(api, asked), *_storage_faults(storage_classes, asked["storage_class"])]
    if machines is not None and classes is not None:
        spread = asked["placement"]["spread"] == "required"
        needed = asked["nodes"] if spread else 1
        faults += arm_faults(asked["arms"], classes, machines, asked["placement"], needed=needed)
        faults += _room_faults(api, asked, machines, classes, notes)
    return {
        "cluster": {
            "version": version["gitVersion"],
            "machines": [_machine(machine) for machine in machines or []],
            "runtime_classes": [_runtime_class(one) for one in classes or []],
            "storage_class": asked["storage_class"] or None,
            "networks": sorted({network for machine in machines or [] for network in _networks(machine)}),
        },
        "faults": list(dict.fromkeys(faults)),
        "notes": notes,
    }


def _list_or_note(api: Api, path: str, what: str, notes: list[str]) -> list[dict[str, Any]] | None:
    """Return the objects of a list of the whole cluster, None and a note where the user may not see it."""
    try:
        found: list[dict[str, Any]] = api.items(path)
    except KubernetesError as error:
        notes.append(f"The {what} of the cluster cannot be listed, so they are neither checked nor recorded: {error}")
        return None
    return found


def _namespace_faults(api: Api, asked: Object) -> list[str]:
    name = asked["namespace"]
    try:
        labels = api.get(f"/api/v1/namespaces/{name}")["metadata"].get("labels") or {}
    except KubernetesError as error:
        return [] if "HTTP 404" in str(error) else [str(error)]
    if labels.get(LABEL) == asked["name"]:
        return []
    return [
        f"The namespace {name} is there and is not ours: it lacks the label {LABEL}={asked['name']}. Set "
        f"kubernetes_namespace to a name that is free, or, to give {name} to campaigns, label it so."
    ]


def _storage_faults(storage_classes: Sequence[Object] | None, wanted: str) -> list[str]:
    if not wanted or storage_classes is None:
        return []
    names = sorted(one["metadata"]["name"] for one in storage_classes)
    if wanted in names:
        return []
    return [
        f"kubernetes_storage_class is {wanted}, and the cluster has {', '.join(names) or 'none'}: name one of them, or "
        "leave it empty for data in an emptyDir."
    ]


def _room_faults(
    api: Api, asked: Object, machines: Sequence[Object], classes: Sequence[Object], notes: list[str]
) -> list[str]:
    pods = _list_or_note(api, "/api/v1/pods", "pods", notes)
    if pods is None:
        return []
    others = [pod for pod in pods if (pod["metadata"].get("labels") or {}).get(LABEL) != asked["name"]]
    by_name = {one["metadata"]["name"]: one for one in classes}
    faults: list[str] = []
    for arm in asked["arms"]:
        runtime = arm["runtime"]
        if runtime != NO_RUNTIME_CLASS and runtime not in by_name:
            continue
        overhead = overhead_of(by_name.get(runtime))
        wanted = {
            "cpus": float(arm.get("node_cpus") or asked["node_cpus"]) + overhead["cpus"],
            "memory_mib": float(arm.get("node_memory_mib") or asked["node_memory_mib"]) + overhead["memory_mib"],
        }
        able = machines_for(by_name.get(runtime), machines, asked["placement"])
        faults += room_faults(wanted, asked["nodes"], able, machines, others) if able else []
    return faults


def _machine(machine: Object) -> dict[str, Any]:
    info, labels = machine["status"]["nodeInfo"], machine["metadata"].get("labels") or {}
    return {
        "name": machine["metadata"]["name"],
        "kubelet": info["kubeletVersion"],
        "container_runtime": info["containerRuntimeVersion"],
        "kernel_release": info["kernelVersion"],
        "os": info["osImage"],
        "architecture": info["architecture"],
        "zone": labels.get("topology.kubernetes.io/zone"),
        "allocatable": {key: machine["status"]["allocatable"].get(key) for key in ("cpu", "memory")},
    }


def _runtime_class(one: Object) -> dict[str, Any]:
    return {"name": one["metadata"]["name"], "handler": one["handler"], "overhead": overhead_of(one)}


def _networks(machine: Object) -> Iterable[str]:
    annotations = machine["metadata"].get("annotations") or {}
    return (network for key, network in _NETWORKS.items() if key in annotations)
