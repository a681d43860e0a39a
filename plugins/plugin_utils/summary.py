# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Turn a campaign and its records into the figures that the report, the table and the charts show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.plan import item_name
from ansible_collections.katabench.scylla.plugins.plugin_utils.record import workload_figures
from ansible_collections.katabench.scylla.plugins.plugin_utils.sandbox import is_emulated
from ansible_collections.katabench.scylla.plugins.plugin_utils.starts import count_starts
from ansible_collections.katabench.scylla.plugins.plugin_utils.statistics import Ratio, paired_ratio
from ansible_collections.katabench.scylla.plugins.plugin_utils.wording import (
    again_in_words,
    arm_label,
    host_in_words,
    pacing_in_words,
    question_in_words,
    row_in_words,
    verdict_in_words,
)

SCHEMA = 1

FIGURES = ("op_rate", "latency_mean_ms", "latency_p99_ms")

Arm = dict[str, Any]
Row = dict[str, Any]


def summarise(
    campaign: Mapping[str, Any],
    records: Iterable[Mapping[str, Any]],
    earlier: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return the content of summary.json (schema 1) for a campaign and those of its records that exist.

    `campaign` is the content of campaign.json, `records` those of record.json, in any order; `earlier` are records of
    tries that did not count and were repeated, whose starts are counted and nothing else. The keys:

    * `run_id`, `question`, `verdict`, `baseline`, `engine`, `aa`: words; `aa` judges the arms that repeat another.
    * `cells`: how many are `planned`, `valid`, `invalid`, `missing`.
    * `clusters`: `{cluster, host, aa_holds, aa, rows, starts}`; a row is one workload under one arm: `op_rate`
      (operations per second), `latency_mean_ms`, `latency_p99_ms`, each the median over the valid replicates
      (percentiles are never averaged); `ratio`, `ratio_low`, `ratio_high`, `change_percent` of the op rate against the
      baseline, paired over `blocks` blocks (statistics.py; the interval is null below three); `valid`: there is a
      valid replicate; `sentence`: the row in words. What else explains its figures: `emulated` (a cell of it ran under
      software emulation), `differs`, `storage` and `data_filesystem` (as the nodes see it).
    * `starts` of a cluster: `{arm, emulated, starts, failed, causes}` of each arm whose starts were counted: how many
      attempts to start a node there were, in all its cells and in tries that were repeated.
    * `points`: the figures of each valid cell's workloads.
    * `problems`: `{cell, class, sentence}` of what does not count or did not run; `marks`: `{cell, sentence}` of
      what counts all the same.
    * `workloads`: what their latencies mean; `commands`: what was run, and in which cells; `raw`: files, their paths
      relative to the campaign's folder.

    Only valid cells enter figures.
    """
    settings, plan = campaign["settings"], campaign["plan"]
    baseline, arms = settings["baseline"], [_arm(arm) for arm in settings["arms"]]
    compared = [arm["arm"] for arm in arms if arm["arm"] != baseline and not arm["again_of"]]
    workloads = [item_name(workload) for workload in settings["workloads"]]
    by_cell = {record["cell"]["id"]: record for record in records}
    cells = [(cell, by_cell.get(cell["id"])) for cell in plan]
    present = [record for _cell, record in cells if record]
    valid = [record for record in present if record["validity"]["valid"]]
    points = [point for record in valid for point in _points(record)]
    clusters = [
        _cluster(
            name, workloads, arms, baseline, [pair for pair in cells if pair[0]["cluster"] == name], points, earlier
        )
        for name in _distinct(cell["cluster"] for cell in plan)
    ]
    engine = _engine(present)
    labels = _labels(clusters)
    return {
        "schema": SCHEMA,
        "run_id": campaign["run_id"],
        "question": question_in_words(engine, [labels[arm] for arm in compared], labels[baseline], len(clusters)),
        "verdict": verdict_in_words(clusters, compared, baseline),
        "baseline": baseline,
        "engine": engine,
        "aa": " ".join(
            cluster["aa"] if len(clusters) == 1 else f"{cluster['cluster']}: {cluster['aa']}" for cluster in clusters
        ),
        "cells": {
            "planned": len(plan),
            "valid": len(valid),
            "invalid": len(present) - len(valid),
            "missing": len(plan) - len(present),
        },
        "clusters": clusters,
        "points": points,
        "problems": [problem for cell, record in cells for problem in _problems(cell["id"], record)],
        "marks": [
            {"cell": record["cell"]["id"], "sentence": str(mark)}
            for record in valid
            for mark in record["validity"]["marks"]
        ],
        "workloads": _workloads(workloads, present),
        "commands": _commands(present),
        "raw": _raw(present),
    }


def rows_of(summary: Mapping[str, Any]) -> list[Row]:
    """Return the rows of all clusters, each with its cluster's name: the lines of summary.csv."""
    return [{"cluster": cluster["cluster"], **row} for cluster in summary["clusters"] for row in cluster["rows"]]


def _points(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    figures = [workload_figures(workload) for workload in record["workloads"]]
    return [
        {
            "cluster": record["cell"]["cluster"],
            "block": record["cell"]["block"],
            "arm": record["cell"]["arm"],
            "emulated": is_emulated(record.get("sandbox")),
            "workload": figure["name"],
            **{key: figure[key] for key in FIGURES},
        }
        for figure in figures
        if figure["op_rate"] is not None
    ]


def _cluster(
    name: str,
    workloads: Sequence[str],
    asked_arms: Sequence[Arm],
    baseline: str,
    cells: Sequence[tuple[Mapping[str, Any], Mapping[str, Any] | None]],
    points: Sequence[Mapping[str, Any]],
    earlier: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    records = [record for _cell, record in cells if record]
    arms = [_seen_arm(arm, [record for record in records if record["cell"]["arm"] == arm["arm"]]) for arm in asked_arms]
    own = [point for point in points if point["cluster"] == name]

    def rates(workload: str, arm: str) -> dict[int, float]:
        return {point["block"]: point["op_rate"] for point in _of(own, workload, arm)}

    def ratio(workload: str, arm: str, reference: str) -> Ratio | None:
        return paired_ratio(rates(workload, arm), rates(workload, reference))

    aa_holds, aa = again_in_words(
        [
            (f"{arm_label(arm)} {workload}", ratio(workload, arm["arm"], arm["again_of"]))
            for arm in arms
            if arm["again_of"]
            for workload in workloads
        ]
    )
    hosts = [record["host"] for record in records if record["host"]]
    return {
        "cluster": name,
        "host": host_in_words(hosts[0] if hosts else {}),
        "aa_holds": aa_holds,
        "aa": aa,
        "rows": [
            _row(
                workload,
                arm,
                baseline,
                [pair for pair in cells if pair[0]["arm"] == arm["arm"]],
                _of(own, workload, arm["arm"]),
                None if arm["arm"] == baseline else ratio(workload, arm["arm"], baseline),
            )
            for workload in workloads
            for arm in arms
        ],
        "starts": _starts(arms, [*(record for record in earlier if record["cell"]["cluster"] == name), *records]),
    }


def _row(
    workload: str,
    arm: Arm,
    baseline: str,
    cells: Sequence[tuple[Mapping[str, Any], Mapping[str, Any] | None]],
    points: Sequence[Mapping[str, Any]],
    ratio: Ratio | None,
) -> Row:
    problems = [problem["sentence"] for cell, record in cells for problem in _problems(cell["id"], record)]
    return {
        "workload": workload,
        **arm,
        "replicates": len(cells),
        "replicates_valid": len(points),
        **{key: _median(point[key] for point in points) for key in FIGURES},
        "ratio": ratio.value if ratio else None,
        "ratio_low": ratio.low if ratio else None,
        "ratio_high": ratio.high if ratio else None,
        "blocks": ratio.blocks if ratio else 0,
        "change_percent": ratio.change_percent if ratio else None,
        "valid": bool(points),
        "sentence": row_in_words(arm["arm"], baseline, ratio, len(points), problems, emulated=arm["emulated"]),
    }


def _problems(cell_id: str, record: Mapping[str, Any] | None) -> list[dict[str, str]]:
    if record is None:
        return [{"cell": cell_id, "class": "missing", "sentence": "The cell has no record: it has not run to its end."}]
    return [
        {"cell": cell_id, "class": failure["class"], "sentence": failure["sentence"]}
        for failure in record["validity"]["failures"]
    ]


def _workloads(names: Sequence[str], records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    modes = {
        workload["name"]: workload["asked"]["rate"]["mode"] for record in records for workload in record["workloads"]
    }
    return [
        {"workload": name, "rate_mode": modes.get(name), "latency_note": pacing_in_words(modes.get(name))}
        for name in names
    ]


def _commands(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    cells: dict[tuple[str, str], list[str]] = {}
    for record in records:
        for workload in record["workloads"]:
            cells.setdefault((workload["name"], workload["command"]), []).append(record["cell"]["id"])
    return [
        {"workload": workload, "command": command, "cells": cell_ids} for (workload, command), cell_ids in cells.items()
    ]


def _raw(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"cell": record["cell"]["id"], "workload": workload["name"], "stream": stream, **file}
        for record in records
        for workload in record["workloads"]
        for stream, file in sorted(workload["raw"].items(), reverse=True)  # stdout, then stderr
        if file
    ]


def _engine(records: Sequence[Mapping[str, Any]]) -> str | None:
    engines = [record["engine"] for record in records if record["engine"]]
    return ", ".join(_distinct(f"{engine['name']} {engine['version'] or ''}".strip() for engine in engines)) or None


def _arm(arm: Any) -> Arm:
    given = arm if isinstance(arm, Mapping) else {}
    return {
        "arm": item_name(arm),
        "runtime": given.get("runtime"),
        **{key: given.get(key) or None for key in ("again_of", "differs", "storage")},
    }


def _seen_arm(arm: Arm, records: Sequence[Mapping[str, Any]]) -> Arm:
    filesystems = [node["data_filesystem"] for record in records for node in (record["parity"] or {}).get("nodes", [])]
    return {
        **arm,
        "data_filesystem": ", ".join(_distinct(name for name in filesystems if name)) or None,
        "emulated": any(is_emulated(record.get("sandbox")) for record in records),
    }


def _starts(arms: Sequence[Arm], records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    counted = []
    for arm in arms:
        own = [record.get("starts") or [] for record in records if record["cell"]["arm"] == arm["arm"]]
        if any(own):
            counts = count_starts([start for starts in own for start in starts])
            counted.append({"arm": arm["arm"], "emulated": arm["emulated"], **counts})
    return counted


def _labels(clusters: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the arms' labels for sentences on all clusters: emulated on one is emulated."""
    rows = [row for cluster in clusters for row in cluster["rows"]]
    return {row["arm"]: arm_label(row) for row in sorted(rows, key=lambda row: bool(row["emulated"]))}


def _of(points: Iterable[Mapping[str, Any]], workload: str, arm: str) -> list[Mapping[str, Any]]:
    return [point for point in points if (point["workload"], point["arm"]) == (workload, arm)]


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
