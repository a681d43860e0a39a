# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""How a campaign was measured, in a paragraph; docs/methodology.md says why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.plan import has_ladder, item_name
from ansible_collections.katabench.scylla.plugins.plugin_utils.statistics import MINIMUM_BLOCKS

# Thresholds of the setting `quiet`: a share is said as a percentage of what.
QUIET_WORDS = {
    "cpu_busy_share": "of the host's processor time may be taken before a cell",
    "steal_share": "may be stolen by its hypervisor",
    "loader_cpu_share": "of the processors that it may use may be taken by the loader",
}


def methods_in_words(campaign: Mapping[str, Any], records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return sentences on how the figures came about, from a campaign's settings and what its records hold."""
    settings = campaign["settings"]
    return [
        "Every cell is a fresh cluster; a block holds each arm once, in random order "
        f"(seed {campaign['seed']}), and arms are compared block by block.",
        _blocks(settings),
        *_again(settings),
        *_loads(settings, records),
        *_steady(records),
        *_histograms(records),
        "A ratio is the mean of the blocks' log-ratios, transformed back, with Student's 95 % interval over the "
        f"blocks, from {MINIMUM_BLOCKS} on; Hodges and Lehmann's estimate and a bootstrap check it (summary.json).",
        *_parity(settings),
        *_quiet(settings),
        *_attribution(settings, records),
    ]


def _blocks(settings: Mapping[str, Any]) -> str:
    until = settings.get("until")
    if not until:
        count = settings["replicates"]
        return f"The number of blocks, {count}, was fixed beforehand."
    minutes = f" or {until['max_minutes']:g} minutes" if until.get("max_minutes") else ""
    return (
        f"Blocks were added, from {settings['replicates']} to at most {until['max_replicates']}{minutes}, until every "
        f"interval of an op rate's ratio was at most {until['ratio_ci_width']:g} wide; looking after each block makes "
        "intervals hold the truth somewhat less often than they say."
    )


def _again(settings: Mapping[str, Any]) -> list[str]:
    pairs = [
        f"{item_name(arm)} repeats {arm['again_of']}"
        for arm in settings["arms"]
        if isinstance(arm, Mapping) and arm.get("again_of")
    ]
    return [f"{_listed(pairs)}, to show how much the host varies by itself (A/A)."] if pairs else []


def _loads(settings: Mapping[str, Any], records: Iterable[Mapping[str, Any]]) -> list[str]:
    modes = {one["name"]: one["asked"]["rate"]["mode"] for record in records for one in record["workloads"]}
    closed = [name for name, mode in modes.items() if mode == "closed"]
    paced = [name for name, mode in modes.items() if mode != "closed"]
    sentences = []
    if closed:
        sentences.append(f"{_listed(closed)}: a closed loop, compared by op rate.")
    if paced:
        rates = "rates that are the same for every arm, compared by the 99th percentile of response times"
        if has_ladder(settings):
            rates += (
                "; the rates are fractions of what the slowest arm reached in a pilot (block 0), which enters no figure"
            )
        sentences.append(f"{_listed(paced)}: {rates}.")
    return sentences


def _steady(records: Iterable[Mapping[str, Any]]) -> list[str]:
    rules = [
        workload["steady"]["rule"] for record in records for workload in record["workloads"] if workload.get("steady")
    ]
    return [f"Steady part of a load: {rule.rstrip('.')}." for rule in dict.fromkeys(rules)]


def _histograms(records: Iterable[Mapping[str, Any]]) -> list[str]:
    if not any(workload.get("hdr") for record in records for workload in record["workloads"]):
        return ["Printed percentiles are those of each replicate; the median over the replicates is shown."]
    return [
        "Latency histograms are merged over the replicates, and percentiles are read from the sum where enough "
        "operations lie beyond them; percentiles are never averaged."
    ]


def _parity(settings: Mapping[str, Any]) -> list[str]:
    mode = settings.get("parity")
    if not mode:
        return []
    then = {
        "enforce": "an arm that differs from the baseline without having declared it does not count",
        "mark": "differences are named",
    }
    return [
        "Processors, memory, processor set, data file system and kernel parameters are measured inside each node "
        f"before the load; {then.get(mode, mode)}."
    ]


def _quiet(settings: Mapping[str, Any]) -> list[str]:
    thresholds = settings.get("quiet")
    if not thresholds:
        return []
    limits = [f"{thresholds[key]:.0%} {words}" for key, words in QUIET_WORDS.items() if thresholds.get(key)]
    again = "are run again once" if settings.get("disturbed") == "repeat" else "are marked"
    return [f"Of a quiet host, at most {_listed(limits)}; cells over a threshold {again}."] if limits else []


def _attribution(settings: Mapping[str, Any], records: Iterable[Mapping[str, Any]]) -> list[str]:
    if not settings.get("attribution") or not any(record.get("attribution") for record in records):
        return []
    return [
        "In each cell short, fixed microbenchmarks run under its arm, with the image, limits and storage of a node: "
        "they say which layer loses what."
    ]


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
