# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What to make of a load whose host could not be reached, or was started anew, in the middle of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.reconnect import Answer

# What plugins/modules/load_wait.py returns, of a host that does not answer.
_NOTHING: dict[str, Any] = {
    "changed": False,
    "boot": "",
    "finished": False,
    "exit_status": None,
    "interrupted": False,
    "timed_out": False,
    "rebooted": False,
    "going_down": False,
    "files": [],
    "last_line": "",
}
_TO_THE_SECOND = "%Y-%m-%dT%H:%M:%S"


def describe_contact(answer: Answer, host: str, workload: str, started_at: str, now: datetime) -> dict[str, Any]:
    """Return what the host answered, with `lost`, `silent_s`, `fault` and `warnings`.

    `fault` says why the load counts for nothing, empty where it may count. `warnings` has what is good to know.
    `started_at` is when the load began, by its host's clock, and `now` is the moment at which a lost host is given up.
    """
    load = f"the load {workload}" if workload else "the load"
    silent_s = round(answer.silent_s)
    if answer.value is None:
        fault = (
            f"{host} could not be reached for {silent_s} s during {load} ({answer.reason.rstrip('.')}). See to the "
            "host and its network; the same command goes on with the campaign and runs this cell again."
        )
        times = _times(started_at, now)
        return {**_NOTHING, **times, "lost": True, "silent_s": answer.silent_s, "fault": fault, "warnings": [fault]}
    result = {"fault": "", **answer.value, "lost": False, "silent_s": answer.silent_s}
    if result.get("rebooted"):
        result["fault"] = (
            f"{host} was started anew during {load}: its containers have ended, the load and the nodes with them. Look "
            "for the reason in its log; the same command runs this cell again."
        )
    elif silent_s:
        result["warnings"] = [
            *result.get("warnings", []),
            f"{host} could not be reached for about {silent_s} s during {load}, which went on meanwhile.",
        ]
    return result


def _times(started_at: str, now: datetime) -> dict[str, Any]:
    try:
        started = datetime.strptime(started_at[:19], _TO_THE_SECOND).replace(tzinfo=UTC)
    except ValueError:
        started = now
    return {
        "started_at": started.strftime(_TO_THE_SECOND + "Z"),
        "finished_at": now.strftime(_TO_THE_SECOND + "Z"),
        "elapsed_s": max((now - started).total_seconds(), 0.0),
    }
