# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Loads at fixed rates, the same for every arm of a cluster: fractions of what the slowest arm can do.

A closed loop ties latency to throughput, so arms of different speed are loaded differently and their latencies do not
compare. At one absolute rate that all arms can carry they do. The rates come from the pilot, which runs each arm once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.plan import PILOT_BLOCK, item_name, rate_of
from ansible_collections.katabench.scylla.plugins.plugin_utils.record import headline, workload_figures

SCHEMA = 1

HIGHEST_FRACTION = 2.0


class LadderError(ValueError):
    """Rates that cannot be set; the text says why."""


def expand_ladders(workloads: Iterable[Any]) -> list[Any]:
    """Replace each workload that has a ``ladder`` ({of, fractions}) by its rungs, one workload for each fraction.

    A rung is named after the workload whose maximum it is a fraction of: ``read@0.5``. Its ``rate`` is ``{mode: fixed,
    of, fraction}``; the operations per second are known when the pilot has run. What else the workload holds is kept.
    Raises LadderError for a ladder that is none.
    """
    expanded: list[Any] = []
    for workload in workloads:
        if isinstance(workload, Mapping) and "ladder" in workload:
            expanded += _rungs(workload)
        else:
            expanded.append(workload)
    return expanded


def workloads_of(workloads: Iterable[Any], block: int, rates: Mapping[str, float]) -> list[Any]:
    """Return the workloads of a block's cells, in order, with their rates in operations per second.

    The pilot has those without a rung. Raises LadderError when a rung has no rate.
    """
    if block == PILOT_BLOCK:
        return [workload for workload in workloads if rate_of(workload) is None]
    return [workload if rate_of(workload) is None else _paced(workload, rates) for workload in workloads]


def decide_rates(
    cluster: str, workloads: Sequence[Any], arms: Iterable[str], records: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """Set the rates of a cluster's ladder from the records of its pilot: the content of rates.json.

    Returns ``{schema, cluster, maxima, slowest, rates, left_out}``: ``maxima`` the op rate of each arm by workload,
    ``slowest`` the arm with the lowest one, ``rates`` whole operations per second by rung, ``left_out`` the arms whose
    pilot does not count, with a sentence. Raises LadderError when a workload has no maximum at all.
    """
    valid = {record["cell"]["arm"]: record for record in records if record["validity"]["valid"]}
    failed = {record["cell"]["arm"]: headline(record) or "" for record in records if not record["validity"]["valid"]}
    left_out = [
        {"arm": arm, "sentence": failed.get(arm) or "The cell has no record: it has not run to its end."}
        for arm in arms
        if arm not in valid
    ]
    maxima = {of: _maxima(of, valid) for of in dict.fromkeys(filter(None, map(rate_of, workloads)))}
    for of, by_arm in maxima.items():
        if not by_arm:
            why = "; ".join(f"{one['arm']}: {one['sentence']}" for one in left_out)
            raise LadderError(
                f"The rates of {cluster} are fractions of the slowest arm's maximum under {of}, and no arm's pilot "
                f"(block-00) counts. {why} Mend that, or leave the ladder out of bench_workloads."
            )
    slowest = {of: min(by_arm, key=lambda arm: (by_arm[arm], arm)) for of, by_arm in maxima.items()}
    return {
        "schema": SCHEMA,
        "cluster": cluster,
        "maxima": maxima,
        "slowest": slowest,
        "rates": {
            item_name(workload): _rate(maxima[of][slowest[of]], workload["rate"]["fraction"])
            for workload in workloads
            if (of := rate_of(workload)) is not None
        },
        "left_out": left_out,
    }


def _rungs(workload: Mapping[str, Any]) -> list[dict[str, Any]]:
    ladder = workload["ladder"]
    fractions = ladder.get("fractions") if isinstance(ladder, Mapping) else None
    of = ladder.get("of") if isinstance(ladder, Mapping) else None
    if not of or not isinstance(fractions, (list, tuple)) or not fractions:
        raise LadderError(
            f"The ladder of the workload {workload.get('name')!r} is {ladder!r}: give {{of: NAME, fractions: "
            "[0.5, …]}, the name of a workload without a rate and shares of the slowest arm's maximum under it."
        )
    rest = {key: value for key, value in workload.items() if key != "ladder"}
    return [
        {**rest, "name": f"{of}@{_fraction(workload, fraction):g}", "rate": _pace(of, fraction)}
        for fraction in fractions
    ]


def _pace(of: str, fraction: Any) -> dict[str, Any]:
    return {"mode": "fixed", "of": str(of), "fraction": float(fraction)}


def _fraction(workload: Mapping[str, Any], fraction: Any) -> float:
    try:
        share = float(fraction)
    except (TypeError, ValueError):
        share = math.nan
    if not 0 < share <= HIGHEST_FRACTION:
        raise LadderError(
            f"The ladder of the workload {workload.get('name')!r} has the fraction {fraction!r}: give a number above 0 "
            f"and at most {HIGHEST_FRACTION:g}."
        )
    return share


def _paced(workload: Mapping[str, Any], rates: Mapping[str, float]) -> dict[str, Any]:
    name = item_name(workload)
    if name not in rates:
        raise LadderError(f"The workload {name!r} has no rate: rates.json names {', '.join(rates) or 'none'}.")
    return {**workload, "rate": {**workload["rate"], "ops_per_s": rates[name]}}


def _maxima(of: str, records: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    found = {
        arm: figures["op_rate"]
        for arm, record in records.items()
        for figures in map(workload_figures, record["workloads"])
        if figures["name"] == of
    }
    return {arm: float(rate) for arm, rate in found.items() if rate}


def _rate(maximum: float, fraction: float) -> int:
    # Rounded down: the highest rung shall not ask for more than its share.
    return max(1, math.floor(maximum * fraction))
