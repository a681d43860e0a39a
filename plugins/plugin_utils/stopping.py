# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a cluster's campaign goes on after a block: until its intervals are narrow, or cannot become so."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

from ansible_collections.katabench.scylla.plugins.plugin_utils.plan import PILOT_BLOCK, item_name
from ansible_collections.katabench.scylla.plugins.plugin_utils.record import workload_figures
from ansible_collections.katabench.scylla.plugins.plugin_utils.statistics import (
    CONFIDENCE,
    MINIMUM_BLOCKS,
    log_ratios,
    paired_ratio,
    sample_variance,
    student_t,
)

UNTIL_KEYS = ("ratio_ci_width", "max_replicates", "max_minutes")

Rates = dict[int, float]
# By compared arm and workload: its op rates and the baseline's, by block.
Pairs = dict[tuple[str, str], tuple[Rates, Rates]]


class Width(TypedDict):
    """How far one ratio's interval reaches after the blocks so far; the last three are None below three pairs."""

    arm: str
    workload: str
    blocks: int
    low: float | None
    high: float | None
    width: float | None


class Decision(TypedDict):
    """Whether to measure another block. `reason` is None when it goes on, else one of the words of `decide`."""

    go_on: bool
    reason: str | None
    sentence: str
    blocks: int
    widths: list[Width]


def until_faults(until: Any, replicates: int) -> list[str]:
    """Return a sentence for each fault in the setting `until`; null, that is a fixed number of blocks, has none."""
    if until is None:
        return []
    if not isinstance(until, Mapping):
        return [f"until is {until!r}: give a dictionary with ratio_ci_width and max_replicates, or null."]
    faults = [
        f"until has the key {key!r}, which is not known: there are {', '.join(UNTIL_KEYS)}."
        for key in until
        if key not in UNTIL_KEYS
    ]
    width, most, minutes = (until.get(key) for key in UNTIL_KEYS)
    if not _is_positive(width):
        faults.append(f"until.ratio_ci_width is {width!r}: give the width asked for, a number above 0 such as 0.05.")
    least = max(MINIMUM_BLOCKS, replicates)
    if not isinstance(most, int) or isinstance(most, bool) or most < least:
        faults.append(
            f"until.max_replicates is {most!r}: give a whole number of at least {least}, the blocks that come first "
            f"(replicates, and at least {MINIMUM_BLOCKS} for an interval)."
        )
    if minutes is not None and not _is_positive(minutes):
        faults.append(f"until.max_minutes is {minutes!r}: give a number above 0, or leave it out.")
    return faults


def decide(settings: Mapping[str, Any], records: Iterable[Mapping[str, Any]], block: int) -> Decision:
    """Decide whether a cluster's campaign goes on after its block number `block`.

    `settings` are those of campaign.json (`arms`, `workloads`, `baseline`, `replicates`, `until`), `records` the
    cluster's records, in any order. Only valid cells of blocks 1 to `block` enter; the minutes count every cell.

    Without `until` it stops after `replicates` blocks ("planned"). With it, there are at least `replicates` blocks and
    at least three; then it stops, whichever is first in this order:

    * "narrow": for every compared arm and closed-loop workload the 95 % interval of the op rate's ratio to the
      baseline is at most `ratio_ci_width` wide (high - low). An arm that repeats another is not compared; one without
      a single valid pair so far is not waited for, and named.
    * "max-replicates": there are as many blocks as are allowed.
    * "max-minutes": the cells took as long as is allowed, or longer.
    * "will-not-converge": with the lower 95 % confidence limit of the spread (chi-square) an interval over the largest
      number of blocks would still be too wide, or no arm has a valid pair.

    Looking after every block and stopping at a narrow interval favours blocks that happen to agree, so such an
    interval holds the truth less often than it says: in simulations 89 to 93 % where three blocks come first, 94 %
    where eight do, and far less where what is asked can hardly be reached (benchmarks/intervals.py). Sources: Chow
    and Robbins, Annals of Mathematical Statistics 36 (1965) 457, for intervals of fixed width; Armitage, McPherson and
    Rowe, Journal of the Royal Statistical Society A 132 (1969) 235, for what repeated looking costs.
    """
    counted = [record for record in records if record["cell"]["block"] <= block]
    until, replicates = settings.get("until"), int(settings["replicates"])
    pairs = _pairs(settings, counted)
    widths = [_width(arm, workload, *rates) for (arm, workload), rates in pairs.items()]
    first = max(replicates, MINIMUM_BLOCKS) if until else replicates
    if block < first:
        reason, words = None, f"{first} blocks come first, {block} are done."
    elif not until:
        reason, words = "planned", "as many as were planned."
    elif not widths:
        reason, words = "planned", "no arm is compared in a closed loop, so there is no interval to narrow."
    elif not any(width["blocks"] for width in widths):
        reason, words = "will-not-converge", f"no compared arm has a valid pair ({_unpaired_in_words(widths)})."
    else:
        reason, words = _judge(until, pairs, widths, block, measured_minutes(counted))
    blocks = f"{block} block{'' if block == 1 else 's'}"
    return {
        "go_on": reason is None,
        "reason": reason,
        "sentence": f"{'Stopped' if reason else 'Goes on'} after {blocks}: {words}",
        "blocks": block,
        "widths": widths,
    }


