#!/usr/bin/python
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Wait for a load generator and say how far it is."""

from __future__ import annotations

DOCUMENTATION = r"""
module: load_wait
short_description: Wait for a load generator and say how far it is
version_added: 0.1.0
description:
  - Runs a command that ends when the load generator ends and prints its exit status (for instance C(docker wait)), for
    at most O(wait_s) seconds. In a loop that ends with it, every pass gives a sign of life.
  - Between two signs of life one process sleeps, so that the waiting takes nothing from the host under test.
author: katabench authors (@katabench)
options:
  argv:
    description: The command that ends with the load generator and prints its exit status.
    type: list
    elements: str
    required: true
  dir:
    description: The directory that receives the load generator's output in the files C(stdout) and C(stderr).
    type: path
    required: true
  wait_s:
    description: Seconds to wait at most in this call.
    type: float
    default: 10
  started_at:
    description: When the load generator was started, by the clock of its host, as ISO 8601 in UTC.
    type: str
    required: true
  timeout_s:
    description: Seconds after O(started_at) at which the load generator has had its time.
    type: float
    required: true
  cluster:
    description: The cluster under load, for the display.
    type: str
    default: ""
  workload:
    description: The workload that runs, for the display.
    type: str
    default: ""
attributes:
  check_mode:
    description: Nothing is waited for in check mode.
    support: full
"""

EXAMPLES = r"""
- name: Wait for the load
  katabench.scylla.load_wait:
    argv: [docker, wait, loader]
    dir: /var/tmp/load
    started_at: "{{ loader.container.State.StartedAt }}"
    timeout_s: 3600
  register: waited
  loop: "{{ range(360) | list }}"
  loop_control:
    label: "{{ waited.last_line | default('') }}"
    break_when: waited.finished or waited.timed_out
"""

RETURN = r"""
finished:
  description: Whether the load generator has ended.
  type: bool
  returned: always
exit_status:
  description: Its exit status; null while it runs. (A key C(rc) would make this task fail with the load.)
  type: int
  returned: always
interrupted:
  description: Whether a signal ended it (a status above 128, by the convention of shells and container engines).
  type: bool
  returned: always
timed_out:
  description: Whether it still runs after O(timeout_s).
  type: bool
  returned: always
elapsed_s:
  description: Seconds since O(started_at).
  type: float
  returned: always
started_at:
  description: O(started_at), to the second.
  type: str
  returned: always
finished_at:
  description: Now, by the clock of the host, as ISO 8601 in UTC, to the second.
  type: str
  returned: always
files:
  description: The files of O(dir), each with C(name) and C(bytes).
  type: list
  elements: dict
  returned: always
last_line:
  description: The last line that the load generator has printed.
  type: str
  returned: always
"""

import os
import subprocess
from datetime import datetime, timezone

from ansible.module_utils.basic import AnsibleModule

_SIGNALLED = 128
_TAIL_BYTES = 4096
_TO_THE_SECOND = "%Y-%m-%dT%H:%M:%S"


def read_time(text):
    """Return a time in UTC; fractions of a second are dropped, because not every Python reads nanoseconds."""
    return datetime.strptime(text[:19], _TO_THE_SECOND).replace(tzinfo=timezone.utc)


def wait_for_status(argv, wait_s):
    """Return the exit status that the command prints, or None when it has not ended within wait_s seconds."""
    try:
        answer = subprocess.run(argv, capture_output=True, text=True, timeout=max(wait_s, 0.1), check=True)
    except subprocess.TimeoutExpired:
        return None
    return int(answer.stdout)


def read_last_line(path):
    """Return the last line with text in the last few kilobytes of a file; empty when there is none yet."""
    try:
        with open(path, "rb") as stream:
            stream.seek(-min(_TAIL_BYTES, os.fstat(stream.fileno()).st_size), os.SEEK_END)
            lines = stream.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def list_files(path):
    """Return name and size of the files of a directory, in order of name."""
    with os.scandir(path) as entries:
        files = [{"name": entry.name, "bytes": entry.stat().st_size} for entry in entries if entry.is_file()]
    return sorted(files, key=lambda file: file["name"])


def main():
    module = AnsibleModule(
        argument_spec={
            "argv": {"type": "list", "elements": "str", "required": True},
            "dir": {"type": "path", "required": True},
            "wait_s": {"type": "float", "default": 10},
            "started_at": {"type": "str", "required": True},
            "timeout_s": {"type": "float", "required": True},
            "cluster": {"type": "str", "default": ""},
            "workload": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    params = module.params
    if module.check_mode:
        module.exit_json(
            changed=False,
            finished=True,
            exit_status=None,
            interrupted=False,
            timed_out=False,
            elapsed_s=0.0,
            files=[],
            last_line="",
            started_at="",
            finished_at="",
        )

    try:
        started = read_time(params["started_at"])
    except ValueError as error:
        module.fail_json(
            msg=f"started_at is {params['started_at']!r}; a time like 2026-01-31T12:00:00Z is expected: {error}"
        )
    left_s = params["timeout_s"] - (datetime.now(timezone.utc) - started).total_seconds()
    try:
        rc = wait_for_status(params["argv"], min(params["wait_s"], left_s))
        files = list_files(params["dir"])
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        detail = (getattr(error, "stderr", None) or str(error)).strip()
        module.fail_json(msg=f"'{' '.join(params['argv'])}' did not say how the load ended: {detail}")
    now = datetime.now(timezone.utc)
    elapsed_s = (now - started).total_seconds()
    last_line = read_last_line(os.path.join(params["dir"], "stdout"))
    module.exit_json(
        changed=False,
        finished=rc is not None,
        exit_status=rc,
        interrupted=rc is not None and rc > _SIGNALLED,
        timed_out=rc is None and elapsed_s >= params["timeout_s"],
        elapsed_s=elapsed_s,
        started_at=started.strftime(_TO_THE_SECOND + "Z"),
        finished_at=now.strftime(_TO_THE_SECOND + "Z"),
        files=files,
        last_line=last_line,
        katabench_event={
            "event": "interval",
            "cluster": params["cluster"],
            "workload": params["workload"],
            "elapsed_s": elapsed_s,
            "line": last_line,
        },
    )


if __name__ == "__main__":
    main()
