# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The record of a cell, put together from what was asked and seen, and judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.load_shares import late_marks
from ansible_collections.katabench.scylla.plugins.plugin_utils.parity import judge_parity
from ansible_collections.katabench.scylla.plugins.plugin_utils.quiet import load_disturbances, quiet_faults
from ansible_collections.katabench.scylla.plugins.plugin_utils.record import SCHEMA, RecordError, check_record
from ansible_collections.katabench.scylla.plugins.plugin_utils.sandbox import sandbox_marks
from ansible_collections.katabench.scylla.plugins.plugin_utils.starts import start_marks
from ansible_collections.katabench.scylla.plugins.plugin_utils.validity import judge_workload

_REQUIRED_FACTS = frozenset({"arm", "host", "cluster", "parity_band", "workloads", "started_at", "finished_at"})
_UNJUDGED: dict[str, Any] = {"valid": False, "failures": [], "marks": []}


def build_record(
    *,
    run_id: str,
    cell: Mapping[str, Any],
    facts: Mapping[str, Any],
    raw: Mapping[str, Mapping[str, Any]],
    failure: Mapping[str, str] | None,
    workload_names: Sequence[str],
    versions: Mapping[str, str],
    parity_mode: str = "enforce",
    thresholds: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Put a record (schemas/record.json) together and judge it.

    ``facts`` is what the play saw: ``arm``, ``engine``, ``image``, ``host``, ``cluster``, ``parity`` (its ``nodes``:
    what each measured inside itself), ``parity_band`` (the share by which a node may differ from what the arm, or else
    the cluster, gives it), ``workloads`` (those that were started, in order), ``started_at``, ``finished_at`` and, if
    known, ``sandbox`` (what the arm ran in), ``starts`` (each attempt to start a node), ``quiet`` (what the host did
    before), ``attribution`` (what the probes measured) and ``timings_s``. ``raw`` holds, for each of these workloads,
    what ``raw_files.read_raw`` found; of a workload with several ``loaders``, what ``load_shares.merge_raw`` made of
    theirs, with these by name as ``parts``. ``failure`` is what stopped the cell, if anything did. ``workload_names``
    are those the cell was to run: when nothing stopped it and one of them is missing, the cell is incomplete.

    With ``parity_mode`` "mark", nodes that have other resources than they were given are named and the cell counts.
    ``thresholds`` (those of ``quiet.py``) say what disturbs a cell; a disturbed cell counts and is marked.

    The form is checked before anything is judged. Raises RecordError, which names the place, when facts are missing
    or have another form.
    """
    missing = sorted(_REQUIRED_FACTS - facts.keys())
    if missing:
        raise RecordError(f"The facts of cell {cell['id']} lack {', '.join(missing)}.")
    nodes = (facts.get("parity") or {}).get("nodes") or []
    # A cluster that never came up has no parity to judge; one that came up and was not measured has failed it.
    has_parity = bool(nodes) or not failure
    record = {
        "schema": SCHEMA,
        "run_id": run_id,
        "cell": dict(cell),
        **{key: facts.get(key) for key in ("arm", "engine", "image", "host", "cluster", "started_at", "finished_at")},
        "hosts": facts.get("hosts"),
        "sandbox": facts.get("sandbox"),
        "starts": facts.get("starts") or [],
        "quiet": facts.get("quiet"),
        "quiet_others": facts.get("quiet_others") or {},
        "attribution": facts.get("attribution"),
        "parity": {"nodes": nodes, "band": facts["parity_band"], "mode": parity_mode, "valid": False, "failures": []}
        if has_parity
        else None,
        "workloads": [_workload(seen, raw[seen["name"]]) for seen in facts["workloads"]],
        "failure": dict(failure) if failure else None,
        "validity": _UNJUDGED,
        "timings_s": facts.get("timings_s") or {},
        "versions": dict(versions),
    }
    check_record(record, f"What is known of cell {cell['id']}")
    record["disturbances"] = _disturbances(record, thresholds or {})
    _judge(record, raw, workload_names)
    return record


def _workload(seen: Mapping[str, Any], raw: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{key: seen.get(key) for key in ("name", "operation", "command", "tool", "asked", "rc", "timed_out")},
        **{key: seen.get(key) for key in ("started_at", "finished_at", "nodes_before", "nodes_after")},
        "elapsed_s": seen.get("elapsed_s", _seconds_between(seen.get("started_at"), seen.get("finished_at"))),
        "interrupted": seen.get("interrupted", False),
        "containers_died": seen.get("containers_died") or [],
        "settle": seen.get("settle"),
        "start_at_s": seen.get("start_at_s"),
        "loaders": seen.get("loaders") or [],
        "result": raw["log"],
        "steady": raw.get("steady"),
        "hdr": raw.get("hdr") or _missing_hdr(seen),
        "host_load": raw.get("host_load"),
        "host_load_error": raw.get("host_load_error"),
        "raw": raw["files"],
        "validity": _UNJUDGED,
    }


def _missing_hdr(seen: Mapping[str, Any]) -> dict[str, Any] | None:
    if "hdrfile=" not in str(seen.get("command")):
        return None
    return {"complete": False, "sentence": "The load generator left no HDR log.", "tags": {}}


def _disturbances(record: Mapping[str, Any], thresholds: Mapping[str, Any]) -> list[str]:
    before = quiet_faults(record["quiet"], thresholds) if record["quiet"] else []
    before += [
        f"{host}: {sentence}"
        for host, quiet in record["quiet_others"].items()
        for sentence in quiet_faults(quiet, thresholds)
    ]
    # A virtual machine's own threads are beside its limit, so of what others took nothing can be said there; nor where
    # the nodes are on other hosts than the loader.
    nodes_cpus = None if record["sandbox"] or record["hosts"] else record["cluster"]["nodes"] * _given(record)["cpus"]
    during = [
        f"{workload['name']}: {sentence}"
        for workload in record["workloads"]
        if workload["host_load"]
        for sentence in load_disturbances(workload["host_load"], thresholds, nodes_cpus=nodes_cpus)
    ]
    return [*before, *during]


def _judge(record: dict[str, Any], raw: Mapping[str, Mapping[str, Any]], workload_names: Sequence[str]) -> None:
    """Put the verdicts in their places."""
    cluster, parity = record["cluster"], record["parity"]
    if parity is not None:
        verdict = judge_parity(_given(record), parity["nodes"], parity["band"])
        parity |= {"valid": verdict["valid"], "failures": verdict["failures"]}
    for workload in record["workloads"]:
        found = raw[workload["name"]]
        workload["validity"] = (
            _judge_together(workload, found["parts"], cluster["nodes"])
            if workload["loaders"]
            else judge_workload(
                {**workload["asked"], "nodes": cluster["nodes"]},
                {**workload, "log": workload["result"], "log_error": found["log_error"]},
            )
        )
    record["validity"] = _cell_validity(record, workload_names)


def _judge_together(workload: Mapping[str, Any], parts: Mapping[str, Mapping[str, Any]], nodes: int) -> dict[str, Any]:
    """Judge a load by several loaders: it counts where each of their shares does."""
    failures = [
        {"class": "incomplete", "sentence": f"{loader['fault']} What the others did is not the load."}
        for loader in workload["loaders"]
        if loader["fault"]
    ]
    verdicts = {
        loader["name"]: judge_workload(
            {**loader["asked"], "nodes": nodes},
            {
                **workload,
                **loader,
                "log": parts[loader["name"]]["log"],
                "log_error": parts[loader["name"]]["log_error"],
            },
        )
        for loader in workload["loaders"]
        if not loader["fault"]
    }
    for name, verdict in verdicts.items():
        for fault in verdict["failures"]:
            # What is wrong with the cluster is so for all of them, and said once.
            of_all = all(fault in other["failures"] for other in verdicts.values())
            said = fault if of_all else {**fault, "sentence": f"{name}: {fault['sentence']}"}
            failures += [] if said in failures else [said]
    marks = [f"{name}: {mark}" for name, verdict in verdicts.items() for mark in verdict["marks"]]
    began_s = {loader["name"]: _seconds_since_1970(loader.get("began_at")) for loader in workload["loaders"]}
    return {
        "valid": not failures,
        "failures": failures,
        "marks": [*marks, *late_marks(workload["start_at_s"], began_s)],
    }


def _given(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a node is to have: what an arm that differs on purpose declares, else the cluster's."""
    arm, cluster, sandbox = record["arm"], record["cluster"], record["sandbox"] or {}
    return {
        "cpus": arm.get("node_cpus") or cluster["node_cpus"],
        "memory_mib": arm.get("node_memory_mib") or cluster["node_memory_mib"],
        "kernel_release": sandbox.get("guest_kernel"),
    }


def _cell_validity(record: Mapping[str, Any], workload_names: Sequence[str]) -> dict[str, Any]:
    workloads, parity, failure = record["workloads"], record["parity"], record["failure"]
    failures = [dict(failure)] if failure else []
    disparities = parity["failures"] if parity else []
    # A cell that was stopped for its parity has that as its failure already.
    if parity and parity["mode"] == "enforce" and not (failure and failure["class"] == "parity"):
        failures += disparities
    failures += [
        {"class": fault["class"], "sentence": f"{workload['name']}: {fault['sentence']}"}
        for workload in workloads
        for fault in workload["validity"]["failures"]
    ]
    if not failure:
        started = {workload["name"] for workload in workloads}
        failures += [
            {"class": "incomplete", "sentence": f"{name}: the workload was asked for and never started."}
            for name in workload_names
            if name not in started
        ]
    marks = [*sandbox_marks(record["sandbox"]), *start_marks(record["starts"]), *record["disturbances"]]
    if parity and parity["mode"] == "mark":
        marks += [f"parity: {fault['sentence']}" for fault in disparities]
    marks += [f"{workload['name']}: {mark}" for workload in workloads for mark in _workload_marks(workload)]
    return {"valid": not failures, "failures": failures, "marks": marks}


def _workload_marks(workload: Mapping[str, Any]) -> list[str]:
    marks = list(workload["validity"]["marks"])
    settle, hdr = workload["settle"], workload["hdr"]
    if settle and not settle["settled"]:
        pending = settle.get("compactions_pending")
        waiting = f"{pending} compactions were pending" if pending else "the host was still busy"
        waiting = "a node did not say what it has to compact" if pending is None else waiting
        marks.append(f"The load began before the cluster had come to rest: {waiting}.")
    if workload["host_load_error"]:
        marks.append(f"What the host did during it is not known: {workload['host_load_error']}")
    if hdr and not hdr["complete"]:
        marks.append(f"Its histograms are incomplete: {hdr['sentence']}")
    return marks


def _seconds_since_1970(at: Any) -> float | None:
    try:
        return datetime.fromisoformat(at).timestamp()
    except (TypeError, ValueError):
        return None


def _seconds_between(started_at: Any, finished_at: Any) -> float | None:
    try:
        return (datetime.fromisoformat(finished_at) - datetime.fromisoformat(started_at)).total_seconds()
    except (TypeError, ValueError):
        return None  # The check of the form then says what is wrong with the times.
