# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Read the HdrHistogram log (format 1.3) that cassandra-stress writes with ``-log hdrfile=``, as a stream.

Per interval, operation and kind of time there is a row ``Tag=WRITE-st,<begin s>,<length s>,<max ms>,<histogram>``:
``-st`` service time, and where the rate is limited ``-rt`` response time and ``-wt`` wait time, in nanoseconds.
Comments ``#[…]`` and a quoted legend stand before. An interval without operations has no rows.

The times of the rows and those that the loader prints lie on one grid: both begin at the full second before the load
began (StressMetrics.reportingLoop of Cassandra 3.8 and later). The rows' times are counted from the log's BaseTime, or
from 1970 where it has none; BaseTime and StartTime can be a second or more before the load, as they are taken when the
file is made. So the first row tells where zero is, and the comments are not needed.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from ansible_collections.katabench.scylla.plugins.plugin_utils.histograms import (
    HistogramError,
    HistogramSum,
    decode_histogram,
    encode_histogram,
)

# Real rows have 0.2 to 10 kB; all counters of a histogram in use make about 80 kB.
LONGEST_LINE = 128 * 1024
# Three kinds of time for each operation of a user profile: this bounds what is kept of any text.
MOST_TAGS = 120
NAMED_FAULTS = 3
# The loader writes the last rows when its last thread has ended.
END_SLACK_S = 2.0
END_SLACK_INTERVALS = 2

SERVICE, RESPONSE, WAIT = "-st", "-rt", "-wt"

_ROW = re.compile(
    rb"(?:Tag=([^,]*),)?(-?\d{1,15}\.?\d{0,9}),(\d{1,15}\.?\d{0,9}),(-?\d{1,15}\.?\d{0,9}),([A-Za-z0-9+/=]+)\s*"
)


def read_hdr_log(
    path: Path,
    *,
    steady_from_s: float | None = None,
    first_time_s: float | None = None,
    expected_s: float | None = None,
    expected_count: int | None = None,
    failed_count: int = 0,
    is_rate_limited: bool = False,
) -> dict[str, Any]:
    """Read a log, plain or ``.gz``, in one pass and in flat memory.

    What the load itself reports can be given, to find out whether the log is whole: `first_time_s`, the time in its
    first interval row (without it the log's first row is taken to begin at zero, which is late when nothing was done in
    the first interval); `expected_s`, the time in its last row; `expected_count`, the operations that it made, of which
    `failed_count` failed; whether its rate was limited, so that each operation must have response times.

    Returns::

        tags      {"WRITE-st": {count, histogram, steady_count, steady_histogram}}: the sum of all rows, and of those
                  whose middle lies after `steady_from_s` (printed times are rounded, so a row may seem to begin a
                  moment early); without `steady_from_s` there are no keys `steady_…`. `histogram` is the base64 text of
                  the V2 encoding, values in ns. Rows without a tag have the tag ""
        complete  whether nothing is missing, as far as can be told
        sentence  what is missing, or None
        first_s   when the first row begins, in seconds on the scale of the times that the loader prints, or None
        last_s    when the last row ends, or None

    Of a log that is cut or broken, what is sound is returned. Bad content never raises.
    """
    log = _Log(steady_from_s, first_time_s)
    try:
        with _open(path) as file:
            for number, line in enumerate(_lines(file), start=1):
                log.take(number, line)
    except FileNotFoundError:
        log.fault(f"There is no HDR log {path.name}.")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        log.fault(f"{path.name} is not a whole gzip file ({error}).")
    log.check_rows()
    log.check_end(expected_s)
    log.check_counts(expected_count, failed_count, is_rate_limited=is_rate_limited)
    return log.result()


