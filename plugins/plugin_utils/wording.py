# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""A campaign's figures in sentences: what was asked, what came out, how far it can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.statistics import (
    CONFIDENCE,
    MINIMUM_BLOCKS,
    Ratio,
    joint_confidence,
)

OP_RATE, P99 = "op_rate", "latency_p99_ms"
"""What a ratio compares: the keys that a row's `figure` may name."""

NO_DIFFERENCE = "no difference shown"
# Below 1.0, above 1.0.
VERDICT_WORDS = {OP_RATE: ("slower", "faster"), P99: ("lower latency", "higher latency")}

LONGEST_LIST = 3

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


@dataclass(frozen=True)
class Outcome:
    """What there is to say of an arm under a workload: `ratio` of its `figure` to the baseline's, or why there is none.

    `missed` counts the valid replicates that missed their target, `problems` are sentences about its cells, `excluded`
    says in what its nodes differ from the baseline's where that keeps it from counting.
    """

    figure: str
    arm: str
    baseline: str
    emulated: bool
    ratio: Ratio | None
    replicates_valid: int
    missed: int
    problems: Sequence[str]
    excluded: Sequence[str]


def verdict_in_words(clusters: Sequence[Mapping[str, Any]], compared: Sequence[str], baseline: str) -> str:
    """Answer the question from the rows of summary.py, cluster by cluster: closed loops, ladder, doubts, caveats."""
    if not compared:
        return f"Nothing is compared: the only arm besides repeats is the baseline, {baseline}."
    sentences = []
    for cluster in clusters:
        where = "" if len(clusters) == 1 else f"{cluster['cluster']}: "
        labels = {row["arm"]: arm_label(row) for row in cluster["rows"]}
        closed = [row for row in cluster["rows"] if row["figure"] == OP_RATE]
        own = []
        for arm in compared if closed else ():
            parts = [f"{row['workload']} {row['sentence']}" for row in closed if row["arm"] == arm]
            own.append(f"Op rate of {labels[arm]} against {labels[baseline]}: {'; '.join(parts)}.")
        own += rungs_in_words(cluster["rows"], compared, baseline)
        if cluster["stop"] and cluster["stop"]["reason"] != "narrow":
            own.append(cluster["stop"]["sentence"])
        if cluster["aa_holds"] is False:
            own.append("The A/A control failed, so these ratios are to be doubted.")
        own += _undeclared_in_words(cluster["rows"], baseline)
        sentences += [f"{where}{sentence}" for sentence in own]
    return " ".join([*sentences, *caveats_in_words(clusters)])


def verdict_word(figure: str, ratio: Ratio | None) -> str | None:
    """Return the verdict on a ratio in one or few words; None where there is no interval, or one without a width."""
    if ratio is None or ratio.holds_one is None or ratio.has_no_spread:
        return None
    if ratio.holds_one:
        return NO_DIFFERENCE
    below, above = VERDICT_WORDS[figure]
    return below if ratio.value < 1.0 else above


def row_in_words(outcome: Outcome) -> str:
    """Say how an arm compares under one workload, or why it does not, and whether it missed its target."""
    how = (", emulated" if outcome.emulated else "") + _missed_in_words(outcome)
    arm, baseline = outcome.arm, outcome.baseline
    if not outcome.replicates_valid:
        return "has no valid replicate" + (f" ({outcome.problems[0].rstrip('.')})" if outcome.problems else "")
    if outcome.excluded:
        return f"does not count, as it differs without having declared it ({some_in_words(outcome.excluded)})"
    if arm == baseline:
        return f"is the baseline{how}"
    if outcome.ratio is None:
        what = "a valid cell" if outcome.figure == OP_RATE else "a whole histogram of enough operations"
        return f"has no ratio: no block holds {what} of both {arm} and {baseline}{how}"
    shown = f"{NO_DIFFERENCE}: " if verdict_word(outcome.figure, outcome.ratio) == NO_DIFFERENCE else ""
    what = "" if outcome.figure == OP_RATE else "p99 latency "
    return f"{shown}{what}{ratio_in_words(outcome.ratio)}{how}"


def rungs_in_words(rows: Sequence[Mapping[str, Any]], compared: Sequence[str], baseline: str) -> list[str]:
    """Compare latencies at the highest rate that every arm reached: a sentence for each ladder of a cluster's rows."""
    ladders: dict[str, dict[str, list[Mapping[str, Any]]]] = {}
    for row in rows:
        if row["figure"] == P99:
            ladders.setdefault(row["rate_of"] or row["workload"], {}).setdefault(row["workload"], []).append(row)
    return [_ladder_in_words(list(rungs.values()), compared, baseline) for rungs in ladders.values()]


def ratio_in_words(ratio: Ratio, confidence: float = CONFIDENCE) -> str:
    """Say a ratio with its signed change, its interval or why there is none, and n."""
    change = f"{ratio.change_percent:+.1f} %"
    blocks = f"{ratio.blocks} block{'' if ratio.blocks == 1 else 's'}"
    if ratio.low is None or ratio.high is None:
        how = f"; no interval: n = {blocks}, at least {MINIMUM_BLOCKS} are needed"
    elif ratio.has_no_spread:
        how = f"; no interval: each of {blocks} gave this ratio, which says nothing of the noise"
    else:
        how = f", {round(100 * confidence, 1):g} % interval {ratio.low:.3f} to {ratio.high:.3f}, n = {blocks}"
    return f"{ratio.value:.3f} times ({change}{how})"


