# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The inventories that come with a clone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CLONE = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def run(*command: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "ANSIBLE_NOCOLOR": "1"}
    return subprocess.run(
        command, cwd=CLONE, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def test_scaleway_without_a_server_says_what_to_fill_in() -> None:
    done = run("ansible-playbook", "bench.yml", "-i", "scaleway")
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0
    assert "names no host: put at least one under bench.hosts in its hosts.yml, with ansible_host" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(("inventory", "hosts"), [("local", ["localhost"]), ("scaleway", [])])
def test_inventory_lists_the_hosts_of_bench(inventory: str, hosts: list[str]) -> None:
    done = run("ansible-inventory", "-i", inventory, "--list")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout).get("bench", {}).get("hosts", []) == hosts


def test_the_commented_example_is_an_inventory(tmp_path: Path) -> None:
    text = (CLONE / "inventories" / "scaleway" / "hosts.yml").read_text()
    head, _, hosts = text.partition("  hosts:\n")
    assert hosts.startswith("  #  ")
    (tmp_path / "hosts.yml").write_text(f"{head}  hosts:\n{hosts.replace('  #  ', '    ')}")
    done = run("ansible-inventory", "-i", str(tmp_path / "hosts.yml"), "--list")
    assert done.returncode == 0, done.stderr
    listed = json.loads(done.stdout)
    (host,) = listed["bench"]["hosts"]
    assert set(listed["_meta"]["hostvars"][host]) >= {"ansible_host", "ansible_user"}