def _judge(
    until: Mapping[str, Any], pairs: Pairs, widths: Sequence[Width], block: int, minutes: float
) -> tuple[str | None, str]:
    """Return the reason to stop after a block, or None, and why in words; some ratio has a valid pair."""
    asked, most, allowed = float(until["ratio_ci_width"]), int(until["max_replicates"]), until.get("max_minutes")
    waited_for = [width for width in widths if width["blocks"]]
    unpaired = _unpaired_in_words(widths)
    words = f"{_widest_in_words(waited_for)}; {asked:g} is asked." + (
        f" Not waited for, as there is no valid pair: {unpaired}." if unpaired else ""
    )
    if all(width["width"] is not None and width["width"] <= asked for width in waited_for):
        return "narrow", words
    if block >= most:
        return "max-replicates", f"no more are allowed; {words}"
    if allowed is not None and minutes >= allowed:
        return "max-minutes", f"the cells took {minutes:.0f} minutes of the {allowed:g} that are allowed; {words}"
    hopeless = _hopeless_in_words(pairs, asked, block, most)
    return ("will-not-converge", f"{hopeless}; {words}") if hopeless else (None, words)


def measured_minutes(records: Iterable[Mapping[str, Any]]) -> float:
    """Return how long the cells took together, in minutes; where a clock jumped back, a cell counts as nothing."""
    seconds = [
        (datetime.fromisoformat(record["finished_at"]) - datetime.fromisoformat(record["started_at"])).total_seconds()
        for record in records
    ]
    return math.fsum(max(0.0, elapsed) for elapsed in seconds) / 60.0


def _pairs(settings: Mapping[str, Any], records: Sequence[Mapping[str, Any]]) -> Pairs:
    """Pair the op rates of valid cells for each arm that is compared and each workload in a closed loop."""
    rates: dict[tuple[str, str], Rates] = {}
    for record in records:
        cell = record["cell"]
        if cell["block"] != PILOT_BLOCK and record["validity"]["valid"]:
            for workload in record["workloads"]:
                figures = workload_figures(workload)
                if _is_positive(figures["op_rate"]):
                    rates.setdefault((cell["arm"], figures["name"]), {})[cell["block"]] = figures["op_rate"]
    baseline = settings["baseline"]
    compared = [
        item_name(arm)
        for arm in settings["arms"]
        if item_name(arm) != baseline and not (isinstance(arm, Mapping) and arm.get("again_of"))
    ]
    closed = [item_name(workload) for workload in settings["workloads"] if _is_closed(workload)]
    return {
        (arm, workload): (rates.get((arm, workload), {}), rates.get((baseline, workload), {}))
        for workload in closed
        for arm in compared
    }


def _width(arm: str, workload: str, rates: Rates, reference: Rates) -> Width:
    ratio = paired_ratio(rates, reference)
    return {
        "arm": arm,
        "workload": workload,
        "blocks": ratio.blocks if ratio else 0,
        "low": ratio.low if ratio else None,
        "high": ratio.high if ratio else None,
        "width": None if ratio is None else 0.0 if ratio.has_no_spread else ratio.width,
    }


def _hopeless_in_words(pairs: Pairs, asked: float, block: int, most: int) -> str | None:
    """Name the ratio that would stay widest over the largest number of blocks, if it would be too wide even then."""
    projected = []
    for (arm, workload), (rates, reference) in pairs.items():
        ratio = paired_ratio(rates, reference)
        if ratio is None:
            continue
        pairs_at_most = ratio.blocks + most - block
        if pairs_at_most < MINIMUM_BLOCKS:
            return f"{arm} {workload} can have {pairs_at_most} valid pairs at most, too few for an interval"
        if ratio.low is not None:
            half_width = _least_half_width(log_ratios(rates, reference), pairs_at_most)
            projected.append((ratio.value * 2.0 * math.sinh(half_width), f"{arm} {workload}"))
    width, name = max(projected, default=(0.0, ""))
    if width <= asked:
        return None
    return f"{name} varies so much that {most} blocks would leave its interval at least {width:.3f} wide"


def _least_half_width(differences: Sequence[float], blocks: int) -> float:
    """Return the half width, in logarithms, of an interval over `blocks` pairs if they vary as little as they may.

    The least spread is the lower confidence limit of the standard deviation: s · √((n - 1) / χ²(0.95, n - 1)).
    """
    # Imported here: ansible-doc and ansible-test load this file in environments without scipy.
    from scipy.special import chdtri

    freedom = len(differences) - 1
    least_spread = math.sqrt(sample_variance(differences) * freedom / float(chdtri(freedom, 1.0 - CONFIDENCE)))
    return float(student_t((1.0 + CONFIDENCE) / 2.0, blocks - 1)) * least_spread / math.sqrt(blocks)


def _widest_in_words(widths: Sequence[Width]) -> str:
    few = next((width for width in widths if width["width"] is None), None)
    if few:
        return f"{few['arm']} {few['workload']} has no interval yet ({few['blocks']} valid pairs)"
    widest = max(widths, key=lambda width: width["width"] or 0.0)
    words = (
        f"the widest 95 % interval is that of {widest['arm']} {widest['workload']}, {widest['low']:.3f} to "
        f"{widest['high']:.3f}, {widest['width']:.3f} wide"
    )
    return words if widest["width"] else f"{words} as every block gave the same ratio, which says nothing of the noise"


def _unpaired_in_words(widths: Sequence[Width]) -> str:
    return ", ".join(f"{width['arm']} {width['workload']}" for width in widths if not width["blocks"])


def _is_closed(workload: Any) -> bool:
    rate = workload.get("rate") if isinstance(workload, Mapping) else None
    return not rate or rate.get("mode", "closed") == "closed"


def _is_positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value > 0
