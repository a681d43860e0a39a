# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What a campaign shows while it runs and when it ends: events in, lines of plain text out.

Events are the dictionaries `katabench_event` of docs/architecture.md. Nothing here is needed for a result: a key that
is missing is shown as `-`, an event that is unknown is passed over.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.wording import P99, arm_label

try:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table
except ImportError:
    HAS_RICH = False
else:
    HAS_RICH = True

NARROWEST_TABLE = 100
LONGEST_QUOTE = 100
NAME_COLUMNS = 2


@dataclass
class _Cluster:
    """Where one cluster stands in the campaign."""

    name: str
    cells: list[str] = field(default_factory=list)
    done: set[str] = field(default_factory=set)
    durations_s: list[float] = field(default_factory=list)
    cell: str = ""
    place: str = "cell"
    started_s: float | None = None
    is_stopped: bool = False

    def enter(self, event: Mapping[str, Any]) -> None:
        """Take note of the cell that an event is about."""
        cell = str(event.get("cell", ""))
        if cell in self.cells:
            number = f"cell {self.cells.index(cell) + 1} of {len(self.cells)}"
        else:
            number = f"cell {event.get('index', cell)}".rstrip()
        self.place = f"{number} {event.get('arm', '-')} block {event.get('block', '-')}"
        if cell != self.cell:
            self.cell = cell
            self.started_s = None

    def start(self, now_s: float) -> None:
        """Start the current cell's clock when the cell is first heard of."""
        if self.started_s is None and self.cell not in self.done:
            self.started_s = now_s

    def finish(self, now_s: float) -> None:
        """Take note that the current cell has its record."""
        if self.started_s is not None:
            self.durations_s.append(now_s - self.started_s)
        self.done.add(self.cell)
        self.started_s = None

    def time_left_s(self, now_s: float) -> float | None:
        """Return the seconds that the open cells will take if they take as long as those that have ended did."""
        open_cells = sum(cell not in self.done for cell in self.cells)
        if not self.durations_s or not open_cells:
            return None
        mean_s = sum(self.durations_s) / len(self.durations_s)
        spent_s = 0.0 if self.started_s is None else min(now_s - self.started_s, mean_s)
        return mean_s * open_cells - spent_s


