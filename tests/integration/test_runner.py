# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""ansible-runner on the clone: the command, the environment that it makes, and the program in docs/runner.md."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ansible_collections.katabench.scylla.tests.integration.conftest import CLONE, run_in
from ansible_collections.katabench.scylla.tests.stand_ins.hosts import NO_LOAD, Hosts

(PROGRAM,) = re.findall(r"^```python\n(.*?)^```$", (CLONE / "docs" / "runner.md").read_text(), re.DOTALL | re.MULTILINE)


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


def test_the_program_of_the_documentation_follows_a_campaign(stand_ins: Hosts, tmp_path: Path) -> None:
    (tmp_path / "campaign.py").write_text(PROGRAM)
    inventory = stand_ins.write_inventory("runner.yml", **{**NO_LOAD, "bench_workloads": ["write"]})
    done = run_in(tmp_path, sys.executable, "campaign.py", CLONE, inventory, "no-load")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    names = [host.name for host in stand_ins.hosts]
    assert lines[0] == "plan: 2 cells"
    for name in names:
        assert f"{name}: block 1, runc begins" in lines
        # What the loader printed last: tests/data/stress-logs/write/stdout.
        assert any(line.startswith(f"{name}: write, ") for line in lines), done.stdout
        assert f"{name}: block 1, runc: write 1453 op/s" in lines
    assert lines[-1] == "successful"
    assert list((tmp_path / "results" / "latest").glob("cells/*/block-01/runc/record.json"))


def test_the_execution_environment_has_the_versions_of_the_requirements() -> None:
    definition = yaml.safe_load((CLONE / "execution-environment.yml").read_text())
    pinned = (CLONE / "requirements.txt").read_text().splitlines()
    dependencies = definition["dependencies"]
    assert dependencies["ansible_core"]["package_pip"] in pinned
    assert dependencies["ansible_runner"]["package_pip"] in pinned
    assert (dependencies["galaxy"], dependencies["python"]) == ("requirements.yml", "requirements.txt")
