# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""ansible-runner on the clone: the command, and the environment it makes. test_scale.py has its use from Python."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ansible_collections.katabench.scylla.tests.integration.conftest import CLONE, run_in
from ansible_collections.katabench.scylla.tests.stand_ins.hosts import NO_LOAD, Hosts


@pytest.fixture(autouse=True)
def _nothing_is_kept() -> Iterator[None]:
    """Options and variables that were written into the clone would hold for whoever runs it next."""
    yield
    assert sorted(path.name for path in (CLONE / "env").iterdir()) == ["envvars"]


@pytest.mark.parametrize(("options", "inventory"), [([], "inventory"), (["--inventory", "local"], "local")])
def test_the_clone_is_a_private_data_directory(tmp_path: Path, options: list[str], inventory: str) -> None:
    artifacts = ["--artifact-dir", tmp_path / "artifacts", "--ident", "plan"]
    tags = ["--omit-env-files", "--cmdline", "--tags plan"]
    done = run_in(CLONE, "ansible-runner", "run", ".", "-p", "bench.yml", *options, *artifacts, *tags)
    assert done.returncode == 0, done.stdout + done.stderr
    for arm in ("runc", "runc-again", "gvisor"):
        assert arm in done.stdout
    assert "localhost" in done.stdout.rpartition("PLAY RECAP")[2]
    started = json.loads((tmp_path / "artifacts" / "plan" / "command").read_text())
    assert started["cwd"] == str(CLONE)
    assert started["command"][-3:] == ["-i", str(CLONE / inventory), "bench.yml"]
    # ansible-runner would switch it off.
    assert started["env"]["ANSIBLE_HOST_KEY_CHECKING"] == "True"


def test_check_mode_goes_from_the_first_play_to_the_last(stand_ins: Hosts, tmp_path: Path) -> None:
    inventory = ["--inventory", stand_ins.write_inventory("check.yml", **NO_LOAD)]
    options = ["--artifact-dir", tmp_path / "artifacts", "--omit-env-files", "--cmdline=--check"]
    done = run_in(tmp_path, "ansible-runner", "run", CLONE, "-p", "bench.yml", *inventory, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PLAY [Run the campaign, no cluster waiting for another]" in done.stdout
    assert not (tmp_path / "results").exists()


def test_the_execution_environment_has_the_versions_of_the_requirements() -> None:
    definition = yaml.safe_load((CLONE / "execution-environment.yml").read_text())
    pinned = (CLONE / "requirements.txt").read_text().splitlines()
    dependencies = definition["dependencies"]
    assert dependencies["ansible_core"]["package_pip"] in pinned
    assert dependencies["ansible_runner"]["package_pip"] in pinned
    assert (dependencies["galaxy"], dependencies["python"]) == ("requirements.yml", "requirements.txt")
