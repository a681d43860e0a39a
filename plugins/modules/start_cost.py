#!/usr/bin/python
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
module: start_cost
short_description: Measure what the start of a container takes of time and of the host's memory
version_added: 0.3.0
description:
  - Runs a command that starts a container, and measures the time until the first byte of its output.
  - Runs another one, which leaves a container idle, and adds up the memory (proportional set size) of the processes
    that the host has since then, without the command's own and beyond what the container's own processes use. What the
    kernel itself takes for it is not in that.
  - Nothing else should be started on the host meanwhile.
author: katabench authors (@katabench)
options:
  first_output_argv:
    description: A command that starts a container, prints something and ends.
    type: list
    elements: str
    required: true
  idle_argv:
    description:
      - A command that starts a shell in a container. C(-c) and a script are added to it, so it ends with what is run
        with these.
    type: list
    elements: str
    required: true
  end_argv:
    description: A command that ends that container.
    type: list
    elements: str
    required: true
  repeats:
    description: How often each is measured.
    type: int
    default: 3
  timeout_s:
    description: Seconds for a container to answer.
    type: float
    default: 120
attributes:
  check_mode:
    support: full
    description: Starts nothing and returns nothing measured.
  diff_mode:
    description: Shows no difference.
    support: none
"""

EXAMPLES = r"""
- name: Measure the start under gVisor
  katabench.scylla.start_cost:
    first_output_argv: [docker, run, --rm, --runtime, gvisor, --entrypoint, echo, debian, ready]
    idle_argv: [docker, run, --rm, --runtime, gvisor, --name, idle, --entrypoint, sh, debian]
    end_argv: [docker, rm, --force, --volumes, idle]
"""

RETURN = r"""
first_output_ms:
  description: Milliseconds until the first output, each time.
  type: list
  elements: float
  returned: success
host_memory_mib:
  description: MiB that the host lost beyond what the container's processes use, each time.
  type: list
  elements: float
  returned: success
failures:
  description: What could not be measured, each with C(probe) (C(first-output) or C(host-memory)) and C(sentence).
  type: list
  elements: dict
  returned: success
"""

import os
import re
import select
import signal
import subprocess
import time

from ansible.module_utils.basic import AnsibleModule

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


def main():
    module = AnsibleModule(
        argument_spec={
            "first_output_argv": {"type": "list", "elements": "str", "required": True},
            "idle_argv": {"type": "list", "elements": "str", "required": True},
            "end_argv": {"type": "list", "elements": "str", "required": True},
            "repeats": {"type": "int", "default": 3},
            "timeout_s": {"type": "float", "default": 120},
        },
        supports_check_mode=True,
    )
    params = module.params
    if module.check_mode:
        module.exit_json(changed=False, first_output_ms=[], host_memory_mib=[], failures=[])
    limit_s = params["timeout_s"]
    first_output_ms, slow = measure(
        "first-output", lambda: measure_first_output_ms(params["first_output_argv"], limit_s), params["repeats"]
    )
    host_memory_mib, heavy = measure(
        "host-memory",
        lambda: measure_host_memory_mib(params["idle_argv"], params["end_argv"], limit_s),
        params["repeats"],
    )
    module.exit_json(
        changed=True, first_output_ms=first_output_ms, host_memory_mib=host_memory_mib, failures=[*slow, *heavy]
    )


if __name__ == "__main__":
    main()
