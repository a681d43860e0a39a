# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Read what a campaign's folder holds beside campaign.json: records and notes, and why some cannot be read."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.cell_folder import rates_path, record_path, stop_path
from ansible_collections.katabench.scylla.plugins.plugin_utils.lean_records import lean
from ansible_collections.katabench.scylla.plugins.plugin_utils.record import RecordError, read_record

STOP_KEYS = ("blocks", "reason", "sentence")
RATES_KEYS = ("maxima", "slowest", "rates", "left_out")

MANY_CELLS, CELLS_AT_ONCE = 200, 25


@dataclass
class Found:
    """What was read: records, notes by cluster, and by cell (or other file) why it cannot be read."""

    records: list[dict[str, Any]] = field(default_factory=list)
    earlier: list[dict[str, Any]] = field(default_factory=list)
    stops: dict[str, dict[str, Any]] = field(default_factory=dict)
    ladders: dict[str, dict[str, Any]] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)


def read_folder(campaign_dir: Path, campaign: Mapping[str, Any]) -> Found:
    """Read the records of a campaign's planned cells and of tries that were repeated, and each cluster's notes."""
    found = Found()
    _read_cells(campaign_dir, [cell["id"] for cell in campaign["plan"]], found)
    found.earlier = _earlier(campaign_dir, campaign)
    for cluster in dict.fromkeys(cell["cluster"] for cell in campaign["plan"]):
        for path, notes, keys in (
            (stop_path(campaign_dir, cluster), found.stops, STOP_KEYS),
            (rates_path(campaign_dir, cluster), found.ladders, RATES_KEYS),
        ):
            _read_note(path, cluster, notes, keys, found)
    return found


def _read_cells(campaign_dir: Path, cell_ids: Sequence[str], found: Found) -> None:
    for cell_id, read in zip(cell_ids, _map(partial(_read_cell, campaign_dir), cell_ids), strict=True):
        if isinstance(read, str):
            found.unreadable[cell_id] = read
        elif read is not None:
            # The cells of a cluster have one host, whose fingerprint is the largest part of what is left of a record.
            same = next((other["host"] for other in reversed(found.records) if other["host"] == read["host"]), None)
            found.records.append(read if same is None else {**read, "host": same})


def _read_cell(campaign_dir: Path, cell_id: str) -> dict[str, Any] | str | None:
    """Return a cell's record without what no report shows, why it cannot be read, or None when there is none."""
    path = record_path(campaign_dir, cell_id)
    if not path.exists():
        return None
    try:
        record: dict[str, Any] = lean(read_record(path))
    except RecordError as error:
        # A report has the same bytes wherever its folder lies.
        return str(error).replace(f"{campaign_dir}/", "")
    if record["cell"]["id"] != cell_id:
        return f"cells/{cell_id}/record.json is the record of another cell, {record['cell']['id']}: put it back there."
    return record


def _map(read: Callable[[str], Any], cell_ids: Sequence[str]) -> Iterable[Any]:
    """Read on all processors where there is enough to read; a record takes 5 ms, most of it to check its form."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    if processors == 1 or len(cell_ids) < MANY_CELLS:
        return map(read, cell_ids)
    # Forked: a new interpreter would not find the collection, which Ansible has put on the path of this one.
    with ProcessPoolExecutor(processors, mp_context=multiprocessing.get_context("fork")) as pool:
        return list(pool.map(read, cell_ids, chunksize=CELLS_AT_ONCE))


def _read_note(path: Path, cluster: str, notes: dict[str, dict[str, Any]], keys: Iterable[str], found: Found) -> None:
    if not path.exists():
        return
    name = f"{cluster}/{path.name}"
    try:
        note = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except ValueError as error:
        found.unreadable[name] = f"It is not JSON ({error}), so that the report does without it."
        return
    lacking = [key for key in keys if not isinstance(note, dict) or key not in note]
    if lacking:
        found.unreadable[name] = f"It lacks {', '.join(lacking)}, so that the report does without it."
    elif not isinstance(note.get("blocks", 0), int):
        found.unreadable[name] = f"Its blocks are {note['blocks']!r}, no number, so that the report does without it."
    else:
        notes[cluster] = note


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _earlier(campaign_dir: Path, campaign: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the records of tries that were repeated, in the order in which they were made."""
    records = []
    for cell in campaign["plan"]:
        tries = (campaign_dir / "attempts" / cell["id"]).glob("*/record.json")
        numbered = [path for path in tries if path.parent.name.isdecimal()]
        for path in sorted(numbered, key=lambda path: int(path.parent.name)):
            try:
                records.append(read_record(path))
            except RecordError:
                continue  # A record that cannot be read is one of the reasons for which a cell is repeated.
    return records