def again_in_words(ratios: Sequence[tuple[str, Ratio | None]]) -> tuple[bool | None, str]:
    """Judge the A/A control: each arm that repeats another must have an interval that holds 1.0.

    Returns whether it does (None when that cannot be said) and a sentence. `ratios` pairs a name with the ratio of
    the repeating arm to the repeated one, whose intervals have the joint confidence of that many.
    """
    if not ratios:
        return None, "No A/A control ran: how much this host varies by itself is unknown."
    confidence = joint_confidence(len(ratios))
    words = "; ".join(
        f"{name} {ratio_in_words(ratio, confidence) if ratio else 'has no valid pair'}" for name, ratio in ratios
    )
    verdicts = [ratio.holds_one if ratio and not ratio.has_no_spread else None for _name, ratio in ratios]
    if False in verdicts:
        return False, (
            f"The A/A control shows a difference where there is none ({words}): the host is too noisy or the blocks "
            "are too few, and every ratio of this cluster is to be doubted. By chance alone that happens on one sound "
            "host in twenty."
        )
    if None in verdicts:
        return None, f"The A/A control gives no interval ({words}): how much this host varies by itself is unknown."
    return True, f"The A/A control shows no difference, as it should ({words})."


def some_in_words(sentences: Sequence[str]) -> str:
    """Join the first few sentences with semicolons and say how many more there are."""
    more = len(sentences) - LONGEST_LIST
    return "; ".join(sentence.rstrip(".") for sentence in sentences[:LONGEST_LIST]) + (
        f"; and {more} more" if more > 0 else ""
    )


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


def _undeclared_in_words(rows: Sequence[Mapping[str, Any]], baseline: str) -> list[str]:
    undeclared = {row["arm"]: row["undeclared"] for row in rows if row["undeclared"] and row["valid"]}
    return [
        f"{arm} differs from {baseline} without having declared it: {some_in_words(sentences)}."
        for arm, sentences in undeclared.items()
    ]


def _missed_in_words(outcome: Outcome) -> str:
    if not outcome.missed:
        return ""
    return f", target missed in {outcome.missed} of {outcome.replicates_valid} replicates"


def _ladder_in_words(rungs: Sequence[Sequence[Mapping[str, Any]]], compared: Sequence[str], baseline: str) -> str:
    rising = sorted(rungs, key=lambda rung: max(row["target_ops_per_s"] or 0.0 for row in rung))
    # An arm that never ran is named where its rows are; the others still compare.
    ran = {row["arm"] for rung in rungs for row in rung if row["replicates_valid"]}
    reached = [rung for rung in rising if ran and all(_has_reached(row) for row in rung if row["arm"] in ran)]
    if not reached:
        at = some_in_words([_rung_faults(rung) for rung in rising])
        return f"At no fixed rate did every arm reach its target, so latencies at one rate do not compare: {at}."
    rung = reached[-1]
    by_arm = {row["arm"]: row for row in rung}
    parts = [
        f"{arm_label(by_arm[arm])} {by_arm[arm]['sentence']}{_against(by_arm[arm], by_arm[baseline])}"
        for arm in compared
    ]
    above = [_rung_faults(other) for other in rising[rising.index(rung) + 1 :]]
    beyond = f" Beyond it, {some_in_words(above)}." if above else ""
    rates = [row["target_ops_per_s"] for row in rung if row["target_ops_per_s"]]
    rate = f"{rates[0]:,.0f} op/s ({rung[0]['workload']})" if rates else f"the rate of {rung[0]['workload']}"
    return f"At {rate}, the highest rate that every arm reached, against {baseline}: {'; '.join(parts)}.{beyond}"


def _has_reached(row: Mapping[str, Any]) -> bool:
    return bool(row["replicates_valid"]) and not row["targets_missed"]


def _rung_faults(rung: Sequence[Mapping[str, Any]]) -> str:
    without = [arm_label(row) for row in rung if not row["replicates_valid"]]
    missed = [arm_label(row) for row in rung if row["targets_missed"]]
    parts = [
        f"{', '.join(without)} had no valid replicate" if without else "",
        f"{', '.join(missed)} missed the target" if missed else "",
    ]
    return f"{rung[0]['workload']}: {' and '.join(part for part in parts if part)}"


def _against(row: Mapping[str, Any], baseline: Mapping[str, Any]) -> str:
    """Give two rows' 99th percentiles of all their blocks, where both have them."""
    p99s = [one["hdr"]["percentiles"]["99"] if one["hdr"] else None for one in (row, baseline)]
    if row["ratio"] is None or None in p99s:
        return ""
    return f", {p99s[0]:,.1f} ms against {p99s[1]:,.1f} ms over all blocks"


def _any_of(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