def _open(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _lines(file: BinaryIO) -> Iterator[bytes]:
    # Not the file's own iterator: a broken file may be one line of any length.
    while line := file.readline(LONGEST_LINE):
        yield line


class _Tag:
    """The rows of one tag."""

    def __init__(self) -> None:
        self.count = 0
        self._steady_count = 0
        self._before = HistogramSum()
        self._steady = HistogramSum()

    def add(self, histogram: Any, *, is_steady: bool) -> None:
        """Add the histogram of a row."""
        self.count += histogram.total_count
        if is_steady:
            self._steady_count += histogram.total_count
        (self._steady if is_steady else self._before).add(histogram)

    def result(self, *, has_steady: bool) -> dict[str, Any]:
        """Return the sums, when the log has ended."""
        steady = self._steady.total()
        found: dict[str, Any] = {"count": self.count}
        if has_steady:
            found |= {"steady_count": self._steady_count, "steady_histogram": encode_histogram(steady)}
        self._before.add(steady)
        return {**found, "histogram": encode_histogram(self._before.total())}


class _Log:
    """What has been read of a log so far."""

    def __init__(self, steady_from_s: float | None, first_time_s: float | None) -> None:
        self._faults: list[str] = []
        self._fault_count = 0
        self._steady_from_s = steady_from_s
        self._first_time_s = first_time_s
        self._tags: dict[str, _Tag] = {}
        self._lines = 0
        self._zero_s: float | None = None
        self._first_s: float | None = None
        self._last_begin_s = float("-inf")
        self._last_s = 0.0
        self._interval_s = 0.0

    def fault(self, sentence: str) -> None:
        """Take note of what is missing or broken; only the first few are kept, of a text that may be all faults."""
        self._fault_count += 1
        if self._fault_count <= NAMED_FAULTS:
            self._faults.append(sentence)

    def take(self, number: int, line: bytes) -> None:
        """Take a line, or the part of a line that is longer than any row."""
        self._lines = number
        row = _ROW.fullmatch(line)
        if row is not None:
            self._take_row(number, row)
        elif not line.startswith((b"#", b'"')) and line.strip():
            self.fault(f"Line {number} is no row of an HDR log.")

    def check_rows(self) -> None:
        """See whether there is anything at all."""
        if not self._tags and not self._faults:
            self.fault(
                f"The HDR log ends after {self._lines} lines without a row." if self._lines else "The HDR log is empty."
            )

    def check_end(self, expected_s: float | None) -> None:
        """See whether the last row ends where the load did."""
        slack_s = max(END_SLACK_S, END_SLACK_INTERVALS * self._interval_s)
        if expected_s is not None and self._tags and self._last_s < expected_s - slack_s:
            self.fault(f"The HDR log ends at {self._last_s:.1f} s, the load at {expected_s:.1f} s.")

    def check_counts(self, expected: int | None, failed: int, *, is_rate_limited: bool) -> None:
        """See whether every operation is there, with each kind of time."""
        counts = {name: tag.count for name, tag in self._tags.items()}
        services = [name for name in counts if name.endswith(SERVICE)] or list(counts)
        found = sum(counts[name] for name in services)
        if expected is not None and services and not expected - failed <= found <= expected:
            self.fault(f"The HDR log has {found:,} operations, the load reports {expected:,}.")
        for service in services:
            for kind in (RESPONSE, WAIT):
                other = service.removesuffix(SERVICE) + kind
                if other not in counts and not (is_rate_limited and service.endswith(SERVICE)):
                    continue
                if counts.get(other, 0) != counts[service]:
                    self.fault(
                        f"The HDR log has {counts[service]:,} operations of {service} and {counts.get(other, 0):,} of "
                        f"{other}."
                    )

    def result(self) -> dict[str, Any]:
        """Say what was read, when the log has ended."""
        more = self._fault_count - len(self._faults)
        sentences = [*self._faults, *([f"And {more:,} more."] if more else [])]
        return {
            "tags": {
                name: tag.result(has_steady=self._steady_from_s is not None) for name, tag in sorted(self._tags.items())
            },
            "complete": not self._faults,
            "sentence": " ".join(sentences) or None,
            "first_s": self._first_s if self._tags else None,
            "last_s": self._last_s if self._tags else None,
        }

    def _take_row(self, number: int, row: re.Match[bytes]) -> None:
        name = (row[1] or b"").decode("utf-8", errors="replace")
        # The times first: they are good where the histogram is not, and the first of them says where zero is.
        is_steady = self._take_times(number, float(row[2]), float(row[3]))
        try:
            histogram = decode_histogram(row[5])
        except HistogramError as error:
            self.fault(f"The histogram in line {number} is not whole ({error}).")
            return
        if name not in self._tags and len(self._tags) == MOST_TAGS:
            self.fault(f"Line {number} has one more tag than the {MOST_TAGS} that are read.")
            return
        self._tags.setdefault(name, _Tag()).add(histogram, is_steady=is_steady)

    def _take_times(self, number: int, begin_s: float, length_s: float) -> bool:
        """Place a row in time; return whether it belongs to the steady part."""
        if self._zero_s is None:
            self._zero_s = begin_s if self._first_time_s is None else begin_s + length_s - self._first_time_s
            self._first_s = round(begin_s - self._zero_s, 3)
        if begin_s < self._last_begin_s:
            self.fault(f"The row in line {number} begins before the one above it.")
        self._last_begin_s = begin_s
        self._interval_s = max(self._interval_s, length_s)
        self._last_s = max(self._last_s, round(begin_s + length_s - self._zero_s, 3))
        middle_s = begin_s + length_s / 2 - self._zero_s
        return self._steady_from_s is not None and middle_s >= self._steady_from_s
