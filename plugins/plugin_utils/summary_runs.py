# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Which cells of a campaign enter its figures, and what each of their workloads gave."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.plan import PILOT_BLOCK
from ansible_collections.katabench.scylla.plugins.plugin_utils.record import workload_figures
from ansible_collections.katabench.scylla.plugins.plugin_utils.sandbox import is_emulated
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary_latency import block_p99_ms
from ansible_collections.katabench.scylla.plugins.plugin_utils.validity import START_SLACK_S, TARGET_SHARE

Cell = Mapping[str, Any]
Record = Mapping[str, Any]
Problem = dict[str, str]

MISSING = "The cell has no record: it has not run to its end."


@dataclass(frozen=True)
class Planned:
    """A planned cell with its record, if there is one that can be read, and what keeps it from counting."""

    cell: Cell
    record: Record | None
    problems: list[Problem]

    @property
    def is_pilot(self) -> bool:
        """Whether it belongs to the pilot, which enters no figure."""
        return bool(self.cell["block"] == PILOT_BLOCK)

    @property
    def is_valid(self) -> bool:
        """Whether its record counts."""
        return self.record is not None and bool(self.record["validity"]["valid"]) and not self.problems

    @property
    def state(self) -> str:
        """One word for the grid of cells: valid, invalid or missing, and for the pilot calibration if it is valid."""
        if self.is_valid:
            return "calibration" if self.is_pilot else "valid"
        return "missing" if any(problem["class"] == "missing" for problem in self.problems) else "invalid"


@dataclass(frozen=True)
class Run:
    """One workload of a valid cell: rates in operations per second, latencies in milliseconds, None where unknown.

    `latency_p99_steady_ms` comes from the run's own histogram and is read where the load had a rate; `latency_p99_ms`
    is what the loader printed.
    """

    cell: str
    cluster: str
    block: int
    arm: str
    workload: str
    emulated: bool
    op_rate: float
    latency_mean_ms: float | None
    latency_p99_ms: float | None
    op_rate_steady: float | None
    latency_p99_steady_ms: float | None
    rate_mode: str
    target: float | None
    missed: bool
    hdr: Mapping[str, Any] | None

    @property
    def achieved_share(self) -> float | None:
        """Share of the asked rate that was reached; None in a closed loop."""
        return self.op_rate / self.target if self.target else None


def planned_cells(
    campaign: Mapping[str, Any],
    records: Iterable[Record],
    stops: Mapping[str, Mapping[str, Any]],
    unreadable: Mapping[str, str],
) -> list[Planned]:
    """Return the cells of the plan that were to run, in its order, each with its record.

    Where blocks are added until the intervals are narrow, the plan holds the most there may be. Those after a
    cluster's stop do not count; as long as it has not stopped, neither do those after the last that was begun, but
    the first `replicates` blocks are to run in any case. `unreadable` says of cells why their records cannot be read.
    """
    by_cell = {record["cell"]["id"]: record for record in records}
    begun = {*by_cell, *unreadable}
    last = {
        cluster: _last_block(campaign, cluster, stops.get(cluster), begun)
        for cluster in dict.fromkeys(cell["cluster"] for cell in campaign["plan"])
    }
    return [
        Planned(cell, by_cell.get(cell["id"]), _problems(cell["id"], by_cell.get(cell["id"]), unreadable))
        for cell in campaign["plan"]
        if cell["block"] <= last[cell["cluster"]]
    ]


def runs_of(cells: Iterable[Planned]) -> list[Run]:
    """Return the workloads of the valid cells that are no pilot; one without a single op rate is left out."""
    return [
        run
        for planned in cells
        if planned.record is not None and planned.is_valid and not planned.is_pilot
        for workload in planned.record["workloads"]
        for run in _run(planned.record, workload)
    ]


def known(value: Any) -> float | None:
    """Return a number that can be printed, None for NaN, infinity and what is no number."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value if is_number and math.isfinite(value) else None


def _last_block(campaign: Mapping[str, Any], cluster: str, stop: Mapping[str, Any] | None, begun: set[str]) -> int:
    own: Sequence[Cell] = [cell for cell in campaign["plan"] if cell["cluster"] == cluster]
    most = max(cell["block"] for cell in own)
    if not campaign["settings"].get("until"):
        return int(most)
    if stop:
        return int(stop["blocks"])
    reached = max((cell["block"] for cell in own if cell["id"] in begun), default=0)
    return int(max(reached, campaign["settings"]["replicates"]))


def _problems(cell_id: str, record: Record | None, unreadable: Mapping[str, str]) -> list[Problem]:
    if cell_id in unreadable:
        return [{"cell": cell_id, "class": "unreadable", "sentence": unreadable[cell_id]}]
    if record is None:
        return [{"cell": cell_id, "class": "missing", "sentence": MISSING}]
    failures = [*record["validity"]["failures"], *_senseless(record)]
    return [{"cell": cell_id, "class": failure["class"], "sentence": failure["sentence"]} for failure in failures]


def _senseless(record: Record) -> Iterator[dict[str, str]]:
    """Find figures that no judge lets pass, in records that were edited or come from elsewhere."""
    if not record["validity"]["valid"]:
        return
    for workload in record["workloads"]:
        figures = workload_figures(workload)
        rate = figures["op_rate"]
        if rate is not None and not (known(rate) and rate > 0):
            yield {
                "class": "incomplete",
                "sentence": f"{figures['name']}: its op rate is {rate}, no finite number above zero.",
            }


def _run(record: Record, workload: Mapping[str, Any]) -> Iterator[Run]:
    figures, cell, rate = workload_figures(workload), record["cell"], workload["asked"]["rate"]
    if figures["op_rate"] is None:
        return
    target = None if rate["mode"] == "closed" else known(rate["ops_per_s"])
    yield Run(
        cell=cell["id"],
        cluster=cell["cluster"],
        block=cell["block"],
        arm=cell["arm"],
        workload=figures["name"],
        emulated=is_emulated(record.get("sandbox")),
        op_rate=figures["op_rate"],
        latency_mean_ms=known(figures["latency_mean_ms"]),
        latency_p99_ms=known(figures["latency_p99_ms"]),
        op_rate_steady=known((workload.get("steady") or {}).get("op_rate")),
        latency_p99_steady_ms=None if rate["mode"] == "closed" else block_p99_ms(workload.get("hdr"), rate["mode"]),
        rate_mode=rate["mode"],
        target=target,
        missed=target is not None and _is_missed(workload, figures["op_rate"], target),
        hdr=workload.get("hdr"),
    )


def _is_missed(workload: Mapping[str, Any], op_rate: float, target: float) -> bool:
    """Say whether a load stayed below its target, by the rule by which validity.py marks it."""
    time_s = known(workload["result"]["blocks"][0].get("total_operation_time_s"))
    if time_s is None:
        return bool(op_rate < target * TARGET_SHARE)
    return bool(time_s > START_SLACK_S and op_rate * time_s / (time_s - START_SLACK_S) < target * TARGET_SHARE)
