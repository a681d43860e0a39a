# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Which start of a host this is, and how long ago it was.

A host that is a container shares its kernel: its own start is that of its process 1.

Formats: random(4) (/proc/sys/kernel/random/boot_id), proc(5) (/proc/PID/stat, /proc/uptime).
"""

from __future__ import annotations

import os

from ansible_collections.katabench.scylla.plugins.module_utils.host_fingerprint import read_text
from ansible_collections.katabench.scylla.plugins.module_utils.host_quiet import parse_process

_UNKNOWN = "-"


def read_boot(proc_root="/proc"):
    """Name the host's last start, by a text that no other start has: the kernel's id, and when process 1 began."""
    kernel = read_text(os.path.join(proc_root, "sys", "kernel", "random", "boot_id"))
    return f"{kernel or _UNKNOWN}/{_first_process(proc_root).get('started', _UNKNOWN)}"


def read_start_age_s(proc_root="/proc"):
    """Say how many seconds ago the host was started, None where nothing tells. No clock that is set changes it."""
    started, uptime = _first_process(proc_root).get("started"), read_text(os.path.join(proc_root, "uptime"))
    if started is None or uptime is None:
        return None
    return float(uptime.split()[0]) - int(started) / os.sysconf("SC_CLK_TCK")


def _first_process(proc_root):
    return parse_process(read_text(os.path.join(proc_root, "1", "stat")) or "") or {}
