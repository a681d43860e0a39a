# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Read ``nodetool status`` and ``compactionstats``, of Cassandra's and Scylla's Java tool and of Scylla's native one.

Rows of the status can be wider than their header, so they are taken apart at blanks and never at the header's columns.
The header says which columns there are: with one token per node there is no ``Tokens``, and a ``Token`` after the host
id.
"""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.log_prefix import LOG_PREFIX

_DATACENTER = re.compile(rf"{LOG_PREFIX}Datacenter:\s+(\S.*?)\s*$")
_HEADER = re.compile(rf"{LOG_PREFIX}--\s+Address\s")
_NODE = re.compile(rf"{LOG_PREFIX}([UDX?])([NLJMSX?])\s+(\S+)\s+(.*?)\s*$")
_LOAD = re.compile(r"(?:\?|(\d+)(?:[.,\u066b](\d+))?(?:\s+(bytes|[KMGTP]i?B))?)(?=\s|$)")
_OWNS = re.compile(r"(\d+)(?:[.,\u066b](\d+))?%")
# Both spellings of a unit are powers of 1024: Cassandra printed KB for KiB up to 3.0, Scylla does to this day.
_UNITS = {None: 0, "bytes": 0, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5}
_UNKNOWN = {"?", "null"}

# Up to 4.1, and natively, `pending tasks: 2`; from 5.0 on (CASSANDRA-18305) a row of a table, `pending tasks      2`.
_PENDING = re.compile(rf"{LOG_PREFIX}pending tasks:?\s+(\d+)\s*$", re.IGNORECASE)
_COMPACTIONS = re.compile(rf"{LOG_PREFIX}(?:id\s+)?compaction type\s+keyspace\s", re.IGNORECASE)
# A running one ends with its progress: `70.70%`, or where nothing is known of the whole, `n/a`.
_COMPACTION = re.compile(r"\S.*\s(?:\d+(?:[.,\u066b]\d+)?%|n/a)\s*$")


class NodetoolError(ValueError):
    """A text that is not the output of the command in question; the message names the line, or quotes the first one."""


def parse_nodetool_status(text: str) -> dict[str, Any]:
    """Read the output of ``nodetool status``.

    Returns ``{datacenters, nodes, total, up_normal}``. Every node is ``{dc, status, state, address, load_bytes, tokens,
    owns, host_id, rack}``: `status` and `state` are the letters as printed (U, D, X, ? and N, L, J, M, S, X, ?), `owns`
    is a percentage, and what is unknown or not printed is None. `up_normal` counts the nodes that are UN. Raises
    NodetoolError for a row that cannot be read, and for a text without any data centre or node.
    """
    datacenters: list[str] = []
    nodes: list[dict[str, Any]] = []
    header = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if match := _DATACENTER.match(line):
            datacenters.append(match[1])
        elif _HEADER.match(line):
            header = line
        elif match := _NODE.match(line):
            status, state, address, rest = match.groups()
            datacenter = datacenters[-1] if datacenters else None
            try:
                fields = _read_fields(rest, header)
            except ValueError as error:
                raise NodetoolError(f"nodetool status, line {number}: {error} in '{line.strip()}'.") from error
            nodes.append({"dc": datacenter, "status": status, "state": state, "address": address, **fields})
    if not datacenters and not nodes:
        first = next((line.strip() for line in text.splitlines() if line.strip()), "nothing")
        raise NodetoolError(f"This is no output of nodetool status: no data centre and no node in it; it says: {first}")
    return {
        "datacenters": datacenters,
        "nodes": nodes,
        "total": len(nodes),
        "up_normal": sum(node["status"] == "U" and node["state"] == "N" for node in nodes),
    }


def parse_compactionstats(text: str) -> dict[str, int]:
    """Read the output of ``nodetool compactionstats``, of one node or of several one after another.

    Returns ``{reports, pending, running, outstanding}``: how many nodes answered, and over all of them the tasks that
    are pending, the compactions that run, and how many of either kind there are at least. Cassandra counts what runs
    among what is pending, Scylla does not, so that the larger number is the one that is sure. Raises NodetoolError for
    a text that names no pending tasks.
    """
    pending: list[int] = []
    running = 0
    in_table = False
    for line in text.splitlines():
        if match := _PENDING.match(line):
            pending.append(int(match[1]))
            in_table = False
        elif _COMPACTIONS.match(line):
            in_table = True
        elif in_table and _COMPACTION.match(line.strip()) and "remaining time" not in line:
            running += 1
    if not pending:
        first = next((line.strip() for line in text.splitlines() if line.strip()), "nothing")
        raise NodetoolError(f"This is no output of nodetool compactionstats: no pending tasks in it; it says: {first}")
    return {
        "reports": len(pending),
        "pending": sum(pending),
        "running": running,
        "outstanding": max(sum(pending), running),
    }


def _read_fields(text: str, header: str) -> dict[str, Any]:
    load = _LOAD.match(text)
    if load is None:
        raise ValueError("the load is neither ? nor a number with a unit")
    rest = text[load.end() :].split()
    tokens = rest.pop(0) if _has_tokens(rest, header) else None
    if tokens is not None and not (tokens.isdecimal() or tokens == "?"):
        raise ValueError(f"'{tokens}' is no number of tokens")
    owns = _read_owns(rest.pop(0) if rest else "")
    host_id = rest.pop(0) if rest else None  # A row that a log wrapped has no more.
    if re.search(r"\sToken\s", header) and rest:
        rest.pop(0)
    return {
        "load_bytes": _load_bytes(load),
        "tokens": int(tokens) if tokens and tokens.isdecimal() else None,
        "owns": owns,
        "host_id": None if host_id in _UNKNOWN else host_id,
        "rack": " ".join(rest) or None,
    }


def _has_tokens(fields: list[str], header: str) -> bool:
    if header:
        return "Tokens" in header
    return len(fields) > 1 and (fields[0].isdecimal() or fields[0] == "?") and (fields[1] == "?" or "%" in fields[1])


def _load_bytes(match: re.Match[str]) -> int | None:
    whole, decimals, unit = match.groups()
    if whole is None:
        return None
    # A load is below 1024 of its unit and never grouped, so that its only mark is the decimal one.
    power: int = _UNITS[unit if unit in _UNITS else unit[0]]
    load_bytes: float = float(f"{whole}.{decimals or 0}") * 1024**power
    return round(load_bytes)


def _read_owns(text: str) -> float | None:
    if text == "?":
        return None
    match = _OWNS.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is no ownership, ? or a percentage")
    return float(f"{match[1]}.{match[2] or 0}")
