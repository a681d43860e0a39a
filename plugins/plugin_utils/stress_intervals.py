# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The rows that cassandra-stress prints while it runs, and the table that closes a run in thread steps.

The header says which columns there are (StressMetrics.HEADMETRICS and its forebears). Rows are split at commas; in a
JVM with a decimal comma every decimal adds one. What follows a decimal comma has no blank before it, which tells the
two kinds apart without a doubt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.stress_numbers import Number, StressLogError

# Column in the header -> key in a row. Up to 2.0 "latency" is the median (Session.printStats).
_COLUMNS = {
    "total ops": "total_ops",
    "ops": "total_ops",
    "total": "total_ops",
    "op/s": "op_rate",
    "interval_op_rate": "op_rate",
    "adj op/s": "adjusted_op_rate",
    "adj row/s": "adjusted_row_rate",
    "pk/s": "partition_rate",
    "key/s": "partition_rate",
    "interval_key_rate": "partition_rate",
    "row/s": "row_rate",
    "mean": "latency_mean_ms",
    "avg_latency": "latency_mean_ms",
    "med": "latency_median_ms",
    "latency": "latency_median_ms",
    ".95": "latency_p95_ms",
    "95th": "latency_p95_ms",
    ".99": "latency_p99_ms",
    "99th": "latency_p99_ms",
    ".999": "latency_p999_ms",
    "99.9th": "latency_p999_ms",
    "max": "latency_max_ms",
    "time": "time_s",
    "elapsed_time": "time_s",
    "stderr": "stderr",
    "errors": "errors",
    "gc: #": "gc_count",
    "max ms": "gc_max_ms",
    "sum ms": "gc_sum_ms",
    "sdv ms": "gc_stddev_ms",
    "mb": "gc_memory_mib",
}
_DECIMAL_COLUMNS = {"mean", "avg_latency", "med", "latency", ".95", "95th", ".99", "99th", ".999", "99.9th", "max"} | {
    "time",
    "stderr",
}
_HEADER = re.compile(
    r"(id,\s+)?(type[,\s]\s*)?((?:total ops|ops|total)\s*,\s*(?:op/s|adj row/s|interval_op_rate)\s*,.*?)\s*$"
)
_STEP = re.compile(r"(\d+) thread(?:Count|s),\s*(\S+)\s*$")  # "threads" in 2.1.0
_NAME = re.compile(r"[^\s>|\]]+$")
_COUNT = re.compile(r"-?\d+")
_DECIMAL = re.compile(r"(-?\d+)[.\u066b](\d+)")
_NO_NUMBER = {"NaN", "Infinity", "-Infinity"}


@dataclass(frozen=True)
class Columns:
    """What the header says about the rows below it."""

    names: tuple[str, ...]
    has_type: bool
    has_step: bool
    name_at: int  # The place of type and first number among the parts between commas
    fewest_commas: int
    most_commas: int


def read_header(line: str) -> Columns | None:
    """Read a header; None for any other line."""
    match = _HEADER.search(line)
    if match is None:
        return None
    names = tuple(name.strip() for name in match[3].split(","))
    name_at = line[: match.start()].count(",") + bool(match[1])
    fewest = name_at + len(names) - 1 + bool(match[2])
    return Columns(
        names=names,
        has_type=bool(match[2]),
        has_step=bool(match[1]),
        name_at=name_at,
        fewest_commas=fewest,
        most_commas=fewest + sum(name in _DECIMAL_COLUMNS for name in names),
    )


def is_row(columns: Columns, line: str) -> bool:
    """Say whether a line with a fitting number of commas has a number where a row has its total of operations."""
    at = columns.name_at + columns.has_type
    before = line.split(",", at + 1)[at].split()
    return bool(before) and before[-1].isdecimal()


def read_row(columns: Columns, line: str) -> dict[str, Any] | None:
    """Read a row: ``type`` (the operation, or total), ``threads`` in the closing table, and numbers by name.

    None when other output broke the line, so that its numbers cannot be told apart.
    """
    line = line.rstrip()
    decimal_commas = line.count(",") - columns.fewest_commas
    head, *parts = line.rsplit(",", len(columns.names) - (not columns.has_type) + decimal_commas)
    row: dict[str, Any] = {}
    if columns.has_step:
        step = _STEP.search(head)
        if step is None:
            return None
        row["threads"] = int(step[1])
    last = _NAME.search(head.rstrip())
    if last is None:
        return None
    row["type"] = last[0] if columns.has_type else "total"
    numbers = _numbers(columns, parts if columns.has_type else [last[0], *parts], decimal_commas > 0)
    return None if numbers is None else row | numbers


def _numbers(columns: Columns, parts: list[str], has_decimal_commas: bool) -> dict[str, Number] | None:
    numbers: dict[str, Number] = {}
    rest = iter(parts)
    for name in columns.names:
        part = next(rest, "").strip()
        key = _COLUMNS.get(name)
        if part in _NO_NUMBER:
            number: Number = None
        elif name in _DECIMAL_COLUMNS:
            match = _DECIMAL.fullmatch(f"{part}.{next(rest, '')}" if has_decimal_commas else part)
            if match is None:
                return None
            number = float(f"{match[1]}.{match[2]}")
        elif _COUNT.fullmatch(part):
            number = int(part)
        else:
            return None
        if key is not None:
            numbers[key] = number
    return numbers if next(rest, None) is None else None


@dataclass
class IntervalSample:
    """At most `limit` rows of a log of any length: those of every `step`-th interval, and of the last.

    An interval is the rows up to its ``total``. When there are too many, `step` doubles and the intervals in between
    are dropped. Rows that are not kept are not read either: that makes a log of a gigabyte a matter of seconds.
    """

    limit: int
    step: int = 1
    unreadable: int = 0
    _kept: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    _open: list[str] = field(default_factory=list)
    _last: tuple[Columns, list[str], int] | None = None
    _count: int = 0

    def add(self, columns: Columns, line: str, line_number: int, block: int) -> None:
        """Take a row; `block` is the index of the block that will sum it up."""
        self._open.append(line)
        if not _ends_interval(columns, line):
            if len(self._open) > self.limit:
                raise StressLogError(line_number, f"type: {len(self._open)} rows have no 'total' among them", line)
            return
        if self._count % self.step == 0:
            self._kept += [(self._count, row) for row in self._read(columns, self._open, block)]
            self._thin(self.limit)
        self._last = (columns, self._open, block) if self._count % self.step else None
        self._open = []
        self._count += 1

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows that were kept, in the order of the log; call it once, when the log has ended."""
        last = self._read(*self._last) if self._last else []
        room = self.limit - len(last)
        self._thin(room)
        return [row for _interval, row in self._kept[:room]] + last

    def _thin(self, room: int) -> None:
        while len(self._kept) > room and self._kept[-1][0] > 0:
            self.step *= 2
            self._kept = [(count, row) for count, row in self._kept if count % self.step == 0]

    def _read(self, columns: Columns, lines: list[str], block: int) -> list[dict[str, Any]]:
        rows = []
        for line in lines:
            row = read_row(columns, line)
            if row is None:
                self.unreadable += 1
                continue
            rows.append({"block": block, **row})
        return rows


def _ends_interval(columns: Columns, line: str) -> bool:
    if not columns.has_type:
        return True
    name = line.split(",", columns.name_at + 1)[columns.name_at]
    return name == "total" or (name.endswith("total") and _NAME.findall(name) == ["total"])
