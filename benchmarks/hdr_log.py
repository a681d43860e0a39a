#!/usr/bin/env python3
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""How fast and in how much memory read_hdr_log reads a long HDR log, beside the library's own reader.

    benchmarks/hdr_log.py [MEGABYTES]

The log is the rows of the real ones in tests/data/stress-logs, repeated with new times until it has that size (100 when
none is given). read_hdr_log adds up each tag twice, whole and from the middle of the log on. The library's
HistogramLogReader is timed alone, on the same file, and with each row added to the sum of its tag as its documentation
shows, on a small part, because that takes minutes. Prints seconds on one core, and the peak of resident memory.
"""

from __future__ import annotations

import importlib
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / "tests" / "data" / "stress-logs"
# Those of loads at a limited rate: each row of service times comes with response and wait times.
SAMPLES = [LOGS / name for name in ("fixed-hdr/fixed.hdr", "fixed-overload/over.hdr", "throttle-hdr/throttle.hdr")]
MEGABYTE = 1_000_000
GOAL_S, GOAL_MB, GOAL_SIZE_MB = 60, 300, 100
PART_MB = 2
LARGEST_NS = 2**36


def real_rows() -> Iterator[tuple[str, str, str]]:
    """Yield tag, printed begin, and what follows the length, of every real row."""
    for path in SAMPLES:
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("Tag="):
                tag, begin, _length, rest = line.split(",", 3)
                yield tag, begin, rest


def write_log(path: Path, size: int) -> int:
    """Write a log of that many bytes; return its length in seconds."""
    header = SAMPLES[0].read_text(encoding="utf-8").splitlines(keepends=True)[:5]
    rows = list(real_rows())
    second, last_begin = -1, ""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(header)
        while file.tell() < size:
            for tag, begin, rest in rows:
                second += begin != last_begin
                last_begin = begin
                file.write(f"{tag},{second}.000,1.000,{rest}\n")
    return second + 1


def library_reads(path: Path) -> None:
    log = importlib.import_module("hdrh.log").HistogramLogReader(str(path), None)
    while log.get_next_interval_histogram() is not None:
        pass


def library_adds(path: Path) -> None:
    histogram = importlib.import_module("hdrh.histogram").HdrHistogram
    log = importlib.import_module("hdrh.log").HistogramLogReader(str(path), None)
    sums: dict[str, object] = {}
    while (row := log.get_next_interval_histogram()) is not None:
        sums.setdefault(row.get_tag(), histogram(1, LARGEST_NS, 3)).add(row)


def seconds(read: Callable[[], object]) -> float:
    started = time.process_time()
    read()
    return time.process_time() - started


def main(megabytes: int) -> None:
    sys.path.insert(0, str(ROOT / ".ansible" / "collections"))
    reader = importlib.import_module("ansible_collections.katabench.scylla.plugins.plugin_utils.hdr_log")
    with tempfile.TemporaryDirectory() as folder:
        path, part = Path(folder) / "hdr", Path(folder) / "part"
        length_s = write_log(path, megabytes * MEGABYTE)
        write_log(part, PART_MB * MEGABYTE)
        found: dict[str, object] = {}
        ours = seconds(lambda: found.update(reader.read_hdr_log(path, steady_from_s=length_s / 2)))
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEGABYTE
        if not found["complete"]:
            sys.exit(f"The log was not read whole: {found['sentence']}")
        alone = seconds(lambda: library_reads(path))
        added = seconds(lambda: library_adds(part)) * path.stat().st_size / part.stat().st_size
    goals = f" (goals for {GOAL_SIZE_MB} MB: {GOAL_S} s, {GOAL_MB} MB)"
    print(f"read_hdr_log                {ours:7.1f} s, peak memory {peak_mb:.0f} MB on {megabytes} MB{goals}")
    print(f"HistogramLogReader alone    {alone:7.1f} s, ratio {ours / alone:.2f}")
    print(f"HistogramLogReader and add  {added:7.1f} s (from {PART_MB} MB), ratio {ours / added:.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else GOAL_SIZE_MB)
