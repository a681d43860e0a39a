# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What a node says about itself: its engine, and what `roles/scylla/files/measure.sh` measures inside it."""

from __future__ import annotations

import math
import re
from typing import Any

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
    in processors, or where it sees none, how often as much as one busy loop all of them do together),
    `memory_mib` (what it sees, or its cgroup's limit when that is less), `data_filesystem`, `aio_max_nr` (its
    kernel's limit of asynchronous requests, None where the kernel tells none), `cpuset` (the processors it may run on,
    as "0-1,4"; None where the kernel tells none) and `parameters` (kernel settings by name, those that it has). Raises
    NodeFactsError naming what is missing or cannot be read.
    """
    lines = [line.split(" ", 1) for line in text.splitlines() if " " in line]
    values = {name: value for name, value in lines if name != "parameter"}
    parameters = (value.partition(" ") for name, value in lines if name == "parameter")
    try:
        processors = int(values["processors"])
        memory_bytes = int(values["memory_total_kib"]) * 1024
        limit = values.get("memory_limit_bytes", "max")
        if limit != "max":
            memory_bytes = min(memory_bytes, int(limit))
        cpus = _quota_cpus(values["cpu_quota"]) if "cpu_quota" in values else _counted_cpus(values)
        return {
            "node": values["node"],
            "kernel_release": values["kernel_release"],
            "cpus": round(min(processors, cpus), 2),
            "processors": processors,
            "memory_mib": memory_bytes // _BYTES_PER_MIB,
            "data_filesystem": values["data_filesystem"],
            "aio_max_nr": int(values["aio_max_nr"]) if "aio_max_nr" in values else None,
            "cpuset": values.get("cpuset"),
            "parameters": {name: value for name, _blank, value in parameters},
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


def _counted_cpus(values: dict[str, str]) -> float:
    """Return how often as much as a busy loop alone the loops on all processors did in the same time."""
    return sum(int(count) for count in values["counted_together"].split()) / int(values["counted_alone"])
