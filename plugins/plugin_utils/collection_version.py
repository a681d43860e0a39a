# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Which version of the collection this is."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

_ROOT = Path(__file__).parents[2]


def collection_version() -> str:
    """Return the version from MANIFEST.json (an installed collection) or galaxy.yml (a clone)."""
    manifest = _ROOT / "MANIFEST.json"
    if manifest.is_file():
        return str(json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"])
    return str(yaml.safe_load((_ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"])