class Progress:
    """Follows one campaign, each cluster for itself, and says in lines of text what has happened.

    `clock` returns seconds that never run backwards.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._run_id: str | None = None
        self._clusters: dict[str, _Cluster] = {}
        self._baseline = "baseline"
        self._summary: Mapping[str, Any] | None = None

    def observe(self, host: str, event: Mapping[str, Any]) -> list[str]:
        """Return the lines to show for an event that a host has sent; the host stands in for a missing cluster."""
        kind = event.get("event")
        if kind == "plan":
            return self._plan(event)
        if kind == "summary":
            self._summary = event
            return []
        if kind not in ("cell", "interval", "record", "stop"):
            return []
        name = str(event.get("cluster") or host)
        cluster = self._clusters.setdefault(name, _Cluster(name))
        if kind == "stop":
            return self._stop(cluster, event)
        if kind == "cell":
            return [self._cell(cluster, event)]
        if kind == "interval":
            return [self._interval(cluster, event)]
        return [self._record(cluster, event)]

    def close(self, width: int) -> list[str]:
        """Return the closing table of each cluster, the verdict, the problems and the report's path.

        Tables are at least NARROWEST_TABLE columns wide, so that no figure is cut where there is no terminal.
        """
        if self._summary is None:
            return []
        return summary_lines(self._summary, str(self._summary.get("baseline") or self._baseline), width)

    def _plan(self, event: Mapping[str, Any]) -> list[str]:
        run_id = str(event.get("run_id", "-"))
        if run_id == self._run_id:  # every host of a play may send the plan
            return []
        self._run_id = run_id
        self._baseline = str(event.get("baseline") or self._baseline)
        self._clusters.clear()
        cells = event.get("cells") or []
        for cell in cells:
            name = str(cell.get("cluster"))
            cluster = self._clusters.setdefault(name, _Cluster(name))
            cluster.cells.append(str(cell.get("id")))
            if cell.get("state") == "done":
                cluster.done.add(str(cell.get("id")))
        done = sum(len(cluster.done) for cluster in self._clusters.values())
        count = f"{len(cells)} cells" + (f", {done} done earlier" if done else "")
        matrix = (
            f"arms {_join(event.get('arms'))}; workloads {_join(event.get('workloads'))}; baseline {self._baseline}"
        )
        return [f"campaign {run_id}: {count}; {matrix}; in {event.get('dir', '-')}"]

    def _stop(self, cluster: _Cluster, event: Mapping[str, Any]) -> list[str]:
        # Every block that is not needed says so; once is enough.
        if cluster.is_stopped:
            return []
        cluster.is_stopped = True
        whose = f"{cluster.name}: " if len(self._clusters) > 1 else ""
        return [f"{whose}{event.get('sentence') or 'no further block is needed'}"]

    def _cell(self, cluster: _Cluster, event: Mapping[str, Any]) -> str:
        cluster.enter(event)
        cluster.start(self._clock())
        phase = event.get("phase")
        return self._say(cluster, f": {phase}" if phase else "")

    def _interval(self, cluster: _Cluster, event: Mapping[str, Any]) -> str:
        line = str(event.get("line") or "")
        figures = read_interval(line)
        if figures is None:
            said = line.strip()[:LONGEST_QUOTE] or "no line from the loader yet"
        else:
            said = f"{figures[0]:,} operations, {figures[1]:,.0f} op/s"
        workload = event.get("workload") or "load"
        return self._say(cluster, f": {workload} {_duration(event.get('elapsed_s'))}: {said}", time_left=True)

    def _record(self, cluster: _Cluster, event: Mapping[str, Any]) -> str:
        cluster.enter(event)
        cluster.finish(self._clock())
        if not event.get("valid"):
            return self._say(cluster, f" does not count: {event.get('sentence') or '-'}", time_left=True)
        figures = "; ".join(
            f"{workload.get('name', '-')} {_number(workload.get('op_rate'), 0)} op/s, "
            f"mean {_number(workload.get('latency_mean_ms'))} ms, p99 {_number(workload.get('latency_p99_ms'))} ms"
            for workload in event.get("workloads") or []
        )
        failed = event.get("failed_starts") or 0
        how = " under software emulation" if event.get("emulated") else ""
        how += f" after {failed} failed start{'' if failed == 1 else 's'}" if failed else ""
        return self._say(cluster, f" done{how}: {figures}", time_left=True)

    def _say(self, cluster: _Cluster, text: str, time_left: bool = False) -> str:
        whose = f"{cluster.name}: " if len(self._clusters) > 1 else ""
        left_s = cluster.time_left_s(self._clock()) if time_left else None
        left = "" if left_s is None else f"; about {_duration(left_s)} left"
        return f"{whose}{cluster.place}{text}{left}"


def read_interval(line: str) -> tuple[int, float] | None:
    """Return total operations and operations per second of a loader's interval row, None for any other line.

    Rows are `total,  ops,  op/s, …` since Cassandra 2.1 and `ops,op/s,…` before; the report reads them with care, the
    display only these two fields.
    """
    fields = [part.strip() for part in line.split(",")]
    if fields[0] and not fields[0][0].isdigit():
        del fields[0]
    try:
        return int(fields[0]), float(fields[1])
    except (IndexError, ValueError):
        return None


def summary_event(summary: Mapping[str, Any], report: str) -> dict[str, Any]:
    """Return the event `summary` of a summary.json's content and the report's path: what the lines below show of it."""
    return {
        "event": "summary",
        "report": report,
        **{key: summary[key] for key in ("run_id", "baseline", "verdict", "problems", "provenance")},
        "clusters": [
            {
                **{key: cluster[key] for key in ("cluster", "starts", "stop", "layer_words")},
                "rows": [_event_row(row) for row in cluster["rows"]],
            }
            for cluster in summary["clusters"]
        ],
    }


def summary_lines(summary: Mapping[str, Any], baseline: str, width: int) -> list[str]:
    """Return a `summary` event as lines: tables per cluster, what explains them, verdict, problems, report.

    Loads in a closed loop and loads at a rate, which are compared by other figures, have a table each.
    """
    lines: list[str] = []
    for cluster in summary.get("clusters") or []:
        rows = cluster.get("rows") or []
        paced = [row for row in rows if row.get("figure") == P99]
        lines += ["", str(cluster.get("cluster", "-"))]
        if HAS_RICH:
            wide = max(width, NARROWEST_TABLE)
            lines += _table([row for row in rows if row not in paced], baseline, wide)
            lines += _paced_table(paced, baseline, wide) if paced else []
        else:
            lines.append("The table needs the Python package rich on the controller: pip install rich")
        lines += [
            f"{row.get('workload', '-')} {arm_label(row)} does not count: {row.get('sentence') or '-'}"
            for row in rows
            if not row.get("valid")
        ]
        lines += [
            f"{row.get('workload', '-')} {arm_label(row)} missed its target in {row['targets_missed']} of "
            f"{row.get('replicates_valid', '-')} replicates"
            for row in rows
            if row.get("targets_missed")
        ]
        lines += [
            f"{arm_label(arm)}: {arm['failed']} of {arm.get('starts', '-')} starts of a node failed"
            for arm in cluster.get("starts") or []
            if arm.get("failed")
        ]
        lines += [str(words.get("sentence", "-")) for words in cluster.get("layer_words") or []]
        lines += [str(cluster["stop"].get("sentence", "-"))] if cluster.get("stop") else []
    provenance = summary.get("provenance") or {}
    if provenance.get("altered") or provenance.get("lost"):
        lines += ["", f"raw files: {provenance.get('sentence', '-')}"]
    problems = [
        f"problem: {problem.get('cell', '-')}: {problem.get('class', '-')}: {problem.get('sentence', '-')}"
        for problem in summary.get("problems") or []
    ]
    return [*lines, "", f"verdict: {summary.get('verdict', '-')}", *problems, f"report: {summary.get('report', '-')}"]


def _table(rows: list[Mapping[str, Any]], baseline: str, width: int) -> list[str]:
    lines = [("workload", "arm", "op/s", "mean ms", "p99 ms", f"op/s to {baseline}", "change", "valid")]
    lines += [
        (
            str(row.get("workload", "-")),
            arm_label(row),
            _number(row.get("op_rate"), 0),
            _number(row.get("latency_mean_ms")),
            _number(row.get("latency_p99_ms")),
            _ratio(row),
            _change(row),
            _valid(row),
        )
        for row in rows
    ]
    return _drawn(lines, width)


def _event_row(row: Mapping[str, Any]) -> dict[str, Any]:
    hdr = {"percentiles": row["hdr"]["percentiles"]} if row["hdr"] else None
    return {**{key: value for key, value in row.items() if key not in ("check", "hdr")}, "hdr": hdr}


def _paced_table(rows: list[Mapping[str, Any]], baseline: str, width: int) -> list[str]:
    lines = [("workload", "arm", "op/s", "p99 ms", f"p99 to {baseline}", "change", "valid")]
    lines += [
        (
            str(row.get("workload", "-")),
            arm_label(row),
            f"{_number(row.get('op_rate'), 0)} of {_number(row.get('target_ops_per_s'), 0)}",
            _number(((row.get("hdr") or {}).get("percentiles") or {}).get("99")),
            _ratio(row),
            _change(row),
            _valid(row),
        )
        for row in rows
    ]
    return _drawn(lines, width)


def _drawn(lines: Sequence[Sequence[str]], width: int) -> list[str]:
    """Draw a heading and the lines below it; names stand to the left, numbers to the right."""
    table = Table(box=SIMPLE, padding=(0, 1), pad_edge=False)
    for place, title in enumerate(lines[0]):
        table.add_column(title, justify="left" if place < NAME_COLUMNS else "right", no_wrap=place >= NAME_COLUMNS)
    for line in lines[1:]:
        table.add_row(*line)
    page = io.StringIO()
    Console(file=page, width=width, color_system=None, markup=False, emoji=False, highlight=False).print(table)
    return [line.rstrip() for line in page.getvalue().splitlines() if line.strip()]


def _change(row: Mapping[str, Any]) -> str:
    return "-" if row.get("change_percent") is None else f"{row['change_percent']:+.1f} %"


def _valid(row: Mapping[str, Any]) -> str:
    return f"{'' if row.get('valid') else 'no, '}{row.get('replicates_valid', '-')} of {row.get('replicates', '-')}"


def _ratio(row: Mapping[str, Any]) -> str:
    low, high = row.get("ratio_low"), row.get("ratio_high")
    interval = "" if low is None or high is None else f" [{low:.3f}, {high:.3f}]"
    return _number(row.get("ratio"), 3) + interval


def _number(value: float | None, decimals: int = 1) -> str:
    return "-" if value is None else f"{value:,.{decimals}f}"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _join(names: list[str] | None) -> str:
    return ", ".join(names) if names else "-"
