# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Which machines of a Kubernetes can carry which arm, and what room they have.

A machine is what Kubernetes calls a node: here that word is the database's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_objects import NO_RUNTIME_CLASS
from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_pods import cpus_of, mebibytes_of

Object = Mapping[str, Any]

_KEEPING_AWAY = {"NoSchedule", "NoExecute"}


def arm_faults(
    arms: Iterable[Object],
    runtime_classes: Sequence[Object],
    machines: Sequence[Object],
    placement: Object,
    *,
    needed: int = 1,
) -> list[str]:
    """Return a sentence for every arm that no machine can carry.

    `arms` have ``name`` and ``runtime``; `placement` is that of the database's nodes (``node_selector``,
    ``tolerations``); `needed` is how many machines an arm takes, more than one where its nodes may not share one.
    """
    classes = {one["metadata"]["name"]: one for one in runtime_classes}
    faults = []
    for arm in arms:
        name, runtime = arm["name"], arm["runtime"]
        if runtime != NO_RUNTIME_CLASS and runtime not in classes:
            there = ", ".join(sorted(classes)) or "none"
            faults.append(
                f"The arm {name} needs the RuntimeClass {runtime}, and the cluster has {there}: install it, or leave "
                f"{name} out of bench_arms."
            )
            continue
        able = machines_for(classes.get(runtime), machines, placement)
        if len(able) < needed:
            selector = {**placement["node_selector"], **_scheduling(classes.get(runtime)).get("nodeSelector", {})}
            wanted = ", ".join(f"{key}={value}" for key, value in sorted(selector.items())) or "no label"
            faults.append(
                f"The arm {name} needs {needed} machines that are ready, take pods and carry {wanted}; there are "
                f"{len(able)} ({', '.join(able) or 'none'}) of {len(machines)}."
            )
    return faults


def machines_for(runtime_class: Object | None, machines: Iterable[Object], placement: Object) -> list[str]:
    """Return the names of the machines on which a pod of a RuntimeClass could be placed, however full they are."""
    scheduling = _scheduling(runtime_class)
    selector = {**placement["node_selector"], **scheduling.get("nodeSelector", {})}
    tolerations = [*placement["tolerations"], *scheduling.get("tolerations", [])]
    return [
        machine["metadata"]["name"]
        for machine in machines
        if _takes_pods(machine, tolerations) and selector.items() <= (machine["metadata"].get("labels") or {}).items()
    ]


def room_faults(
    wanted: Object, count: int, able: Sequence[str], machines: Iterable[Object], pods: Iterable[Object]
) -> list[str]:
    """Return a sentence when `count` pods do not fit on the machines `able`, with the numbers.

    `wanted` has ``cpus`` and ``memory_mib`` of one pod, its RuntimeClass's overhead included; `pods` are those of all
    namespaces. Init containers are not counted, so a machine may have less room than is said here.
    """
    taken: dict[str, tuple[float, float]] = {}
    for pod in pods:
        machine = pod["spec"].get("nodeName")
        if machine and pod.get("status", {}).get("phase") not in ("Succeeded", "Failed"):
            cpus, memory_mib = _requested(pod)
            before = taken.get(machine, (0.0, 0.0))
            taken[machine] = (before[0] + cpus, before[1] + memory_mib)
    fits, said = 0, []
    for machine in machines:
        name = machine["metadata"]["name"]
        if name not in able:
            continue
        allocatable = machine["status"]["allocatable"]
        cpus = cpus_of(allocatable["cpu"]) - taken.get(name, (0.0, 0.0))[0]
        memory_mib = mebibytes_of(allocatable["memory"]) - taken.get(name, (0.0, 0.0))[1]
        fits += max(0, int(min(cpus // wanted["cpus"], memory_mib // wanted["memory_mib"])))
        said.append(f"{name} {cpus:g} and {memory_mib:.0f} MiB")
    if fits >= count:
        return []
    return [
        f"{count} pods of {wanted['cpus']:g} processors and {wanted['memory_mib']:g} MiB each do not fit; free are: "
        f"{', '.join(said) or 'no machine'}. Make room, or lower bench_nodes, bench_node_cpus or bench_node_memory_mib."
    ]


def overhead_of(runtime_class: Object | None) -> dict[str, float]:
    """Return what a RuntimeClass adds to every pod: ``{cpus, memory_mib}``."""
    fixed = ((runtime_class or {}).get("overhead") or {}).get("podFixed") or {}
    return {"cpus": cpus_of(fixed.get("cpu", 0)), "memory_mib": mebibytes_of(fixed.get("memory", 0))}


def _scheduling(runtime_class: Object | None) -> Object:
    scheduling: Object = (runtime_class or {}).get("scheduling") or {}
    return scheduling


def _takes_pods(machine: Object, tolerations: Sequence[Object]) -> bool:
    conditions = {one["type"]: one["status"] for one in machine["status"].get("conditions") or []}
    spec = machine.get("spec") or {}
    keeping_away = [taint for taint in spec.get("taints") or [] if taint["effect"] in _KEEPING_AWAY]
    return (
        conditions.get("Ready") == "True"
        and not spec.get("unschedulable")
        and all(any(_tolerates(one, taint) for one in tolerations) for taint in keeping_away)
    )


def _tolerates(toleration: Object, taint: Object) -> bool:
    """Return whether a toleration matches a taint, as the scheduler does."""
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("operator") == "Exists":
        return not toleration.get("key") or toleration["key"] == taint["key"]
    return toleration.get("key") == taint["key"] and (toleration.get("value") or "") == (taint.get("value") or "")


def _requested(pod: Object) -> tuple[float, float]:
    requests = [one.get("resources", {}).get("requests") or {} for one in pod["spec"]["containers"]]
    requests.append(pod["spec"].get("overhead") or {})
    return (
        sum(cpus_of(one.get("cpu", 0)) for one in requests),
        sum(mebibytes_of(one.get("memory", 0)) for one in requests),
    )
