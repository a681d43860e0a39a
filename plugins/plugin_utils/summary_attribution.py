# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Where an arm loses: its probes, and what the host paid for its loads, against the baseline block by block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.record import workload_figures
from ansible_collections.katabench.scylla.plugins.plugin_utils.statistics import Ratio, paired_ratio
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary_runs import known

Entry = dict[str, Any]

CQL_READY = "cql-ready"
CPU_PER_1000 = "cpu-per-1000-ops"


@dataclass
class _Probe:
    """What is known of one probe: its values by arm and block, and why it failed, by arm."""

    layer: str | None = None
    unit: str | None = None
    better: str | None = None
    values: dict[str, dict[int, float]] = field(default_factory=dict)
    failures: dict[str, list[str]] = field(default_factory=dict)


def attribute(records: Sequence[Mapping[str, Any]], arms: Sequence[str], baseline: str) -> list[Entry]:
    """Return a cluster's `attribution` of summary.json from the records of its valid cells.

    Beside the probes it holds two things that the records tell: `cql-ready`, the seconds until the first node answered
    (the attempt that succeeded), and `cpu-per-1000-ops <workload>`, the processor time of the host without the
    loader's. `value` is the median over the blocks, `ratio` is paired by block (statistics.py). Where every try of a
    probe failed, its layer, unit and value are None, unless it went well under another arm.
    """
    probes: dict[str, _Probe] = {}
    for record in records:
        arm, block = record["cell"]["arm"], record["cell"]["block"]
        for name, layer, unit, better, value in _values(record):
            probe = probes.setdefault(name, _Probe())
            probe.layer, probe.unit, probe.better = layer, unit, better
            probe.values.setdefault(arm, {})[block] = value
        for failure in (record.get("attribution") or {}).get("failures", []):
            probes.setdefault(failure["probe"], _Probe()).failures.setdefault(arm, []).append(failure["sentence"])
    return [
        _entry(name, probe, arm, baseline)
        for name, probe in probes.items()
        for arm in arms
        if arm in probe.values or arm in probe.failures
    ]


def _entry(name: str, probe: _Probe, arm: str, baseline: str) -> Entry:
    values = probe.values.get(arm, {})
    ratio = None if arm == baseline else _ratio(values, probe.values.get(baseline, {}))
    return {
        "probe": name,
        "layer": probe.layer,
        "unit": probe.unit,
        "better": probe.better,
        "arm": arm,
        "value": median(values.values()) if values else None,
        "ratio": ratio.value if ratio else None,
        "ratio_low": ratio.low if ratio else None,
        "ratio_high": ratio.high if ratio else None,
        "blocks": ratio.blocks if ratio else 0,
        "failures": list(dict.fromkeys(probe.failures.get(arm, []))),
    }


def _ratio(values: Mapping[int, float], reference: Mapping[int, float]) -> Ratio | None:
    # What takes no memory or no time has no ratio.
    above = [{block: value for block, value in side.items() if value > 0} for side in (values, reference)]
    return paired_ratio(*above)


def _values(record: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str, float]]:
    """Yield probe, layer, unit, which is better, and value of all that a record tells."""
    for probe in (record.get("attribution") or {}).get("probes", []):
        value = known(probe["value"])
        if value is not None:
            yield probe["probe"], probe["layer"], probe["unit"], probe["better"], value
    ready_s = _ready_s(record.get("starts") or [])
    if ready_s is not None:
        yield CQL_READY, "start", "s", "lower", ready_s
    for workload in record["workloads"]:
        cpu_s = _cpu_s_per_1000(workload)
        if cpu_s is not None:
            yield f"{CPU_PER_1000} {workload['name']}", "overhead", "CPU s per 1,000 operations", "lower", cpu_s


def _ready_s(starts: Sequence[Mapping[str, Any]]) -> float | None:
    """Return how long the first node's successful start took; the others join a cluster, which takes its time."""
    own = [start for start in starts if start["node"] == starts[0]["node"]]
    seconds: float | None = next((known(start.get("elapsed_s")) for start in own if not start["failed"]), None)
    return seconds


def _cpu_s_per_1000(workload: Mapping[str, Any]) -> float | None:
    load = workload.get("host_load") or {}
    busy_s, loader_s, operations = known(load.get("cpu_busy_s")), known(load.get("loader_cpu_s")), _operations(workload)
    if busy_s is None or loader_s is None or not operations:
        return None
    return float((busy_s - loader_s) / operations * 1000.0)


def _operations(workload: Mapping[str, Any]) -> float | None:
    if workload_figures(workload)["op_rate"] is None:
        return None  # No block, or more than one.
    operations: float | None = known(workload["result"]["blocks"][0]["total"].get("total_partitions"))
    return operations
