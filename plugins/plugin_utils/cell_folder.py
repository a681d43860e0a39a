# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What a campaign's folder holds of a cell and of a cluster; laid out as docs/architecture.md says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.record import RecordError, read_record


def record_path(directory: Path, cell_id: str) -> Path:
    """Return where a cell's record is, or is to be."""
    return directory / "cells" / cell_id / "record.json"


def valid_record(directory: Path, cell_id: str) -> dict[str, Any] | None:
    """Return a cell's record if it counts; None when it does not, cannot be read, or is not there."""
    record = readable_record(directory, cell_id)
    return record if record and record["validity"]["valid"] else None


def readable_record(directory: Path, cell_id: str) -> dict[str, Any] | None:
    """Return a cell's record; None when there is none, or none that can be read."""
    path = record_path(directory, cell_id)
    if not path.exists():
        return None
    try:
        return dict(read_record(path))
    except RecordError:
        return None  # It moves to attempts/, where it can be looked at.


def keep_attempt(directory: Path, cell_id: str) -> None:
    """Move what a cell left to ``attempts/<cell>/<k>/``, so that it can run anew and nothing is lost."""
    attempts = directory / "attempts" / cell_id
    attempts.mkdir(parents=True, exist_ok=True)
    (directory / "cells" / cell_id).rename(attempts / str(max(_attempts(attempts), default=0) + 1))


def attempts_kept(directory: Path, cell_id: str) -> int:
    """Return how many tries of a cell were kept."""
    return len(_attempts(directory / "attempts" / cell_id))


def rates_path(directory: Path, cluster: str) -> Path:
    """Return where the rates of a cluster's ladder are, or are to be."""
    return directory / "cells" / cluster / "rates.json"


def stop_path(directory: Path, cluster: str) -> Path:
    """Return where it is noted, or is to be, with how many blocks a cluster's campaign ended."""
    return directory / "cells" / cluster / "stop.json"


def read_note(path: Path) -> dict[str, Any] | None:
    """Return the content of a cluster's rates.json or stop.json; None when there is none."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def _attempts(folder: Path) -> list[int]:
    if not folder.is_dir():
        return []
    return [int(path.name) for path in folder.iterdir() if path.name.isdecimal()]
