# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What a node says about itself: its engine, and what `roles/scylla/files/measure.sh` measures inside it."""

from __future__ import annotations

import math
import re
from typing import Any

_TIMES_FIELD = re.compile(r"(\d+)m(\d+(?:\.\d+)?)s")
_SCYLLA_VERSION = re.compile(r"\d+\.\d+\.\S+")
_BYTES_PER_MIB = 1024 * 1024


class NodeFactsError(ValueError):
    """A node's answer cannot be read."""


def read_engine(text: str) -> dict[str, str]:
    """Return `name` and `version` of the database from what `scylla --version` or `nodetool version` printed.

    Cassandra's nodetool prints `ReleaseVersion: 5.0.6`, scylla prints the bare version, `2025.1.2-0.20250422.5d4a`.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in lines:
        if line.startswith("ReleaseVersion:"):
            return {"name": "cassandra", "version": line.split(":", 1)[1].strip()}
    if len(lines) == 1 and _SCYLLA_VERSION.fullmatch(lines[0]):
        return {"name": "scylla", "version": lines[0]}
    raise NodeFactsError(f"a version of Scylla or Cassandra was expected, the node said: {text.strip()!r}")


def read_node_resources(text: str) -> dict[str, Any]:
    """Return what one node measured about itself.

    The result holds `node` (its name), `kernel_release`, `processors` (how many it sees), `cpus` (its cgroup's quota
    in processors, or where it sees none, the processor seconds that busy loops on all processors got per second),
    `memory_mib` (what it sees, or its cgroup's limit when that is less), `data_filesystem` and `aio_max_nr` (its
    kernel's limit of asynchronous requests, None where the kernel tells none). Raises NodeFactsError naming what is
    missing or cannot be read.
    """
    head, _separator, times = text.partition("\ntimes\n")
    values = dict(line.split(" ", 1) for line in head.splitlines() if " " in line)
    try:
        processors = int(values["processors"])
        memory_bytes = int(values["memory_total_kib"]) * 1024
        limit = values.get("memory_limit_bytes", "max")
        if limit != "max":
            memory_bytes = min(memory_bytes, int(limit))
        cpus = _quota_cpus(values["cpu_quota"]) if "cpu_quota" in values else _busy_cpus(values["busy_wall_s"], times)
        return {
            "node": values["node"],
            "kernel_release": values["kernel_release"],
            "cpus": round(min(processors, cpus), 2),
            "processors": processors,
            "memory_mib": memory_bytes // _BYTES_PER_MIB,
            "data_filesystem": values["data_filesystem"],
            "aio_max_nr": int(values["aio_max_nr"]) if "aio_max_nr" in values else None,
        }
    except KeyError as error:
        raise NodeFactsError(
            f"the measuring script printed no {error.args[0]}; it printed: {text.strip()!r}"
        ) from error
    except (ValueError, ZeroDivisionError) as error:
        raise NodeFactsError(
            f"the measuring script printed something unexpected ({error}): {text.strip()!r}"
        ) from error


def _quota_cpus(quota: str) -> float:
    """Return the processors of a cgroup's "quota period"; a quota of -1 (cgroup v1) is none."""
    quota_us, period_us = (int(part) for part in quota.split())
    return math.inf if quota_us < 0 else quota_us / period_us


def _busy_cpus(busy_wall_s: str, times: str) -> float:
    started_s, ended_s = (float(part) for part in busy_wall_s.split())
    return _children_cpu_s(times) / (ended_s - started_s)


def _children_cpu_s(times: str) -> float:
    """Return the processor seconds of the child processes: the second line of the shell's `times` (POSIX, 2.14)."""
    lines = times.strip().splitlines()
    fields = _TIMES_FIELD.findall(lines[1]) if len(lines) > 1 else []
    if len(fields) != 2:
        raise ValueError(f"`times` printed {times.strip()!r}")
    return sum(int(minutes) * 60 + float(seconds) for minutes, seconds in fields)
