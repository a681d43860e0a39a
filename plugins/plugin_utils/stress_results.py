# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The block of results that cassandra-stress prints at the end of a run (or of each step of one).

Labels by era, from the format strings of StressMetrics.summarise (Session and StressAction before 2.1):

* up to 2.0: ``interval_op_rate``, ``interval_key_rate``, below "Averages from the middle 80% of values:";
* 2.1 betas: ``real op rate``, ``key rate``; 2.1 to 3.5: labels in lower case, ``[WRITE:7525]``, units in GC's labels;
* from 3.6, and Scylla's: ``Op rate : 3,594 op/s  [WRITE: 3,594 op/s]``, units after the values;
* cql-stress: the same without brackets and GC, and ``Total operations``, each of which is one partition.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ansible_collections.katabench.scylla.plugins.plugin_utils.log_prefix import LOG_PREFIX
from ansible_collections.katabench.scylla.plugins.plugin_utils.stress_numbers import (
    PRINTED_NUMBER,
    Number,
    StressLogError,
    decimal_mark,
    read_clock,
    read_memory,
    read_number,
)

# Label in lower case -> key in the result, the unit that may follow the number.
_OPERATION_LABELS = {
    "op rate": ("op_rate", "op/s"),
    "real op rate": ("op_rate", "op/s"),
    "interval_op_rate": ("op_rate", "op/s"),
    "partition rate": ("partition_rate", "pk/s"),
    "key rate": ("partition_rate", "pk/s"),
    "interval_key_rate": ("partition_rate", "pk/s"),
    "row rate": ("row_rate", "row/s"),
    "latency mean": ("latency_mean_ms", "ms"),
    "latency median": ("latency_median_ms", "ms"),
    "latency 95th percentile": ("latency_p95_ms", "ms"),
    "latency 99th percentile": ("latency_p99_ms", "ms"),
    "latency 99.9th percentile": ("latency_p999_ms", "ms"),
    "latency max": ("latency_max_ms", "ms"),
    "total partitions": ("total_partitions", ""),
    "total operations": ("total_partitions", ""),
    "total errors": ("total_errors", ""),
}
_GC_LABELS = {
    "total gc count": ("count", ""),
    "total gc memory": ("memory_bytes", ""),
    "total gc mb": ("memory_bytes", ""),
    "total gc time": ("time_s", "seconds"),
    "total gc time (s)": ("time_s", ""),
    "avg gc time": ("avg_ms", "ms"),
    "avg gc time(ms)": ("avg_ms", ""),
    "stddev gc time": ("stddev_ms", "ms"),
    "stdev gc time(ms)": ("stddev_ms", ""),
}
CLOSING_LABEL = "total operation time"
# The only tool that prints this label is cql-stress, which prints no END.
CQL_STRESS_LABEL = "total operations"

_LABELS = sorted([*_OPERATION_LABELS, *_GC_LABELS, CLOSING_LABEL], key=len, reverse=True)
_RESULT_LINE = re.compile(rf"{LOG_PREFIX}({'|'.join(map(re.escape, _LABELS))})\s*:\s*(.*)", re.IGNORECASE)
_VALUE = re.compile(rf"({PRINTED_NUMBER})\s*(op/s|pk/s|row/s|ms|seconds|)\s*(?:\[(.*)\])?")
_PER_OPERATION = re.compile(rf"([^\[\],:]+):\s*({PRINTED_NUMBER})\s*(op/s|pk/s|row/s|ms|)(?:,\s+|$)")
_MIB = 1024**2


class ResultLine(NamedTuple):
    """A line of a block, taken apart but not yet read: the dress of its numbers shows in other lines."""

    number: int
    label: str
    value: str


def result_line(number: int, line: str) -> ResultLine | None:
    """Take a line of a block apart; None for any other line, of which a block may have some in between."""
    match = _RESULT_LINE.match(line)
    return ResultLine(number, match[1].lower(), match[2].strip()) if match else None


def is_closing(line: ResultLine) -> bool:
    """Say whether a line is whole and the last of its block."""
    if line.label != CLOSING_LABEL:
        return False
    try:
        read_clock(line.value)
    except ValueError:
        return False
    return True


def read_block(lines: list[ResultLine], threads: int | None) -> dict[str, Any]:
    """Read the lines of one block, of a run with so many threads.

    Returns ``{threads, total, ops, gc, total_operation_time_s}`` with what is printed: rates per second, latencies in
    milliseconds, NaN as None. Raises StressLogError for a label that stands twice and for a value that cannot be read
    without guessing.
    """
    _refuse_repeated_labels(lines)
    mark = _mark_of(lines)
    block: dict[str, Any] = {"threads": threads, "total": {}, "ops": {}, "gc": {}, "total_operation_time_s": None}
    for line in lines:
        try:
            _read_line(line, mark, block)
        except ValueError as error:
            raise StressLogError(line.number, f"{line.label}: {error}", line.value) from error
    return block


def _refuse_repeated_labels(lines: list[ResultLine]) -> None:
    seen: set[str] = set()
    for line in lines:
        if line.label in seen:
            raise StressLogError(line.number, f"{line.label}: the label stands twice in one block", line.value)
        seen.add(line.label)


def _mark_of(lines: list[ResultLine]) -> str | None:
    latencies = [(line, match[1]) for line in lines if "latency" in line.label and (match := _VALUE.match(line.value))]
    try:
        mark: str | None = decimal_mark(printed for _line, printed in latencies)
    except ValueError as error:
        raise StressLogError(latencies[0][0].number, f"latency: {error}", latencies[0][0].value) from error
    return mark


def _read_line(line: ResultLine, mark: str | None, block: dict[str, Any]) -> None:
    if line.label == CLOSING_LABEL:
        block["total_operation_time_s"] = read_clock(line.value)
    elif line.label == "total gc memory":
        block["gc"]["memory_bytes"] = read_memory(line.value, mark)
    elif line.label in _GC_LABELS:
        key, unit = _GC_LABELS[line.label]
        number, _per_operation = _read_value(line.value, unit, mark)
        block["gc"][key] = number if number is None or line.label != "total gc mb" else number * _MIB
    else:
        key, unit = _OPERATION_LABELS[line.label]
        block["total"][key], per_operation = _read_value(line.value, unit, mark)
        for operation, number in _read_per_operation(per_operation, unit, mark):
            block["ops"].setdefault(operation, {})[key] = number


def _read_value(value: str, unit: str, mark: str | None) -> tuple[Number, str]:
    match = _VALUE.fullmatch(value)
    if match is None or match[2] not in {"", unit}:
        raise ValueError(f"no number{f' in {unit}' if unit else ''} was found")
    return _read_in_unit(match[1], unit, mark), match[3] or ""


def _read_per_operation(text: str, unit: str, mark: str | None) -> list[tuple[str, Number]]:
    """Read ``READ: 1,223 op/s, WRITE: 413 op/s``: the commas inside numbers are not those between operations."""
    found: list[tuple[str, Number]] = []
    position = 0
    while position < len(text):
        match = _PER_OPERATION.match(text, position)
        if match is None or match[3] not in {"", unit}:
            raise ValueError("the numbers of single operations cannot be told apart")
        found.append((match[1].strip(), _read_in_unit(match[2], unit, mark)))
        position = match.end()
    return found


def _read_in_unit(printed: str, unit: str, mark: str | None) -> Number:
    number = read_number(printed, mark)
    # Rates and counts are printed without decimals in every era: a fraction here is a thousands mark misread.
    if isinstance(number, float) and unit not in {"ms", "seconds"}:
        raise ValueError(f"'{printed}' would be a fraction, where a whole number was expected")
    return number
