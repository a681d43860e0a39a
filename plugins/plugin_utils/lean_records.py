# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Records without what no report shows: of a thousand whole ones the memory would not do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.chart_throughput import POINTS_PER_LINE, thinned
from ansible_collections.katabench.scylla.plugins.plugin_utils.latency import response_tags
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary_runs import known

# Of a record and its workloads: what the summary holds in its own way, and the page takes from there.
SUMMED_UP = ("attribution", "hdr", "raw")


def lean(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record without what no report shows.

    Of the interval rows the rate over time is left, in as many points as are drawn; of the histograms the one that is
    merged; of the host's load the figures without the samples.
    """
    return {**record, "workloads": [_lean_workload(workload) for workload in record["workloads"]]}


def shown(records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return lean records without what the summary already holds: charts need the memory."""
    return [
        {
            **{key: value for key, value in record.items() if key not in SUMMED_UP},
            "workloads": [
                {key: value for key, value in workload.items() if key not in SUMMED_UP}
                for workload in record["workloads"]
            ],
        }
        for record in records
    ]


class IntervalRow(Mapping[str, Any]):
    """An interval row of which two numbers are left; a hundred thousand dictionaries would take three times as much."""

    __slots__ = ("op_rate", "time_s")

    def __init__(self, time_s: float, op_rate: float) -> None:
        self.time_s, self.op_rate = time_s, op_rate

    def __getitem__(self, key: str) -> Any:
        if key == "type":
            return "total"
        if key in self.__slots__:
            return getattr(self, key)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(("type", *self.__slots__))

    def __len__(self) -> int:
        return 1 + len(self.__slots__)


def _lean_workload(workload: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(workload)
    if found["result"]:
        points = thinned(_points(found["result"]["intervals"]), POINTS_PER_LINE)
        found["result"] = {**found["result"], "intervals": [IntervalRow(*point) for point in points]}
    if found.get("hdr"):
        merged = response_tags(found["hdr"]["tags"], found["asked"]["rate"]["mode"])
        tags = {name: _lean_tag(tag, is_merged=name in merged) for name, tag in found["hdr"]["tags"].items()}
        found["hdr"] = {**found["hdr"], "tags": tags}
    if found.get("host_load"):
        found["host_load"] = {key: value for key, value in found["host_load"].items() if key != "series"}
    return found


def _points(rows: Iterable[Mapping[str, Any]]) -> list[tuple[float, float]]:
    numbers = [(known(row.get("time_s")), known(row.get("op_rate"))) for row in rows if row.get("type") == "total"]
    return sorted((time_s, rate) for time_s, rate in numbers if time_s is not None and rate is not None)


def _lean_tag(tag: Mapping[str, Any], *, is_merged: bool) -> dict[str, Any]:
    kept = "steady_histogram" if tag.get("steady_histogram") else "histogram"
    return {"count": tag["count"], **({kept: tag[kept]} if is_merged else {})}
