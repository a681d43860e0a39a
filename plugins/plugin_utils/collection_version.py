# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Which version of the collection this is, and which revision where it is a clone."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path

import yaml

_ROOT = Path(__file__).parents[2]
# The clone itself, where Ansible finds it through links: git judges a tree of links as one full of changes.
_CLONE = Path(__file__).resolve().parents[2]


def collection_version() -> str:
    """Return the version from MANIFEST.json (an installed collection) or galaxy.yml (a clone)."""
    manifest = _ROOT / "MANIFEST.json"
    if manifest.is_file():
        return str(json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"])
    return str(yaml.safe_load((_ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"])


@cache
def collection_git() -> str | None:
    """Return the commit of a clone (40 digits), ``… with changes`` where files differ from it; None elsewhere."""
    if not (_CLONE / ".git").exists():
        return None
    revision, changes = _git("rev-parse", "HEAD"), _git("status", "--porcelain", "--untracked-files=no")
    if not revision:
        return None
    return f"{revision} with changes" if changes else revision


def _git(*arguments: str) -> str | None:
    # A clone of somebody else's is nothing that git may look into, and a controller may have no git.
    try:
        answer = subprocess.run(["git", "-C", str(_CLONE), *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()
