# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What a campaign's figures rest on: commands, raw files, revisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

NOT_VERIFIED = {
    "altered": [],
    "lost": [],
    "sentence": "Whether the raw files are those of the records was not verified.",
}


def commands_of(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what was run, `{workload, command, cells}`: each command once, with the cells that ran it."""
    cells: dict[tuple[str, str], list[str]] = {}
    for record in records:
        for workload in record["workloads"]:
            cells.setdefault((workload["name"], workload["command"]), []).append(record["cell"]["id"])
    return [
        {"workload": workload, "command": command, "cells": cell_ids} for (workload, command), cell_ids in cells.items()
    ]


def raw_files_of(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the files that the records were made from, `{cell, workload, stream, path, bytes, sha256}`."""
    return [
        {"cell": record["cell"]["id"], "workload": workload["name"], "stream": stream, **file}
        for record in records
        for workload in record["workloads"]
        for stream, file in sorted(workload["raw"].items(), reverse=True)  # stdout, then stderr
        if file
    ]


def provenance_of(
    campaign: Mapping[str, Any], records: Sequence[Mapping[str, Any]], verified: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return where the figures come from; `verified` is what raw_digests.verify_raw_files found, if it looked."""
    found = verified or NOT_VERIFIED
    revisions = [record["versions"].get("collection_git") for record in records]
    return {
        "raw_files": len(raw_files_of(records)),
        **{key: found[key] for key in ("altered", "lost", "sentence")},
        "git": list(dict.fromkeys(revision for revision in revisions if revision)),
        "order_seed": campaign["seed"],
    }
