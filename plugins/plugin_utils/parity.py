# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Whether the arms of a comparison had equal resources, as each node measured them inside itself.

Nodes are the dictionaries of node_facts.read_node_resources. What a record of an earlier version does not hold is not
judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

Node = Mapping[str, Any]


class Difference(NamedTuple):
    """In what the nodes of an arm differ from the baseline's, and the sentence for it, which begins with the arm."""

    of: str
    sentence: str


def judge_parity(asked: Mapping[str, Any], nodes: Sequence[Node], band: float) -> dict[str, Any]:
    """Judge whether the nodes of an arm have the resources that were asked for, measured inside each.

    `asked`: cpus, memory_mib and, where a sandbox was proven, kernel_release, the kernel it had. `band` is the share by
    which CPUs and memory may differ from what was asked. The processors that a node may run on must be as many as the
    CPUs asked for. Kernel and data file system must be the same in all nodes. Returns
    ``{valid, failures: [{class, sentence}], marks: [sentence]}``, as validity.judge_workload does.
    """
    failures = [{"class": "parity", "sentence": sentence} for sentence in parity_faults(asked, nodes, band)]
    return {"valid": not failures, "failures": failures, "marks": []}


def parity_faults(asked: Mapping[str, Any], nodes: Sequence[Node], band: float) -> list[str]:
    """Say in sentences what judge_parity finds."""
    return [
        *_measured_faults(nodes),
        *(fault for node in nodes for fault in _resource_faults(asked, node, band)),
        *_unequal_faults(nodes),
        *_kernel_faults(asked.get("kernel_release"), nodes),
    ]


def differences(
    arm_nodes: Sequence[Node], baseline_nodes: Sequence[Node], band: float, baseline: str
) -> list[Difference]:
    """Name in what the nodes of an arm differ from those of the baseline, whose name goes into the sentences.

    `band` is the share by which CPUs and memory may differ. Kernel settings are compared where both have them. Nodes
    may be those of several cells; without any on either side nothing can be said.
    """
    if not arm_nodes or not baseline_nodes:
        return []
    return [difference for find in _FINDERS for difference in find(arm_nodes, baseline_nodes, band, baseline)]


def undeclared(arm: Mapping[str, Any], found: Sequence[Difference]) -> list[Difference]:
    """Return the differences that an arm of the catalogue does not declare.

    Its `differs`, a sentence, declares whatever there is. Its `own` declares what its nodes have of their own by the
    nature of the runtime: `kernel` (and with it the processors that this kernel has), `parameters`, `data_filesystem`.
    """
    if arm.get("differs"):
        return []
    own = set(arm.get("own") or [])
    return [difference for difference in found if _DECLARED_BY.get(difference.of, difference.of) not in own]


def processors_of(cpuset: str | None) -> int | None:
    """Count the processors of a list as cpuset(7) has it, "0-3,8": 5. None for what is no such list."""
    try:
        ends = [part.partition("-") for part in (cpuset or "").split(",")]
        return sum(int(last or first) - int(first) + 1 for first, _dash, last in ends)
    except ValueError:
        return None


def _measured_faults(nodes: Sequence[Node]) -> Iterator[str]:
    if not nodes:
        yield "No node was measured, so that nothing shows what it had."


def _resource_faults(asked: Mapping[str, Any], node: Node, band: float) -> Iterator[str]:
    for key, what in (("cpus", "CPUs"), ("memory_mib", "MiB of memory")):
        if node[key] is None:
            yield f"{node['node']} did not tell its {what}."
        elif abs(node[key] - asked[key]) > band * asked[key]:
            yield f"{node['node']} has {node[key]:g} {what} where {asked[key]:g} were asked for (band {band:.0%})."
    allowed = processors_of(node.get("cpuset"))
    if allowed is not None and allowed < asked["cpus"]:
        yield (
            f"{node['node']} may run on {_processors(allowed)} (cpuset {node['cpuset']}) where {asked['cpus']:g} CPUs "
            "were asked for."
        )


def _unequal_faults(nodes: Sequence[Node]) -> Iterator[str]:
    for key, what in (("kernel_release", "kernel"), ("data_filesystem", "data file system")):
        found = {str(node["node"]): node[key] for node in nodes}
        if None in found.values() or len(set(found.values())) > 1:
            listed = ", ".join(f"{name} {value or 'did not tell'}" for name, value in found.items())
            yield f"The nodes do not have one {what}: {listed}."


def _kernel_faults(proven: str | None, nodes: Sequence[Node]) -> Iterator[str]:
    for node in nodes:
        if proven and node["kernel_release"] not in {None, proven}:
            yield (
                f"{node['node']} has kernel {node['kernel_release']}, the sandbox was proven with {proven}: it did not "
                "run in what the record describes."
            )


def _amounts(arm: Sequence[Node], base: Sequence[Node], band: float, baseline: str) -> Iterator[Difference]:
    for key, what in (("cpus", "CPUs"), ("memory_mib", "MiB of memory")):
        has, had = (_median(node.get(key) for node in nodes) for nodes in (arm, base))
        if has is not None and had is not None and abs(has - had) > band * had:
            yield Difference(key, f"it has {has:g} {what} where {baseline} has {had:g}")


def _cpusets(arm: Sequence[Node], base: Sequence[Node], _band: float, baseline: str) -> Iterator[Difference]:
    has, had = (_median(processors_of(node.get("cpuset")) for node in nodes) for nodes in (arm, base))
    if has is not None and had is not None and has != had:
        yield Difference("cpuset", f"it may run on {_processors(has)} where {baseline} may on {had:g}")


def _filesystems(arm: Sequence[Node], base: Sequence[Node], _band: float, baseline: str) -> Iterator[Difference]:
    has, had = (_words(node.get("data_filesystem") for node in nodes) for nodes in (arm, base))
    if has and had and has != had:
        yield Difference("data_filesystem", f"its data are on {has} where {baseline} has {had}")


def _kernels(arm: Sequence[Node], base: Sequence[Node], _band: float, baseline: str) -> Iterator[Difference]:
    has, had = (_words(node.get("kernel_release") for node in nodes) for nodes in (arm, base))
    if has and had and has != had:
        yield Difference("kernel", f"it has a kernel of its own, {has} where {baseline} has {had}")


def _settings(arm: Sequence[Node], base: Sequence[Node], _band: float, baseline: str) -> Iterator[Difference]:
    names = sorted({name for node in arm for name in node.get("parameters") or {}})
    for name in names:
        has, had = (_words((node.get("parameters") or {}).get(name) for node in nodes) for nodes in (arm, base))
        if has and had and has != had:
            yield Difference("parameters", f"{name} is {has} where {baseline} has {had}")


_FINDERS = (_amounts, _cpusets, _filesystems, _kernels, _settings)
_DECLARED_BY = {"cpuset": "kernel"}


def _median(values: Iterator[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _words(values: Iterator[str | None]) -> str:
    return " or ".join(sorted({value for value in values if value}))


def _processors(count: float) -> str:
    return "1 processor" if count == 1 else f"{count:g} processors"
