# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What the start of a container takes: the time until its first output, and the host's memory beyond its own.

Formats: proc(5), /proc/PID/stat and /proc/PID/smaps_rollup.
"""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import time

# What the processes inside use, in KiB; then nothing happens.
IDLE_SCRIPT = """
own=0
for status in /proc/[0-9]*/status; do
    while read -r name value _; do
        [ "$name" = VmRSS: ] && own=$((own + value))
    done <"$status"
done
echo "own_kib $own"
exec sleep 600
"""
_SETTLE_S = 1.0
_LONGEST_QUOTE = 300


class NoAnswerError(Exception):
    """A container that did not answer; the text says what its command said."""


def pss_kib(smaps_rollup):
    """Return a process's proportional set size, in KiB, from its /proc/PID/smaps_rollup; kernel threads have none."""
    match = re.search(r"^Pss:\s+(\d+) kB$", smaps_rollup, re.MULTILINE)
    return int(match.group(1)) if match else 0


def session_of(stat):
    """Return a process's session from its /proc/PID/stat: the fourth field after the name in brackets."""
    return int(stat.rpartition(")")[2].split()[3])


def own_kib(line):
    """Return what the idle container's processes use, from the line that IDLE_SCRIPT prints."""
    match = re.fullmatch(r"own_kib (\d+)", line.strip())
    if match is None:
        raise NoAnswerError(f"it said {line.strip()!r}, where `own_kib NUMBER` was expected")
    return int(match.group(1))


def processes():
    return {int(name) for name in os.listdir("/proc") if name.isdigit()}


def read_process(pid, name):
    try:
        with open(f"/proc/{pid}/{name}", encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""  # It has ended.


def memory_kib_since(before, but_session):
    """Add up the memory of the processes that were not there before, but for those of one session."""
    total = 0
    for pid in processes() - before:
        stat = read_process(pid, "stat")
        if stat and session_of(stat) != but_session:
            total += pss_kib(read_process(pid, "smaps_rollup"))
    return total


def start(argv):
    """Start a command in a group of its own, so that it can be ended with what it started."""
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


def first_line(process, timeout_s):
    """Return the first line that a process prints; raise NoAnswerError when it prints none in time."""
    ready, _write, _exceptional = select.select([process.stdout], [], [], timeout_s)
    line = process.stdout.readline() if ready else b""
    if line:
        return line.decode(errors="replace")
    os.killpg(process.pid, signal.SIGKILL)
    said = " ".join(process.communicate()[1].decode(errors="replace").split())[:_LONGEST_QUOTE]
    why = said or ("it ended without a word" if ready else f"nothing was said in {timeout_s:g} s")
    raise NoAnswerError(why)


def measure_first_output_ms(argv, timeout_s):
    started_s = time.monotonic()
    with start(argv) as process:
        first_line(process, timeout_s)
        elapsed_s = time.monotonic() - started_s
        process.communicate()
    return round(elapsed_s * 1000, 1)


def measure_host_memory_mib(argv, end_argv, timeout_s):
    before = processes()
    with start([*argv, "-c", IDLE_SCRIPT]) as process:
        try:
            used_kib = own_kib(first_line(process, timeout_s))
            time.sleep(_SETTLE_S)
            # The command is in a session of its own: it belongs to whoever runs it, and not to the container.
            host_kib = memory_kib_since(before, process.pid)
        finally:
            subprocess.run(end_argv, check=False, capture_output=True)
            process.communicate()
    return round((host_kib - used_kib) / 1024, 1)


def measure(probe, once, repeats):
    """Return what was measured, and failures: the first one ends the repeating."""
    values = []
    for _time in range(repeats):
        try:
            values.append(once())
        except (NoAnswerError, OSError) as error:
            return values, [{"probe": probe, "sentence": f"The container did not start: {error}"}]
    return values, []
