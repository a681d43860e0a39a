# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What several files of tests share: the collection as a stranger has it, and hosts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ansible_collections.katabench.scylla.tests.stand_ins.hosts import Hosts

CLONE = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


def run_in(directory: Path, *command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a directory, its home unless the environment says otherwise, with nothing else of ours."""
    always = {
        "ANSIBLE_NOCOLOR": "1",
        "HOME": str(directory),
        "LC_ALL": "C.UTF-8",
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "PWD": str(directory),
    }
    return subprocess.run(
        command,
        cwd=directory,
        env=always | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


class Stranger:
    """Somebody with an empty directory, and Ansible on the path."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command in the directory, with nothing of the clone in its environment."""
        own = {
            "ANSIBLE_CALLBACKS_ENABLED": "katabench.scylla.campaign",
            "ANSIBLE_COLLECTIONS_PATH": str(self.directory / "collections"),
        }
        return run_in(self.directory, *command, **own)


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection, built."""
    stranger = Stranger(tmp_path_factory.mktemp("build"))
    built = stranger.run("ansible-galaxy", "collection", "build", CLONE, "--output-path", stranger.directory)
    assert built.returncode == 0, built.stderr
    return next(stranger.directory.glob("katabench-scylla-*.tar.gz"))


@pytest.fixture(scope="session")
def stranger(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Stranger:
    """A stranger who has nothing but the installed collection."""
    stranger = Stranger(tmp_path_factory.mktemp("stranger"))
    # The collections that it needs come with the Python package `ansible` of requirements.txt.
    install = ["ansible-galaxy", "collection", "install", "--no-deps", "--offline", archive, "-p", "collections"]
    done = stranger.run(*install)
    assert done.returncode == 0, done.stderr
    return stranger


@pytest.fixture(scope="session")
def stand_ins() -> Iterator[Hosts]:
    """Two hosts that SSH really leads to, and on which every task returns at once."""
    # pytest reads this file before it knows the collection.
    from ansible_collections.katabench.scylla.tests.stand_ins.hosts import stand_in_hosts

    with stand_in_hosts(2) as hosts:
        yield hosts
