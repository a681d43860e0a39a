# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Whether two campaigns measured under the same conditions, and in what they differ."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.compare_side import Side

ALWAYS_FREE = ("collection", "sandbox")
"""What two campaigns may differ in without saying so: it is named, and often what the comparison is about."""

CONDITIONS = (
    "accelerator",
    "arms",
    "cluster",
    "cpu",
    "disk",
    "engine",
    "governor",
    "image",
    "kernel",
    "loader",
    "memory",
    "mitigations",
    "parity",
    "workloads",
)
"""What has to be the same unless it is said to be changed on purpose."""

# A kernel brings many of these, and one line tells all that differ.
TOGETHER = "mitigations"

# The same machine tells a little more or less memory from one kernel to the next.
MEMORY_BAND = 0.01

ARM_KEYS = ("runtime", "storage", "node_cpus", "node_memory_mib")
WORKLOAD_KEYS = ("operations", "duration_s", "threads", "consistency")

Fact = tuple[str, str]  # a condition, and what of it in words
Facts = dict[Fact, list[Any]]  # all values found, in the order of their finding


@dataclass(frozen=True)
class Difference:
    """One thing in which two campaigns differ; `free` when they may, as it was changed on purpose."""

    condition: str
    what: str
    then: str
    now: str
    free: bool

    @property
    def sentence(self) -> str:
        """The difference in words."""
        return f"{self.what}: then {self.then}, now {self.now}"


def changed_faults(changed: Iterable[str]) -> list[str]:
    """Return a sentence for each name in `changed`, what was changed on purpose, that is no condition."""
    names = sorted({*CONDITIONS, *ALWAYS_FREE})
    return [f"There is no condition {name!r}: there are {', '.join(names)}." for name in changed if name not in names]


def differences(
    baseline: Side, candidate: Side, clusters: Sequence[tuple[str, str]], changed: Iterable[str]
) -> list[Difference]:
    """Return in what two campaigns differ, given their clusters in pairs and the conditions changed on purpose.

    What only one of them knows, because the other's records are older, is a difference too. Arms and workloads that
    only one of them has are none: they are not compared.
    """
    free = {*changed, *ALWAYS_FREE}
    found = list(_between(_settings_facts(baseline, candidate), _settings_facts(candidate, baseline), "", free))
    for then, now in clusters:
        where = f" of {now}" if len(clusters) > 1 else ""
        found += _between(_facts(baseline, then, candidate), _facts(candidate, now, baseline), where, free)
    return found


def _between(then: Facts, now: Facts, where: str, free: Iterable[str]) -> Iterator[Difference]:
    unlike: dict[str, list[Fact]] = {}
    for fact in dict.fromkeys([*then, *now]):
        condition, what = fact
        # What only one has is of an arm or a workload of which the other has no valid cell; a mitigation is one more.
        if condition != TOGETHER and not (fact in then and fact in now):
            continue
        if not _alike(condition, then.get(fact, []), now.get(fact, [])):
            unlike.setdefault(condition if condition == TOGETHER else what, []).append(fact)
    for what, facts in unlike.items():
        condition = facts[0][0]
        yield Difference(condition, f"{what}{where}", _told(then, facts), _told(now, facts), condition in free)


def _told(facts: Facts, unlike: Sequence[Fact]) -> str:
    together = unlike[0][0] == TOGETHER
    return "; ".join(
        f"{fact[1]} {_shown(facts.get(fact, []))}" if together else _shown(facts.get(fact, [])) for fact in unlike
    )


def _alike(condition: str, then: Sequence[Any], now: Sequence[Any]) -> bool:
    values = [*then, *now]
    if condition == "memory" and then and now and all(isinstance(value, (int, float)) for value in values):
        return math.isclose(min(values), max(values), rel_tol=MEMORY_BAND)
    return set(then) == set(now)


def _settings_facts(side: Side, other: Side) -> Facts:
    """Return what the settings decide, of the arms that both campaigns have."""
    settings = side.campaign["settings"]
    facts: Facts = {
        # Before the setting existed, a cell beyond the band did not count.
        ("parity", "parity"): [settings.get("parity") or "enforce"],
        ("collection", "version of the collection"): [side.campaign.get("collection_version")],
    }
    for name, arm in side.arms.items():
        if name in other.arms:
            facts |= {("arms", f"{key} of {name}"): [arm.get(key)] for key in ARM_KEYS}
    return facts


