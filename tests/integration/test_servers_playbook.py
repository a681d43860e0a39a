# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The playbook servers, on an account that is a stand-in: what it prints, orders and deletes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ansible_collections.katabench.scylla.tests.integration.conftest import CLONE, run_in
from ansible_collections.katabench.scylla.tests.stand_ins.scaleway_api import StandInApi

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAbcdefghijklmnopqrstuvwxyz0123456789ABCDEF me@desk"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def api() -> Iterator[StandInApi]:
    with StandInApi() as api:
        yield api


@pytest.fixture
def servers(api: StandInApi, tmp_path: Path) -> Run:
    """Run the playbook without an inventory, as somebody with an SSH key."""
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "id_ed25519.pub").write_text(f"{KEY}\n")

    def run(*options: str, **variables: object) -> subprocess.CompletedProcess[str]:
        quick = {"scaleway_poll_s": 0.05, "scaleway_timeout_s": 30}
        environment = {
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
            "ANSIBLE_COLLECTIONS_PATH": str(CLONE / ".ansible" / "collections"),
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            **api.env(),
        }
        said = json.dumps({**quick, **variables})
        return run_in(tmp_path, "ansible-playbook", "katabench.scylla.servers", "-e", said, *options, **environment)

    return run


def words(ended: subprocess.CompletedProcess[str]) -> str:
    """Return what a run printed, with the lines that Ansible breaks put together again."""
    return " ".join((ended.stdout + ended.stderr).split())


def test_it_prints_the_price_orders_one_server_and_says_what_exists(api: StandInApi, servers: Run) -> None:
    ended = servers()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    said = words(ended)
    price = said.index("To order: bench-1, 1 server EM-A610R-NVME with Debian 12")
    assert (
        price
        < said.index("Order what is missing and wait")
        < said.index("With the tag katabench exist in fr-par-2, at ")
    )
    assert len(api.servers) == 1
    again = servers()
    assert (again.returncode, "changed=0" in again.stdout, len(api.servers)) == (0, True, 1)


def test_check_mode_prints_the_price_and_orders_nothing(api: StandInApi, servers: Run) -> None:
    ended = servers("--check")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "To order: bench-1" in words(ended)
    assert {method for method, _path in api.requests} == {"GET"}


def test_the_variables_of_an_inventory_hold_and_all_is_deleted_again(
    api: StandInApi, servers: Run, tmp_path: Path
) -> None:
    (tmp_path / "inventory" / "group_vars").mkdir(parents=True)
    (tmp_path / "inventory" / "hosts.yml").write_text("all:\n")
    variables = {
        "scaleway_servers": [{"name": "node-1", "tags": ["cluster=two"]}, {"name": "load-1", "tags": ["role=loader"]}],
        "scaleway_tag": "mine",
    }
    (tmp_path / "inventory" / "group_vars" / "all.yml").write_text(json.dumps(variables))
    ended = servers("-i", "inventory")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "With the tag mine exist in fr-par-2, at " in words(ended)
    assert len(api.servers) == 2
    gone = servers("-i", "inventory", scaleway_state="absent")
    assert gone.returncode == 0, gone.stdout + gone.stderr
    assert "No server with the tag mine exists in fr-par-2, so nothing costs." in words(gone)


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"scaleway_state": "gone"}, "scaleway_state is 'gone'; expected is present or absent."),
        ({"scaleway_max_hourly_cost": 0.01}, "and the limit is 0.010 EUR an hour: nothing is ordered."),
        ({"scaleway_ssh_key_file": "~/.ssh/other.pub"}, "The public SSH key ~/.ssh/other.pub cannot be read"),
        ({"scaleway_offer": "EM-NONE"}, "There is no offer 'EM-NONE' in fr-par-2."),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_ordered(
    api: StandInApi, servers: Run, variables: dict, sentence: str
) -> None:
    ended = servers(**variables)
    assert ended.returncode == 2
    assert sentence in words(ended)
    assert {method for method, _path in api.requests} <= {"GET"}
