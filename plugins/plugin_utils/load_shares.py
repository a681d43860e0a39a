# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""One load by several loaders: what each of them is asked for, and what all of them did together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.histograms import (
    HistogramError,
    HistogramSum,
    decode_histogram,
    encode_histogram,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.stress_command import WorkloadError, make_run

_SUMMED = ("op_rate", "partition_rate", "row_rate", "total_partitions", "total_errors")
_MAKING_TABLES = ("write", "counter_write", "user")
LATE_S = 1.0
"""A loader that begins later than this after the common start is named."""


def share_of(workload: Mapping[str, Any], loader: int, loaders: int) -> dict[str, Any]:
    """Return what loader number `loader` of `loaders`, counted from 0, has to do of a workload.

    Operations, threads and rate are divided, what does not divide evenly goes to the first ones, and each takes
    partitions of its own (`-pop seq=`) unless the workload's options say which. A duration holds for all.
    Raises WorkloadError where there is less than one thread or operation for each.
    """
    if loaders == 1:
        return dict(workload)
    name, share = workload.get("name"), dict(workload)
    for key in ("operations", "threads"):
        whole = workload.get(key)
        if whole is None:
            continue
        if int(whole) < loaders:
            raise WorkloadError(f"workload {name}: {key} is {whole}, too few for {loaders} loaders: ask for more")
        share[key] = _part(int(whole), loader, loaders)
    rate = workload.get("rate") or {}
    if rate.get("ops_per_s") is not None:
        share["rate"] = {**rate, "ops_per_s": float(rate["ops_per_s"]) / loaders}
    options = list(workload.get("options", []))
    if workload.get("operations") is not None and "-pop" not in options:
        first = sum(_part(int(workload["operations"]), before, loaders) for before in range(loader)) + 1
        share["options"] = [*options, "-pop", f"seq={first}..{first + share['operations'] - 1}"]
    return share


def make_runs(
    workload: Mapping[str, Any], loaders: int, nodes: Sequence[str], keyspace: str, hdr_path: str | None = None
) -> dict[str, Any]:
    """Return ``stress_command.make_run`` of the whole workload, with those of each loader as `shares`.

    Where several loaders would make the same tables at one moment, which fails, `first` is a run of one operation that
    makes them; else it is None.
    """
    whole = make_run(workload, nodes, keyspace, hdr_path)
    shares = [make_run(share_of(workload, loader, loaders), nodes, keyspace, hdr_path) for loader in range(loaders)]
    makes_tables = loaders > 1 and whole["operation"].split()[0] in _MAKING_TABLES
    return {
        **whole,
        "shares": shares,
        "first": make_run(_first_of(workload), nodes, keyspace) if makes_tables else None,
    }


def outcome_of(run: Mapping[str, Any], ends: Sequence[Mapping[str, Any]], start_at_s: int) -> dict[str, Any]:
    """Return what a record says of a load: what was asked (`run`, of make_runs) and how it ended.

    `ends` has for each loader, in their order, ``loader`` (its name), ``exit_status``, ``interrupted``, ``timed_out``,
    ``started_at``, ``finished_at``, ``elapsed_s`` and ``fault``: why it counts for nothing, where it does.
    The load began with the first and ended with the last of them; its `rc` is 0 only if that of all is.
    """
    statuses = [end["exit_status"] for end in ends]
    whole = {key: value for key, value in run.items() if key not in ("shares", "first")} | {
        "rc": next((status for status in statuses if status != 0), 0),
        "interrupted": any(end["interrupted"] for end in ends),
        "timed_out": any(end["timed_out"] for end in ends),
        # Of one that was lost, no time is known.
        "started_at": min((end["started_at"] for end in ends if end["started_at"]), default=""),
        "finished_at": max(end["finished_at"] for end in ends),
        "elapsed_s": max(end["elapsed_s"] for end in ends),
    }
    if len(ends) == 1:
        return whole
    loaders = [
        {
            "name": end["loader"],
            "command": share["command"],
            "asked": share["asked"],
            "rc": end["exit_status"],
            "interrupted": end["interrupted"],
            "timed_out": end["timed_out"],
            "fault": end.get("fault") or None,
            "began_at": end["started_at"],
        }
        for end, share in zip(ends, run["shares"], strict=True)
    ]
    return {**whole, "start_at_s": start_at_s, "loaders": loaders}