def _facts(side: Side, cluster: str, other: Side) -> Facts:
    """Return what the valid records of a cluster tell, of the arms and workloads that both campaigns have."""
    facts: Facts = {}
    for record in side.records:
        if record["cell"]["cluster"] == cluster and record["cell"]["arm"] in other.arms:
            for fact, value in _record_facts(record, other.workloads):
                values = facts.setdefault(fact, [])
                if value not in values:
                    values.append(value)
    return facts


def _record_facts(record: Mapping[str, Any], workloads: Sequence[str]) -> Iterator[tuple[Fact, Any]]:
    yield from _host_facts(record["host"])
    yield ("collection", "git revision of the collection"), record["versions"].get("collection_git")
    engine, image, cluster = record["engine"] or {}, record["image"] or {}, record["cluster"]
    yield ("engine", "database"), f"{engine.get('name')} {engine.get('version') or ''}".strip()
    yield ("image", "image"), image.get("digest") or image.get("id")
    for key in ("nodes", "node_cpus", "node_memory_mib"):
        yield ("cluster", key), cluster[key]
    yield from _sandbox_facts(record)
    for workload in record["workloads"]:
        if workload["name"] in workloads:
            yield from _workload_facts(workload)


def _host_facts(host: Mapping[str, Any]) -> Iterator[tuple[Fact, Any]]:
    cpu, disk = host.get("cpu") or {}, host.get("disk") or {}
    yield ("cpu", "CPU model"), cpu.get("model")
    yield ("cpu", "cores"), cpu.get("cores")
    yield ("cpu", "SMT"), cpu.get("smt")
    yield ("governor", "frequency governor"), cpu.get("governor")
    for name, state in (cpu.get("mitigations") or {}).items():
        yield ("mitigations", name), state
    yield ("memory", "memory of the host (MiB)"), host.get("memory_mib")
    yield ("kernel", "kernel"), host.get("kernel")
    yield ("disk", "disk model"), disk.get("model")
    yield ("disk", "file system"), disk.get("filesystem")
    yield ("sandbox", "Docker Engine"), (host.get("engine") or {}).get("version")


def _sandbox_facts(record: Mapping[str, Any]) -> Iterator[tuple[Fact, Any]]:
    name, runtime, sandbox = record["arm"]["name"], record["arm"]["runtime"], record.get("sandbox") or {}
    yield ("sandbox", f"runtime {runtime}"), (record["host"].get("runtimes") or {}).get(runtime)
    yield ("sandbox", f"Kata Containers of {name}"), sandbox.get("kata_version")
    yield ("sandbox", f"hypervisor of {name}"), (sandbox.get("hypervisor") or {}).get("version")
    yield ("sandbox", f"guest kernel of {name}"), sandbox.get("guest_kernel")
    # Software emulation against KVM is no upgrade.
    yield ("accelerator", f"accelerator of {name}"), sandbox.get("accelerator")


def _workload_facts(workload: Mapping[str, Any]) -> Iterator[tuple[Fact, Any]]:
    name, asked, rate = workload["name"], workload["asked"], workload["asked"]["rate"]
    yield ("workloads", f"operation of {name}"), workload["operation"]
    for key in WORKLOAD_KEYS:
        yield ("workloads", f"{key} of {name}"), asked.get(key)
    yield ("workloads", f"rate of {name}"), rate["mode"]
    # A ladder's absolute rate follows from what was measured; what is set is the fraction.
    yield ("workloads", f"fraction of {name}"), rate.get("fraction")
    if rate.get("fraction") is None:
        yield ("workloads", f"ops_per_s of {name}"), rate["ops_per_s"]
    tool = workload["tool"]
    yield ("loader", "loader"), f"{tool['name']} {tool['version'] or ''}".strip()


def _shown(values: Sequence[Any]) -> str:
    return ", ".join("not known" if value is None else str(value) for value in values) or "not known"
