# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The command line of cassandra-stress for a workload, and what that workload asks for."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

_KEYS = frozenset({
    "consistency", "duration_s", "error_limit", "littles_law_band", "name", "operation", "operations", "options",
    "rate", "threads", "timeout_s",
})  # fmt: skip
_RATE_MODES = ("closed", "fixed", "throttle")


class WorkloadError(ValueError):
    """A workload that cannot be run as it is written."""


def make_run(
    workload: Mapping[str, Any], nodes: Sequence[str], keyspace: str, hdr_path: str | None = None
) -> dict[str, Any]:
    """Return how to run a workload: `name`, `operation`, `argv`, `command` (argv as a shell would take it), `asked`.

    A workload holds `name`; `operation`, the first words of the command (`write`, `mixed ratio(write=1,read=3)`);
    `operations` or `duration_s`; `threads`; and optionally `rate` ({mode: closed|fixed|throttle, ops_per_s}, and for
    the record `of` and `fraction`: the workload of whose maximum the rate is a fraction),
    `consistency`, `options` (further arguments), `timeout_s`, `error_limit` (errors that are tolerated, 0) and
    `littles_law_band` (tolerated relative distance of rate x latency from the threads, 0.15). At `hdr_path`, where the
    load runs, it leaves its latencies as an HdrHistogram log. The options are those of cassandra-stress 3.8 and later.
    Raises WorkloadError naming the workload, what was found and what is expected.
    """
    name = workload.get("name")
    if not isinstance(name, str) or not name:
        raise WorkloadError(f"a workload needs a name; found {dict(workload)!r}")
    unknown = sorted(set(workload) - _KEYS)
    if unknown:
        raise WorkloadError(f"workload {name}: unknown {', '.join(unknown)}; known are {', '.join(sorted(_KEYS))}")
    asked = _read_asked(name, workload)
    operation = str(workload.get("operation", name))
    limit = f"n={asked['operations']}" if asked["operations"] else f"duration={asked['duration_s']:g}s"
    consistency = [f"cl={asked['consistency']}"] if asked["consistency"] else []
    rate = asked["rate"]
    pace = [] if rate["mode"] == "closed" else [f"{rate['mode']}={rate['ops_per_s']:g}/s"]
    argv = [
        "cassandra-stress", *operation.split(), "no-warmup", limit, *consistency,
        "-node", ",".join(nodes),
        "-rate", f"threads={asked['threads']}", *pace,
        "-mode", "native", "cql3",
        "-schema", f"keyspace={keyspace}",
        *_options(workload, hdr_path),
    ]  # fmt: skip
    return {"name": name, "operation": operation, "argv": argv, "command": shlex.join(argv), "asked": asked}


def _options(workload: Mapping[str, Any], hdr_path: str | None) -> list[str]:
    options = [str(option) for option in workload.get("options", [])]
    if hdr_path is None:
        return options
    # The load generator refuses a second -log.
    at = options.index("-log") + 1 if "-log" in options else 0
    return [*options[:at], *([] if at else ["-log"]), f"hdrfile={hdr_path}", *options[at:]]


def _read_asked(name: str, workload: Mapping[str, Any]) -> dict[str, Any]:
    operations, duration_s = workload.get("operations"), workload.get("duration_s")
    if (operations is None) == (duration_s is None):
        raise WorkloadError(f"workload {name}: exactly one of operations and duration_s is expected")
    rate = {"mode": "closed", "ops_per_s": None, **workload.get("rate", {})}
    if rate["mode"] not in _RATE_MODES:
        raise WorkloadError(f"workload {name}: rate mode {rate['mode']!r}; expected one of {', '.join(_RATE_MODES)}")
    if (rate["mode"] == "closed") != (rate["ops_per_s"] is None):
        raise WorkloadError(f"workload {name}: ops_per_s goes with the rate modes fixed and throttle, and only there")
    if rate["ops_per_s"] is not None:
        rate["ops_per_s"] = _positive(name, "rate.ops_per_s", rate["ops_per_s"], float)
    return {
        "operations": None if operations is None else _positive(name, "operations", operations, int),
        "duration_s": None if duration_s is None else _positive(name, "duration_s", duration_s, float),
        "threads": _positive(name, "threads", workload.get("threads"), int),
        "rate": rate,
        "consistency": workload.get("consistency"),
        "error_limit": int(workload.get("error_limit", 0)),
        "littles_law_band": float(workload.get("littles_law_band", 0.15)),
    }


def _positive(name: str, key: str, value: Any, kind: type[int] | type[float]) -> Any:
    try:
        number = kind(value)
    except (TypeError, ValueError) as error:
        raise WorkloadError(f"workload {name}: {key} is {value!r}; a number is expected") from error
    if number <= 0:
        raise WorkloadError(f"workload {name}: {key} is {value!r}; it has to be greater than 0")
    return number