def merge_raw(parts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return what several loaders left, each as `raw_files.read_raw` describes it, as if one had left it.

    Rates and counts add up, a mean is weighted by its operations, histograms are added; percentiles that were printed
    cannot be put together and are left out. Where one loader has no whole result, neither has the load: `log` is None
    and `log_error` names the loaders. `files` are named ``<loader>/<stream>``.
    """
    broken = [name for name, raw in parts.items() if not _is_whole(raw["log"])]
    log = None if broken else _merge_logs([raw["log"] for raw in parts.values()])
    loads = [raw["host_load"] for raw in parts.values()]
    errors = [f"{name}: {raw['host_load_error']}" for name, raw in parts.items() if raw["host_load_error"]]
    return {
        "files": {"stdout": None, "stderr": None}
        | {f"{name}/{stream}": file for name, raw in parts.items() for stream, file in raw["files"].items()},
        "log": log,
        "log_error": f"of {len(parts)} loaders {', '.join(broken)} left no whole result" if broken else None,
        "steady": _merge_steady([raw["steady"] for raw in parts.values()]) if log else None,
        "hdr": _merge_hdrs({name: raw["hdr"] for name, raw in parts.items()}),
        # Of the loaders' hosts the busiest: what disturbs one of them disturbs the load.
        "host_load": max((load for load in loads if load), key=lambda load: load["cpu_busy_share"] or 0, default=None),
        "host_load_error": " ".join(errors) or None,
    }


def late_marks(start_at_s: float | None, began_s: Mapping[str, float | None]) -> list[str]:
    """Say which loaders began later than the common start; times are seconds since 1970, by their hosts' clocks."""
    if start_at_s is None:
        return []
    return [
        f"The loader {name} began {began - start_at_s:.1f} s after the others: rates add up only where loads overlap."
        for name, began in began_s.items()
        if began is not None and began - start_at_s > LATE_S
    ]


def _first_of(workload: Mapping[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in workload.items() if key not in ("duration_s", "rate")}
    return {**rest, "operations": 1, "threads": 1}


def _part(whole: int, number: int, parts: int) -> int:
    return whole // parts + (1 if number < whole % parts else 0)


def _is_whole(log: Mapping[str, Any] | None) -> bool:
    return log is not None and log["outcome"] == "results" and len(log["blocks"]) == 1


def _merge_logs(logs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    blocks = [log["blocks"][0] for log in logs]
    totals = [block["total"] for block in blocks]
    total = {key: _sum([each.get(key) for each in totals]) for key in _SUMMED if any(key in each for each in totals)}
    total["latency_mean_ms"] = _weighted_mean([(each.get("latency_mean_ms"), each.get("op_rate")) for each in totals])
    maxima = [each.get("latency_max_ms") for each in totals]
    total["latency_max_ms"] = None if None in maxima else max(maxima)
    terminators = {log["terminator"] for log in logs}
    return {
        "outcome": "results",
        "terminator": "FAILURE" if "FAILURE" in terminators else terminators.pop(),
        "blocks": [
            {
                "threads": _sum([block["threads"] for block in blocks]),
                "total": total,
                "ops": {},
                "gc": {},
                "total_operation_time_s": max(block["total_operation_time_s"] for block in blocks),
            }
        ],
        "steps": [],
        "intervals": _merge_intervals([log["intervals"] for log in logs]),
        "intervals_step": max(log["intervals_step"] for log in logs),
        "running": None,
        "notes": [],
    }


def _merge_intervals(rows: Sequence[Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Add up the rows of the seconds in which all loaders have one; their times count from the common start."""
    by_second = [
        {round(row["time_s"]): row for row in own if row["type"] == "total" and _is_number(row.get("time_s"))}
        for own in rows
    ]
    common = sorted(set(by_second[0]).intersection(*by_second[1:]))
    return [
        {
            "block": 0,
            "type": "total",
            "time_s": float(second),
            "total_ops": _sum([own[second].get("total_ops") for own in by_second]),
            "op_rate": _sum([own[second].get("op_rate") for own in by_second]),
            "latency_mean_ms": _weighted_mean(
                [(own[second].get("latency_mean_ms"), own[second].get("op_rate")) for own in by_second]
            ),
        }
        for second in common
    ]


def _merge_steady(parts: Sequence[Mapping[str, Any] | None]) -> dict[str, Any] | None:
    whole = [part for part in parts if part]
    if len(whole) < len(parts):
        return None
    return {
        "rule": "each loader by its own",
        "from_s": max(part["from_s"] for part in whole),
        "op_rate": _sum([part["op_rate"] for part in whole]),
        "rows": sum(part["rows"] for part in whole),
        "rows_cut": sum(part["rows_cut"] for part in whole),
        "sentence": " ".join(part["sentence"] for part in whole if part["sentence"]) or None,
    }


def _merge_hdrs(hdrs: Mapping[str, Mapping[str, Any] | None]) -> dict[str, Any] | None:
    if all(hdr is None for hdr in hdrs.values()):
        return None
    faults = [f"{name}: it left no HDR log." for name, hdr in hdrs.items() if hdr is None]
    found = {name: hdr for name, hdr in hdrs.items() if hdr is not None}
    faults += [f"{name}: {hdr['sentence']}" for name, hdr in found.items() if not hdr["complete"]]
    tags: dict[str, Any] = {}
    for tag in sorted({tag for hdr in found.values() for tag in hdr["tags"]}):
        owners = [hdr["tags"][tag] for hdr in found.values() if tag in hdr["tags"]]
        if len(owners) < len(hdrs):
            faults.append(f"Not every loader has the tag {tag}.")
        try:
            tags[tag] = _merge_tag(owners)
        except HistogramError as error:
            faults.append(f"A histogram of {tag} is not whole ({error}).")
    return {"complete": not faults, "sentence": " ".join(faults) or None, "tags": tags}


def _merge_tag(owners: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for count, histogram in (("count", "histogram"), ("steady_count", "steady_histogram")):
        if all(histogram in owner for owner in owners):
            added = HistogramSum()
            for owner in owners:
                added.add(decode_histogram(owner[histogram]))
            whole = added.total()
            merged |= {count: int(whole.total_count), histogram: encode_histogram(whole)}
    return merged


def _sum(numbers: Sequence[Any]) -> Any:
    return None if any(number is None for number in numbers) else sum(numbers)


def _weighted_mean(pairs: Sequence[tuple[Any, Any]]) -> float | None:
    if any(value is None or not weight for value, weight in pairs):
        return None
    return math.fsum(value * weight for value, weight in pairs) / math.fsum(weight for _value, weight in pairs)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)
