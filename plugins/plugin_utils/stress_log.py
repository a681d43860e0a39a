# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Read what cassandra-stress and cql-stress print, of every version since Cassandra 1.2, as a stream.

A log has a preamble with the settings, a line ``Running WRITE with 50 threads for 20000 iteration``, rows, a block of
results, all this again for each thread step, and a line END or FAILURE (cql-stress has none). Other output may stand
between the lines and inside them. The parts are read in stress_intervals and stress_results.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.log_prefix import LOG_PREFIX
from ansible_collections.katabench.scylla.plugins.plugin_utils.stress_intervals import (
    Columns,
    IntervalSample,
    is_row,
    read_header,
    read_row,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.stress_numbers import StressLogError
from ansible_collections.katabench.scylla.plugins.plugin_utils.stress_results import (
    CLOSING_LABEL,
    CQL_STRESS_LABEL,
    ResultLine,
    is_closing,
    read_block,
    result_line,
)

__all__ = ["StressLogError", "read_stress_log"]

MAX_INTERVALS = 2000
# More than a run that steps through thread counts can have: they bound what is kept of any text.
MAX_BLOCKS = 1000
MAX_STEPS = 10_000

_RESULTS = re.compile(rf"{LOG_PREFIX}(?:Results:|Averages from the middle 80% of values:)\s*$")
_RUNNING = re.compile(r"Running (\[[^\]]*\]|\S+) with (\d+) threads\s+(?:for (\d+) iteration|(\d+) (\w+)|until)")
_STEP = re.compile(r"Running with (\d+) threadCount")
_THREAD_SETTING = re.compile(rf"{LOG_PREFIX}Thread [Cc]ount: (\d+)\s*$")
_TERMINATOR = re.compile(rf"{LOG_PREFIX}(END|FAILURE)(?=\s|$)")
_SCHEMA_ONLY = "N=0: SCHEMA CREATED, NOTHING ELSE DONE."
_REFUSAL = re.compile(rf"{LOG_PREFIX}(Invalid .*\S|Usage:\s+\S*cassandra-stress\b.*\S)")
# What a line must contain to be looked at more closely, outside a block of results.
_SIGNS = ("op/s,", "interval_op_rate,", "Running ", "Results:", "Averages from", "END", "FAILURE", "Thread ")
_PREAMBLE_SIGNS = ("Invalid ", "Usage:", "N=0:")
_SECONDS = {"second": 1, "seconds": 1, "minute": 60, "minutes": 60, "hour": 3600, "hours": 3600, "day": 86400} | {
    "days": 86400
}


def read_stress_log(lines: Iterable[str], max_intervals: int = MAX_INTERVALS) -> dict[str, Any]:
    """Read a log line by line, in one pass and in flat memory.

    Returns::

        outcome         results: the log is whole and has at least one block
                        truncated: the load began and the log stops, or a block does, before its end
                        no-results: nothing was measured
                        refused: the load generator did not accept its options
        terminator      END, FAILURE or None
        blocks          [{threads, total, ops, gc, total_operation_time_s}], see stress_results.read_block; a block
                        counts only when its last line was there
        steps           the table that closes a run in thread steps: [{threads, type, total_ops, op_rate, …}]
        intervals       [{block, type, total_ops, op_rate, …, time_s, …}], see stress_intervals; `block` is the index in
                        blocks. With more than `max_intervals` rows only every `intervals_step`-th interval (a power of
                        two) is kept, and always the last
        intervals_step  1 when every interval is there
        running         what the last "Running …" says was asked: {operations, threads, iterations, duration_s}, or None
        notes           sentences: why there is no result, what was passed over

    A last line without the line feed that the others have is a torn one, and not read unless it shows that it is whole.
    Raises StressLogError where something can be read in two ways, and ValueError when `max_intervals` is below 1.
    """
    if max_intervals < 1:
        raise ValueError(f"max_intervals is {max_intervals}; at least one interval row has to be kept")
    log = _Log(IntervalSample(max_intervals))
    line_feed = ""
    number = 0
    for number, line in enumerate(lines, start=1):
        if number == 1:
            line_feed = line[-1:] if line.endswith("\n") else ""
        columns = log.columns
        if columns and columns.fewest_commas <= line.count(",") <= columns.most_commas and is_row(columns, line):
            if line.endswith(line_feed):
                log.row(columns, number, line)
        elif log.block is not None:
            log.line_in_block(log.block, number, line, is_torn=not line.endswith(line_feed))
        elif any(sign in line for sign in _SIGNS) or (not log.has_begun and any(s in line for s in _PREAMBLE_SIGNS)):
            log.line_outside_block(number, line)
    return log.result(number)


class _Log:
    """What has been read of a log so far."""

    def __init__(self, intervals: IntervalSample) -> None:
        self.columns: Columns | None = None  # None where no rows are expected
        self.block: list[ResultLine] | None = None  # None outside a block
        self.has_begun = False
        self._intervals = intervals
        self._blocks: list[dict[str, Any]] = []
        self._steps: list[dict[str, Any]] = []
        self._threads: int | None = None
        self._running: dict[str, Any] | None = None
        self._terminator: str | None = None
        self._prints_no_end = False
        self._refusal: str | None = None
        self._has_broken_block = False
        self._notes: list[str] = []

    def row(self, columns: Columns, number: int, line: str) -> None:
        """Take a row of an interval or of the closing table."""
        if not columns.has_step:
            self._intervals.add(columns, line, number, len(self._blocks))
            return
        row = read_row(columns, line)
        if row is None:
            self._intervals.unreadable += 1
            return
        self._steps.append(row)
        if len(self._steps) > MAX_STEPS:
            raise StressLogError(number, f"the closing table has more than {MAX_STEPS} rows", line)

    def line_in_block(self, block: list[ResultLine], number: int, line: str, *, is_torn: bool) -> None:
        """Take a line while `block` is open: one of its own, what opens or ends something else, or other output."""
        found = result_line(number, line)
        if found is None:
            self.line_outside_block(number, line)
        elif is_closing(found):
            block.append(found)
            self._close_block(number, line)
        elif not is_torn:
            block.append(found)
            if found.label == CLOSING_LABEL:
                self._close_block(number, line)  # which says what is wrong with the time

    def line_outside_block(self, number: int, line: str) -> None:
        """Take a line that may open a table, a run or a block, or end the log."""
        if columns := read_header(line):
            self._begin()
            self.columns = columns
        elif match := _RUNNING.search(line):
            self._begin()
            self._read_running(match)
        elif match := _STEP.search(line):
            self._begin()
            self._threads = int(match[1])
        elif _RESULTS.match(line):
            self._begin()
            self.block = []
            self.columns = None
        elif self.has_begun:
            if match := _TERMINATOR.match(line):
                self._terminator = match[1]
                self._drop_open_block()
        elif match := _THREAD_SETTING.match(line):
            self._threads = int(match[1])
        elif _SCHEMA_ONLY in line:
            self._notes.append(f"line {number}: the load generator was asked for no operations: {_SCHEMA_ONLY}")
        elif self._refusal is None and (match := _REFUSAL.match(line)):
            self._refusal = f"line {number}: the load generator did not accept its options: {match[1][:200]}"

    def result(self, line_count: int) -> dict[str, Any]:
        """Say what was read, when the log has ended."""
        self._drop_open_block()
        outcome = self._outcome(line_count)
        intervals = self._intervals.rows()
        if self._intervals.unreadable:
            self._notes.append(f"{self._intervals.unreadable} rows were broken by other output and passed over.")
        return {
            "outcome": outcome,
            "terminator": self._terminator,
            "blocks": self._blocks,
            "steps": self._steps,
            "intervals": intervals,
            "intervals_step": self._intervals.step,
            "running": self._running,
            "notes": self._notes,
        }

    def _begin(self) -> None:
        self.has_begun = True
        self._refusal = None
        self._terminator = None
        self._drop_open_block()

    def _read_running(self, match: re.Match[str]) -> None:
        operations, threads, iterations, duration, unit = match.groups()
        self._threads = int(threads)
        self._running = {
            "operations": [name.strip() for name in operations.strip("[]").split(",")],
            "threads": int(threads),
            "iterations": int(iterations) if iterations else None,
            "duration_s": int(duration) * _SECONDS[unit] if duration and unit in _SECONDS else None,
        }

    def _close_block(self, number: int, line: str) -> None:
        if len(self._blocks) == MAX_BLOCKS:
            raise StressLogError(number, f"more than {MAX_BLOCKS} blocks of results", line)
        block = self.block or []
        self._blocks.append(read_block(block, self._threads))
        self._prints_no_end = any(found.label == CQL_STRESS_LABEL for found in block)
        self.block = None

    def _drop_open_block(self) -> None:
        if self.block is not None:
            self._has_broken_block = True
            self._notes.append("A block of results stops before its 'Total operation time' and does not count.")
            self.block = None

    def _outcome(self, line_count: int) -> str:
        if self._refusal is not None:
            self._notes.append(self._refusal)
            return "refused"
        if not self.has_begun:
            if not self._notes:
                self._notes.append(
                    f"The log ({line_count} lines) shows no run: neither a line 'Running …' nor rows nor results."
                )
            return "no-results"
        if self._has_broken_block or (self._terminator is None and not self._prints_no_end):
            if self._terminator is None:
                self._notes.append(f"The log stops after line {line_count} with neither END nor FAILURE.")
            return "truncated"
        return "results" if self._blocks else "no-results"
