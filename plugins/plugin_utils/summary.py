# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Turn a campaign and its records into the figures that the report, the tables and the charts show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.plan import item_name
from ansible_collections.katabench.scylla.plugins.plugin_utils.statistics import joint_confidence, paired_ratio
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary_arms import (
    Arm,
    asked_arm,
    differing,
    seen_arm,
    starts_of,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary_attribution import attribute
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary_evidence import (
    commands_of,
    provenance_of,
    raw_files_of,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary_rows import by_block, figure_of, row
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary_runs import (
    Planned,
    Run,
    known,
    planned_cells,
    runs_of,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.wording import (
    P99,
    again_in_words,
    arm_label,
    host_in_words,
    pacing_in_words,
    question_in_words,
    verdict_in_words,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.wording_layers import layer_words
from ansible_collections.katabench.scylla.plugins.plugin_utils.wording_methods import methods_in_words

SCHEMA = 1


Row = dict[str, Any]
Notes = Mapping[str, Mapping[str, Any]]


def summarise(
    campaign: Mapping[str, Any],
    records: Iterable[Mapping[str, Any]],
    earlier: Sequence[Mapping[str, Any]] = (),
    *,
    stops: Notes | None = None,
    ladders: Notes | None = None,
    unreadable: Mapping[str, str] | None = None,
    verified: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the content of summary.json (schemas/summary.json) for a campaign and those of its records that exist.

    `campaign` is the content of campaign.json, `records` those of record.json, in any order; `earlier` are records of
    tries that did not count and were repeated, whose starts are counted and nothing else. `stops` and `ladders` hold
    the content of stop.json and rates.json by cluster, `unreadable` a sentence for each cell whose record cannot be
    read (or each other file, by its name), `verified` what `raw_digests.verify_raw_files` found. The keys:

    * `run_id`, `question`, `verdict`, `baseline`, `engine`, `aa`: words; `aa` judges the arms that repeat another.
    * `cells`: how many are `planned`, `valid`, `invalid`, `missing`, the pilot's aside; `grid` has a `state` for each
      cell, valid, invalid or missing, and calibration for a valid one of the pilot.
    * `clusters`: `{cluster, host, aa_holds, aa, stop, ladder, rows, starts, attribution, layer_words}`; a row is one
      workload under one arm. `op_rate` (operations per second), `latency_mean_ms`, `latency_p99_ms`,
      `op_rate_steady` and `achieved_share` (of the target, where there is one) are medians over the valid replicates
      (percentiles are never averaged). `ratio`, `ratio_low`, `ratio_high`, `change_percent` compare its `figure` with
      the baseline's, paired over `blocks` blocks (statistics.py; the interval is null below three): the op rate of a
      closed loop; at a rate the 99th percentile of each block's own histogram. `verdict` is that in a word, `sentence`
      the row in words, `check` the ratio found in other ways. `hdr` holds the latencies of all blocks in one
      histogram. `valid`: there is a valid replicate, and what its nodes see differently from the baseline's (`unlike`)
      without its having declared it (`undeclared`) does not keep it from counting.
      What else explains its figures: `emulated` (a cell of it ran under software emulation), `differs`, `storage` and
      `data_filesystem` (as the nodes see it), `targets_missed`.
    * `starts` of a cluster: `{arm, emulated, starts, failed, causes}` of each arm whose starts were counted: how many
      attempts to start a node there were, in all its cells and in tries that were repeated.
    * `points`: the figures of each valid cell's workloads.
    * `problems`: `{cell, class, sentence}` of what does not count or did not run; `marks`: `{cell, sentence}` of
      what counts all the same.
    * `workloads`: what their latencies mean; `commands`: what was run, and in which cells; `raw`: files, their paths
      relative to the campaign's folder; `provenance`: whether they are still those of the records; `methods`: how it
      was measured.

    Only valid cells enter figures, and of the pilot none does.
    """
    settings, plan = campaign["settings"], campaign["plan"]
    baseline, arms = settings["baseline"], [asked_arm(arm) for arm in settings["arms"]]
    compared = [arm["arm"] for arm in arms if arm["arm"] != baseline and not arm["again_of"]]
    cells = planned_cells(campaign, records, stops or {}, unreadable or {})
    present = [planned.record for planned in cells if planned.record]
    workloads = [_workload(workload, present) for workload in settings["workloads"]]
    runs = runs_of(cells)
    clusters = [
        _cluster(
            name,
            settings,
            workloads,
            arms,
            [planned for planned in cells if planned.cell["cluster"] == name],
            [run for run in runs if run.cluster == name],
            earlier,
            (stops or {}).get(name),
            (ladders or {}).get(name),
        )
        for name in dict.fromkeys(cell["cluster"] for cell in plan)
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
        "cells": _counts(cells),
        "grid": [_grid_cell(planned) for planned in cells],
        "clusters": clusters,
        "points": [_point(run) for run in runs],
        "problems": [
            *(problem for planned in cells for problem in planned.problems),
            *(
                {"cell": name, "class": "unreadable", "sentence": sentence}
                for name, sentence in (unreadable or {}).items()
                if name not in {cell["id"] for cell in plan}
            ),
        ],
        "marks": [
            {"cell": planned.cell["id"], "sentence": str(mark)}
            for planned in cells
            if planned.record and planned.state == "valid"
            for mark in planned.record["validity"]["marks"]
        ],
        "workloads": [
            {
                "workload": workload["workload"],
                "rate_mode": workload["rate_mode"],
                "latency_note": pacing_in_words(workload["rate_mode"]),
            }
            for workload in workloads
        ],
        "commands": commands_of(present),
        "raw": raw_files_of(present),
        "provenance": provenance_of(campaign, present, verified),
        "methods": methods_in_words(campaign, present),
    }


def rows_of(summary: Mapping[str, Any]) -> list[Row]:
    """Return the rows of all clusters, each with its cluster's name."""
    return [{"cluster": cluster["cluster"], **row} for cluster in summary["clusters"] for row in cluster["rows"]]


def _cluster(
    name: str,
    settings: Mapping[str, Any],
    workloads: Sequence[Mapping[str, Any]],
    asked_arms: Sequence[Arm],
    cells: Sequence[Planned],
    runs: Sequence[Run],
    earlier: Sequence[Mapping[str, Any]],
    stop: Mapping[str, Any] | None,
    ladder: Mapping[str, Any] | None,
) -> dict[str, Any]:
    baseline = settings["baseline"]
    records = [planned.record for planned in cells if planned.record]
    arms = [seen_arm(arm, [record for record in records if record["cell"]["arm"] == arm["arm"]]) for arm in asked_arms]
    counted = [planned.record for planned in cells if planned.record and planned.state == "valid"]
    found = {arm["arm"]: differing(counted, settings, arm["arm"]) for arm in arms}
    own_runs = {
        (workload["workload"], arm["arm"]): [
            run for run in runs if (run.workload, run.arm) == (workload["workload"], arm["arm"])
        ]
        for workload in workloads
        for arm in arms
    }
    aa_holds, aa = again_in_words(_again_ratios(workloads, arms, own_runs))
    attribution = attribute(counted, [arm["arm"] for arm in arms], baseline)
    compared = {arm["arm"]: arm_label(arm) for arm in arms if arm["arm"] != baseline and not arm["again_of"]}
    hosts = [record["host"] for record in records if record["host"]]
    return {
        "cluster": name,
        "host": host_in_words(hosts[0] if hosts else {}),
        "aa_holds": aa_holds,
        "aa": aa,
        "stop": dict(stop) if stop else None,
        "ladder": dict(ladder) if ladder else None,
        "rows": [
            row(
                workload,
                arm,
                baseline,
                [planned for planned in cells if planned.cell["arm"] == arm["arm"] and not planned.is_pilot],
                own_runs[workload["workload"], arm["arm"]],
                own_runs[workload["workload"], baseline],
                *found[arm["arm"]],
                enforced=settings.get("parity") == "enforce",
            )
            for workload in workloads
            for arm in arms
        ],
        "starts": starts_of(arms, [*(record for record in earlier if record["cell"]["cluster"] == name), *records]),
        "attribution": attribution,
        "layer_words": layer_words(attribution, compared, baseline),
    }


def _again_ratios(
    workloads: Sequence[Mapping[str, Any]], arms: Sequence[Arm], runs: Mapping[tuple[str, str], Sequence[Run]]
) -> list[tuple[str, Any]]:
    """Pair the name of each arm that repeats another, under each workload, with its ratio to that one.

    The intervals hold the truth together as often as one by itself does (statistics.joint_confidence).
    """
    pairs = []
    for arm in arms:
        for workload in workloads if arm["again_of"] else ():
            name, figure = workload["workload"], figure_of(workload["rate_mode"])
            pair = [by_block(runs.get((name, one), ()), figure) for one in (arm["arm"], arm["again_of"])]
            what = " p99 latency" if figure == P99 else ""
            pairs.append((f"{arm_label(arm)} {name}{what}", pair))
    # Judged together, so that more workloads make no more false alarms.
    confidence = joint_confidence(len(pairs))
    return [(name, paired_ratio(*pair, confidence)) for name, pair in pairs]


def _counts(cells: Iterable[Planned]) -> dict[str, int]:
    states = [planned.state for planned in cells if not planned.is_pilot]
    return {"planned": len(states), **{state: states.count(state) for state in ("valid", "invalid", "missing")}}


def _grid_cell(planned: Planned) -> dict[str, Any]:
    disturbances = planned.record.get("disturbances") if planned.record else None
    keys = ("id", "cluster", "block", "position", "arm")
    return {**{key: planned.cell[key] for key in keys}, "state": planned.state, "disturbed": bool(disturbances)}


def _point(run: Run) -> dict[str, Any]:
    keys = (
        "cluster",
        "block",
        "arm",
        "emulated",
        "workload",
        "op_rate",
        "latency_mean_ms",
        "latency_p99_ms",
        "op_rate_steady",
        "latency_p99_steady_ms",
    )
    return {key: getattr(run, key) for key in keys}


def _workload(workload: Any, records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a workload's name and how it was paced: as the records say, else as the settings do."""
    name = item_name(workload)
    asked = [one["asked"]["rate"] for record in records for one in record["workloads"] if one["name"] == name]
    set_rate = workload.get("rate") if isinstance(workload, Mapping) else None
    rate = asked[-1] if asked else set_rate or {}
    return {
        "workload": name,
        "rate_mode": rate.get("mode"),
        "rate_of": rate.get("of"),
        "rate_fraction": known(rate.get("fraction")),
    }


def _engine(records: Sequence[Mapping[str, Any]]) -> str | None:
    engines = [record["engine"] for record in records if record["engine"]]
    return ", ".join(_distinct(f"{engine['name']} {engine['version'] or ''}".strip() for engine in engines)) or None


def _labels(clusters: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the arms' labels for sentences on all clusters: emulated on one is emulated."""
    rows = [row for cluster in clusters for row in cluster["rows"]]
    return {row["arm"]: arm_label(row) for row in sorted(rows, key=lambda row: bool(row["emulated"]))}


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
