#!/usr/bin/env python3
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""How fast and in how much memory read_stress_log reads a long log, beside split() and float() alone.

    benchmarks/stress_log.py [MEGABYTES]

The log is the real one in tests/data/stress-logs/write with its interval rows repeated until it has that size (256 when
none is given). Prints MB/s on one core, the ratio, and by how much the peak of resident memory grew.
"""

from __future__ import annotations

import importlib
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "tests" / "data" / "stress-logs" / "write" / "stdout"
MEGABYTE = 1_000_000
GOAL_MB_PER_S = 30


def write_log(path: Path, size: int) -> None:
    lines = SAMPLE.read_text(encoding="utf-8").splitlines(keepends=True)
    rows = [line for line in lines if line.startswith("total,")]
    first = lines.index(rows[0])
    many = "".join(rows * (MEGABYTE // sum(map(len, rows)) + 1))
    with path.open("w", encoding="utf-8") as file:
        file.writelines(lines[:first])
        while file.tell() < size:
            file.write(many)
        file.writelines(lines[first + len(rows) :])


def split_and_float(lines: Iterable[str]) -> None:
    for line in lines:
        if line.startswith("total,"):
            for part in line.split(",")[1:]:
                float(part)


def speed(path: Path, read: Callable[[Iterable[str]], object]) -> float:
    started = time.process_time()
    with path.open(encoding="utf-8") as lines:
        read(lines)
    return path.stat().st_size / MEGABYTE / (time.process_time() - started)


def main(megabytes: int) -> None:
    sys.path.insert(0, str(ROOT / ".ansible" / "collections"))
    reader = importlib.import_module("ansible_collections.katabench.scylla.plugins.plugin_utils.stress_log")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stdout"
        write_log(path, megabytes * MEGABYTE)
        plain = speed(path, split_and_float)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        ours = speed(path, reader.read_stress_log)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"read_stress_log      {ours:7.1f} MB/s on {megabytes} MB (goal: {GOAL_MB_PER_S})")
    print(f"split() and float()  {plain:7.1f} MB/s, ratio {ours / plain:.2f}")
    print(f"peak memory grew by  {grown:7.1f} MiB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 256)
