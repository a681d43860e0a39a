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
  - A connection that breaks is made again for O(reconnect_timeout_s), since the load goes on without it. One that
    is cut without a word is noticed by SSH only where it is told to look (C(ServerAliveInterval)).
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
  reconnect_timeout_s:
    description: Seconds for a host that cannot be reached any more, or reboots, to come back.
    type: float
    default: 600
    version_added: 0.4.0
  boot:
    description:
      - RV(boot) of an earlier pass. A host that has another one by now was started anew, and the load ended with it.
      - When empty, the host's clock tells it (whether the host was started after O(started_at)).
    type: str
    default: ""
    version_added: 0.4.0
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
    boot: "{{ waited.boot | default('') }}"
  register: waited
  loop: "{{ range(360) | list }}"
  loop_control:
    label: "{{ waited.last_line | default('') }}"
    break_when: waited is failed or waited.finished or waited.timed_out or waited.fault | length > 0
"""

RETURN = r"""
finished:
  description: Whether the load generator has ended.
  type: bool
  returned: success
exit_status:
  description: Its exit status; null while it runs. (A key C(rc) would make this task fail with the load.)
  type: int
  returned: success
interrupted:
  description: Whether a signal ended it (a status above 128, by the convention of shells and container engines).
  type: bool
  returned: success
timed_out:
  description: Whether it still runs after O(timeout_s).
  type: bool
  returned: success
fault:
  description: Why there is nothing to wait for any more, as a sentence; empty otherwise.
  type: str
  returned: success
lost:
  description: Whether the host could not be reached for O(reconnect_timeout_s).
  type: bool
  returned: success
silent_s:
  description: Seconds for which the host could not be reached before it answered.
  type: float
  returned: success
rebooted:
  description: Whether the host was started anew since the load began.
  type: bool
  returned: success
going_down:
  description: Whether the host is being shut down. It is asked again until it is back.
  type: bool
  returned: success
boot:
  description: What tells this start of the host from any other.
  type: str
  returned: success
elapsed_s:
  description: Seconds from O(started_at) to RV(finished_at).
  type: float
  returned: success
started_at:
  description: O(started_at), to the second.
  type: str
  returned: success
finished_at:
  description: When it ended, or else now, by the clock of the host, as ISO 8601 in UTC, to the second.
  type: str
  returned: success
files:
  description: The files of O(dir), each with C(name) and C(bytes).
  type: list
  elements: dict
  returned: success
last_line:
  description: The last line that the load generator has printed.
  type: str
  returned: success
"""

import os
import subprocess
from datetime import datetime, timezone

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.katabench.scylla.plugins.module_utils.host_boot import read_boot, read_start_age_s

_SIGNALLED = 128
_TAIL_BYTES = 4096
_TO_THE_SECOND = "%Y-%m-%dT%H:%M:%S"
_SYSTEMCTL_TIMEOUT_S = 5
# What a time loses when it is read to the second.
_FRACTION_S = 1
# For a command to say of something that it is over.
_MOMENT_S = 5

_NOTHING = {
    "boot": "",
    "finished": False,
    "exit_status": None,
    "interrupted": False,
    "timed_out": False,
    "fault": "",
    "rebooted": False,
    "going_down": False,
    "elapsed_s": 0.0,
    "started_at": "",
    "finished_at": "",
    "files": [],
    "last_line": "",
}


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


def is_going_down():
    """Ask systemd whether the host is being shut down: containers end then, and the engine, before the connection."""
    try:
        answer = subprocess.run(
            ["systemctl", "is-system-running"],
            capture_output=True,
            text=True,
            timeout=_SYSTEMCTL_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.stdout.strip() == "stopping"


def newest_change(path):
    """Return when a file of a directory was last written, None where there is none."""
    with os.scandir(path) as entries:
        changes = [entry.stat().st_mtime for entry in entries if entry.is_file()]
    return datetime.fromtimestamp(max(changes), timezone.utc) if changes else None


def was_rebooted(before, boot, elapsed_s):
    """Tell whether the host was started anew since another pass saw its start, or since the load began."""
    if before:
        return before != boot
    age_s = read_start_age_s()
    return age_s is not None and age_s < elapsed_s - _FRACTION_S


def look(params, started):
    """Wait for the load and say how it is, and with it the moment that is true of."""
    boot = read_boot()
    asked = datetime.now(timezone.utc)
    elapsed_s = (asked - started).total_seconds()
    if was_rebooted(params["boot"], boot, elapsed_s):
        return {"boot": boot, "rebooted": True}, asked
    left_s = params["timeout_s"] - elapsed_s
    try:
        # Past its time it is asked for a moment: it may have ended in time, while the host could not be reached.
        wait_s = min(params["wait_s"], left_s) if left_s > 0 else _MOMENT_S
        status = wait_for_status(params["argv"], wait_s)
        files, written = list_files(params["dir"]), newest_change(params["dir"])
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        if is_going_down():
            return {"boot": boot, "going_down": True}, asked
        detail = (getattr(error, "stderr", None) or str(error)).strip()
        return {"boot": boot, "fault": f"'{' '.join(params['argv'])}' did not say how the load ended: {detail}"}, asked
    interrupted = status is not None and status > _SIGNALLED
    if interrupted and is_going_down():
        return {"boot": boot, "going_down": True}, asked
    answered = datetime.now(timezone.utc)
    had_ended = status is not None and (answered - asked).total_seconds() < _MOMENT_S
    seen = {
        "boot": boot,
        "finished": status is not None,
        "exit_status": status,
        "interrupted": interrupted,
        "files": files,
        "last_line": read_last_line(os.path.join(params["dir"], "stdout")),
    }
    return seen, written if had_ended and written and started <= written <= asked else answered


def main():
    module = AnsibleModule(
        argument_spec={
            "argv": {"type": "list", "elements": "str", "required": True},
            "dir": {"type": "path", "required": True},
            "wait_s": {"type": "float", "default": 10},
            "started_at": {"type": "str", "required": True},
            "timeout_s": {"type": "float", "required": True},
            # For the controller, in plugins/action/load_wait.py.
            "reconnect_timeout_s": {"type": "float", "default": 600},
            "boot": {"type": "str", "default": ""},
            "cluster": {"type": "str", "default": ""},
            "workload": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    params = module.params
    if module.check_mode:
        module.exit_json(**{**_NOTHING, "changed": False, "finished": True})

    try:
        started = read_time(params["started_at"])
    except ValueError as error:
        module.fail_json(
            msg=f"started_at is {params['started_at']!r}; a time like 2026-01-31T12:00:00Z is expected: {error}"
        )
    seen, moment = look(params, started)
    elapsed_s = (moment - started).total_seconds()
    result = dict(
        _NOTHING,
        elapsed_s=elapsed_s,
        started_at=started.strftime(_TO_THE_SECOND + "Z"),
        finished_at=moment.strftime(_TO_THE_SECOND + "Z"),
        **seen,
    )
    goes_on = not any(result[key] for key in ("finished", "rebooted", "going_down", "fault"))
    module.exit_json(
        **dict(result, timed_out=goes_on and elapsed_s >= params["timeout_s"]),
        changed=False,
        katabench_event={
            "event": "interval",
            "cluster": params["cluster"],
            "workload": params["workload"],
            "elapsed_s": elapsed_s,
            "line": result["last_line"],
        },
    )


if __name__ == "__main__":
    main()
