# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Where a campaign ran and what it came from, as rows of the page's tables: hosts, sandboxes, nodes, versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.chart_style import arm_labels
from ansible_collections.katabench.scylla.plugins.plugin_utils.sandbox import is_emulated, sandbox_in_words

Line = dict[str, Any]
Record = Mapping[str, Any]


def load_table(summary: Mapping[str, Any], records: Sequence[Record]) -> list[Line]:
    """Return what the host did during the loads of each arm: the median and, of what disturbs, the worst."""
    lines = []
    for cluster in summary["clusters"]:
        for arm, label in arm_labels(cluster["rows"]).items():
            loads = [
                workload["host_load"]
                for record in _of(records, cluster["cluster"], arm)
                for workload in record["workloads"]
                if workload.get("host_load")
            ]
            if loads:
                lines.append(
                    {
                        "cluster": cluster["cluster"],
                        "label": label,
                        "loads": len(loads),
                        "busy": _median(loads, "cpu_busy_share"),
                        "steal": _most(loads, "steal_share"),
                        "loader": _most(loads, "loader_cpus_max"),
                        "sampler_s": _median(loads, "sampler_cpu_s"),
                    }
                )
    return lines


def inside_table(summary: Mapping[str, Any], records: Sequence[Record]) -> list[Line]:
    """Return what the nodes of each arm see inside, all cells together; where they differ, all that was seen."""
    lines = []
    for cluster in summary["clusters"]:
        for arm, label in arm_labels(cluster["rows"]).items():
            nodes = _nodes(_of(records, cluster["cluster"], arm))
            if nodes:
                lines.append(
                    {
                        "cluster": cluster["cluster"],
                        "label": label,
                        **{
                            key: _seen(node.get(key) for node in nodes)
                            for key in ("kernel_release", "data_filesystem", "processors", "cpuset", "aio_max_nr")
                        },
                        "cpus": _range((node["cpus"] for node in nodes), 2),
                        "memory_mib": _range((node["memory_mib"] for node in nodes), 0),
                    }
                )
    return lines


def parameter_tables(summary: Mapping[str, Any], records: Sequence[Record]) -> list[Line]:
    """Return for each cluster the kernel parameters as each arm's nodes see them, and whether the arms agree."""
    tables = []
    for cluster in summary["clusters"]:
        labels = arm_labels(cluster["rows"])
        seen = {arm: _nodes(_of(records, cluster["cluster"], arm)) for arm in labels}
        names = sorted({name for nodes in seen.values() for node in nodes for name in node.get("parameters") or {}})
        lines = []
        for name in names:
            values = [_seen((node.get("parameters") or {}).get(name) for node in nodes) for nodes in seen.values()]
            lines.append({"name": name, "values": values, "differs": len(set(values)) > 1})
        if lines:
            tables.append({"cluster": cluster["cluster"], "labels": list(labels.values()), "lines": lines})
    return tables


def sandbox_table(records: Iterable[Record]) -> list[Line]:
    """Return what each arm ran in, once; more than once where it changed in the course of a campaign."""
    seen = []
    for record in records:
        sandbox = record.get("sandbox")
        line = {
            "cluster": record["cell"]["cluster"],
            "arm": record["cell"]["arm"],
            "emulated": is_emulated(sandbox),
            "short": sandbox_in_words(sandbox) if sandbox else "",
            "lines": flat(sandbox or {}),
        }
        if sandbox and line not in seen:
            seen.append(line)
    return sorted(seen, key=lambda line: (line["cluster"], line["arm"]))


def host_table(summary: Mapping[str, Any], records: Iterable[Record]) -> list[Line]:
    """Return each cluster's host in a line and, from its first record, as a fingerprint."""
    fingerprints: dict[str, Mapping[str, Any]] = {}
    for record in records:
        fingerprints.setdefault(record["cell"]["cluster"], record["host"])
    return [
        {
            "cluster": cluster["cluster"],
            "short": cluster["host"],
            "lines": flat(fingerprints.get(cluster["cluster"], {})),
        }
        for cluster in summary["clusters"]
    ]


def origin_table(
    campaign: Mapping[str, Any], summary: Mapping[str, Any], records: Sequence[Record]
) -> list[tuple[str, str]]:
    """Return what the figures come from: versions, revisions, images, seed; each as often as there are values."""
    versions: dict[str, list[str]] = {}
    for record in records:
        for name, version in record["versions"].items():
            versions.setdefault(name, []).append(version)
    tools = [workload["tool"] for record in records for workload in record["workloads"]]
    images = [record["image"] for record in records if record["image"]]
    return [
        ("campaign begun", campaign["created_at"]),
        ("order of the arms", f"random within each block, seed {summary['provenance']['order_seed']}"),
        ("database", summary["engine"] or "unknown"),
        ("load generator", _seen(f"{tool['name']} {tool['version'] or ''}".strip() for tool in tools)),
        ("images", _seen(_image(image) for image in images)),
        ("katabench.scylla", _seen(versions.get("collection", []))),
        ("its git revision", _seen(summary["provenance"]["git"])),
        ("ansible-core", _seen(versions.get("ansible_core", []))),
    ]


def flat(value: Any, name: str = "") -> list[tuple[str, str]]:
    """Return a nested dictionary as lines: ("cpu model", "…"). A list of plain values is one line."""
    if isinstance(value, Mapping):
        return [line for key in sorted(value) for line in flat(value[key], f"{name} {key}".strip())]
    if isinstance(value, list) and any(isinstance(item, (Mapping, list)) for item in value):
        return [line for place, item in enumerate(value, start=1) for line in flat(item, f"{name} {place}")]
    if isinstance(value, list):
        return [(name, ", ".join(str(item) for item in value))]
    if isinstance(value, bool):
        return [(name, "yes" if value else "no")]
    return [(name, "unknown" if value is None else str(value))]


def _of(records: Iterable[Mapping[str, Any]], cluster: str, arm: str) -> list[Mapping[str, Any]]:
    return [record for record in records if (record["cell"]["cluster"], record["cell"]["arm"]) == (cluster, arm)]


def _nodes(records: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [node for record in records for node in (record["parity"] or {}).get("nodes", [])]


def _seen(values: Iterable[Any]) -> str:
    """Return what was seen, each value once."""
    return ", ".join(dict.fromkeys("unknown" if value is None else str(value) for value in values)) or "unknown"


def _range(values: Iterable[float | None], decimals: int) -> str:
    found = [value for value in values if value is not None]
    ends = list(dict.fromkeys(f"{value:,.{decimals}f}" for value in (min(found), max(found)))) if found else ["unknown"]
    return " to ".join(ends)


def _median(loads: Iterable[Mapping[str, Any]], key: str) -> float | None:
    found = [load[key] for load in loads if load.get(key) is not None]
    return median(found) if found else None


def _most(loads: Iterable[Mapping[str, Any]], key: str) -> float | None:
    return max((load[key] for load in loads if load.get(key) is not None), default=None)


def _image(image: Mapping[str, Any]) -> str:
    return f"{image['reference']} ({image['digest'] or image['id'] or 'neither digest nor id known'})"
