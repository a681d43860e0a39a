# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
from pathlib import Path

from ansible_collections.katabench.scylla.plugins.plugin_utils.collection_version import collection_git

CLONE = Path(__file__).parents[4].resolve()


def test_the_commit_is_that_of_the_clone_and_changes_are_said():
    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", CLONE, *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()

    changes = " with changes" if git("status", "--porcelain", "--untracked-files=no") else ""
    assert collection_git() == git("rev-parse", "HEAD") + changes
