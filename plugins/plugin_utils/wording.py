# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""A campaign's figures in sentences: what was asked, what came out, how far it can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.statistics import MINIMUM_BLOCKS, Ratio

LATENCY_NOTES = {
    "closed": (
        "closed loop: a thread waits for its answer before it asks again, so mean latency is threads divided by op "
        "rate and carries no information beyond throughput"
    ),
    "throttle": "throttled: latencies are service times, not corrected for coordinated omission",
    "fixed": "fixed rate: latencies are response times, corrected for coordinated omission",
}


def question_in_words(engine: str | None, compared: Sequence[str], baseline: str, clusters: int) -> str:
    """Ask what a campaign measures; a database that only stands in for ScyllaDB is named as such."""
    database = engine or "the database"
    if engine and not engine.startswith("scylla"):
        database = f"{engine} (standing in for ScyllaDB)"
    where = "this machine" if clusters == 1 else f"these {clusters} clusters"
    if not compared:
        return f"How fast is {database} under {baseline} on {where}?"
    return f"What does it cost to run {database} under {_any_of(compared)} instead of {baseline} on {where}?"


def arm_label(row: Mapping[str, Any]) -> str:
    """Return an arm's name as it stands beside a figure: what ran under software emulation says so."""
    name = str(row.get("arm", "-"))
    return f"{name} (emulated)" if row.get("emulated") else name


def caveats_in_words(clusters: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say of which arms the runtime alone does not explain the figures; `clusters` are those of summary.py."""
    rows = [{**row, "cluster": cluster["cluster"]} for cluster in clusters for row in cluster["rows"]]
    sentences = []
    for arm in dict.fromkeys(row["arm"] for row in rows):
        own = [row for row in rows if row["arm"] == arm]
        where = list(dict.fromkeys(row["cluster"] for row in own if row["emulated"]))
        if where:
            on = "" if len(where) == len(clusters) else f" on {', '.join(where)}"
            sentences.append(
                f"{arm} ran under software emulation{on}: its figures say how it behaves, not what it costs."
            )
        if own[0]["differs"]:
            sentences.append(f"{arm} differs on purpose: {own[0]['differs'].rstrip('.')}.")
    return sentences


def verdict_in_words(clusters: Sequence[Mapping[str, Any]], compared: Sequence[str], baseline: str) -> str:
    """Answer the question from the rows of summary.py: a sentence per cluster and compared arm, then the caveats."""
    if not compared:
        return f"Nothing is compared: the only arm besides repeats is the baseline, {baseline}."
    sentences = []
    for cluster in clusters:
        where = "" if len(clusters) == 1 else f"{cluster['cluster']}: "
        labels = {row["arm"]: arm_label(row) for row in cluster["rows"]}
        for arm in compared:
            parts = [f"{row['workload']} {row['sentence']}" for row in cluster["rows"] if row["arm"] == arm]
            sentences.append(f"{where}Op rate of {labels[arm]} against {labels[baseline]}: {'; '.join(parts)}.")
        if cluster["aa_holds"] is False:
            sentences.append(f"{where}The A/A control failed, so these ratios are to be doubted.")
    return " ".join([*sentences, *caveats_in_words(clusters)])


def row_in_words(
    arm: str, baseline: str, ratio: Ratio | None, replicates_valid: int, problems: Sequence[str], *, emulated: bool
) -> str:
    """Say how an arm compares under one workload, or why it does not; `problems` are sentences about its cells."""
    how = ", emulated" if emulated else ""
    if not replicates_valid:
        return "has no valid replicate" + (f" ({problems[0].rstrip('.')})" if problems else "")
    if arm == baseline:
        return f"is the baseline{how}"
    if ratio is None:
        return f"has no ratio: no block holds a valid cell of both {arm} and {baseline}"
    return f"{'shows no difference: ' if ratio.holds_one else ''}{ratio_in_words(ratio)}{how}"


def ratio_in_words(ratio: Ratio) -> str:
    """Say a ratio with its signed change, its interval or why there is none, and n."""
    change = f"{ratio.change_percent:+.1f} %"
    blocks = f"{ratio.blocks} block{'' if ratio.blocks == 1 else 's'}"
    if ratio.low is None or ratio.high is None:
        return f"{ratio.value:.3f} times ({change}; no interval: n = {blocks}, at least {MINIMUM_BLOCKS} are needed)"
    return f"{ratio.value:.3f} times ({change}, 95 % interval {ratio.low:.3f} to {ratio.high:.3f}, n = {blocks})"


def again_in_words(ratios: Sequence[tuple[str, Ratio | None]]) -> tuple[bool | None, str]:
    """Judge the A/A control: each arm that repeats another must have an interval that holds 1.0.

    Returns whether it does (None when that cannot be said) and a sentence. `ratios` pairs a name with the ratio of
    the repeating arm to the repeated one.
    """
    if not ratios:
        return None, "No A/A control ran: how much this host varies by itself is unknown."
    words = "; ".join(f"{name} {ratio_in_words(ratio) if ratio else 'has no valid pair'}" for name, ratio in ratios)
    verdicts = [ratio.holds_one if ratio else None for _name, ratio in ratios]
    if False in verdicts:
        return False, (
            f"The A/A control shows a difference where there is none ({words}): the host is too noisy or the blocks "
            "are too few, and every ratio of this cluster is to be doubted."
        )
    if None in verdicts:
        return None, f"The A/A control gives no interval ({words}): how much this host varies by itself is unknown."
    return True, f"The A/A control shows no difference, as it should ({words})."


def pacing_in_words(rate_mode: str | None) -> str:
    """Say what the latencies of a workload mean, given how its load was paced."""
    return LATENCY_NOTES.get(rate_mode or "", "how the load was paced is not known")


def host_in_words(host: Mapping[str, Any]) -> str:
    """Return a host's fingerprint in a line: processor, cores, memory, kernel, distribution, as far as known."""
    cpu = host.get("cpu") or {}
    memory_mib = host.get("memory_mib")
    parts = [
        cpu.get("model"),
        f"{cpu['cores']} cores" if cpu.get("cores") else None,
        f"{memory_mib / 1024:.0f} GiB" if isinstance(memory_mib, (int, float)) else None,
        f"Linux {host['kernel']}" if host.get("kernel") else None,
        host.get("distribution"),
    ]
    return ", ".join(str(part) for part in parts if part) or "unknown host"


def _any_of(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
