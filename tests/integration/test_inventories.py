# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The inventories that come with a clone."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from ansible_collections.katabench.scylla.tests.integration.conftest import CLONE, run_in
from ansible_collections.katabench.scylla.tests.stand_ins.scaleway_api import StandInApi


def run(*command: str, home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the clone as somebody who has nothing in their home, and no credentials but those given."""
    return run_in(CLONE, *command, HOME=str(home), **variables)


@pytest.mark.parametrize(
    "command", [("ansible-playbook", "bench.yml", "-i", "scaleway"), ("ansible-inventory", "--graph", "-i", "scaleway")]
)
def test_scaleway_without_credentials_says_what_to_set(command: tuple[str, ...], tmp_path: Path) -> None:
    done = run(*command, home=tmp_path)
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0
    assert (
        "There are no credentials for Scaleway: set SCW_ACCESS_KEY, SCW_SECRET_KEY and SCW_DEFAULT_PROJECT_ID, or let "
        "`scw init` write ~/.config/scw/config.yaml." in said
    )
    assert "Traceback" not in said


def test_an_account_without_a_server_says_how_to_order_one(tmp_path: Path) -> None:
    with StandInApi() as api:
        done = run("ansible-playbook", "bench.yml", "-i", "scaleway", home=tmp_path, **api.env())
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0
    assert "names no host" in said
    assert "playbooks/servers.yml" in said
    assert {method for method, _path in api.requests} == {"GET"}


def test_local_does_without_the_sdk(tmp_path: Path) -> None:
    (tmp_path / "scaleway_core.py").write_text('raise SystemExit("local has imported the SDK")\n')
    done = run(
        *("ansible-playbook", "bench.yml", "-i", "local", "--tags", "plan"), home=tmp_path, PYTHONPATH=str(tmp_path)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "has imported the SDK" not in done.stdout + done.stderr


def test_local_is_this_machine(tmp_path: Path) -> None:
    done = run("ansible-inventory", "-i", "local", "--list", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["bench"]["hosts"] == ["localhost"]
