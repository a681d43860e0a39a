# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""JSON on disk: written whole or not at all, the same bytes for the same value."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def json_text(value: Any) -> str:
    """Return value as JSON text with sorted keys. NaN and infinity, which JSON has not, raise ValueError."""
    return json.dumps(value, allow_nan=False, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def write_json(path: Path, value: Any) -> None:
    """Write value to path, through a synced temporary file beside it, so that no reader ever sees half of it."""
    text = json_text(value)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
