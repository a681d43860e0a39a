# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Who runs a campaign on this controller, and whether a process here still does.

Format: proc(5) (/proc/PID/stat).
"""

from __future__ import annotations

import getpass
import os
import socket
from pathlib import Path

# Behind the name, which may hold blanks and brackets.
_STATE, _STARTED = 0, 19
_ENDED_STATES = frozenset("ZXx")


def user_and_controller() -> str:
    """Name who runs this, and where: `anna@desk`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user without an entry in passwd, as containers have them
        user = f"uid{os.getuid()}"
    return f"{user}@{socket.gethostname()}"


def process_started(pid: int) -> str:
    """Say what tells a process from a later one of the same number; empty where nothing tells, as beside Linux."""
    return _field(pid, _STARTED)


def is_running(pid: int, started: str) -> bool:
    """Tell whether a process of this controller still runs; `started` is what process_started said of it then."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's, and there
    now = process_started(pid)
    is_another = bool(started and now and started != now)
    return not is_another and _field(pid, _STATE) not in _ENDED_STATES


def _field(pid: int, number: int) -> str:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = text.rpartition(")")[2].split()
    return fields[number] if number < len(fields) else ""
