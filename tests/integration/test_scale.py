# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Several hosts at once, over real SSH: what is sent to each, and one of them that cannot be reached.

The campaign is run and followed by the program of docs/runner.md.

The hosts' engines are stand-ins that answer at once; the outputs of the loads are real ones.
"""

from __future__ import annotations

import collections
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.katabench.scylla.tests.integration.conftest import CLONE, run_in
from ansible_collections.katabench.scylla.tests.stand_ins.hosts import NO_LOAD, Hosts

# The most that may go over SSH to a host: for a provision that changes nothing, for a cell beyond the waiting.
AGAIN, CELL = 40, 25
(PROGRAM,) = re.findall(r"^```python\n(.*?)^```$", (CLONE / "docs" / "runner.md").read_text(), re.DOTALL | re.MULTILINE)


class Sent:
    """What goes over SSH, written down by the callback of the benchmarks."""

    def __init__(self, hosts: Hosts, log: Path) -> None:
        self.log = log
        self.environment = {
            "ANSIBLE_CALLBACK_PLUGINS": str(CLONE / "benchmarks" / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "katabench.scylla.campaign,remote_executions",
            "HOME": str(hosts.directory),
            "KATABENCH_REMOTE_EXECUTIONS": str(log),
        }

    def read(self) -> list[dict[str, Any]]:
        """Return the executions."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@dataclass(frozen=True)
class Campaign:
    """A campaign that has ended."""

    ended: subprocess.CompletedProcess[str]
    results_dir: Path
    executions: list[dict[str, Any]]


@pytest.fixture(scope="module")
def campaign(stand_ins: Hosts, tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    """A campaign on hosts of which one is not there."""
    directory = tmp_path_factory.mktemp("campaign")
    (directory / "campaign.py").write_text(PROGRAM)
    inventory = stand_ins.write_inventory("campaign.yml", **NO_LOAD)
    # 192.0.2.0/24 is for documentation: nobody is there.
    gone = "    gone: {ansible_host: 192.0.2.1, ansible_ssh_timeout: 2, ansible_ssh_retries: 0}\n"
    inventory.write_text(inventory.read_text().replace("  hosts:\n", f"  hosts:\n{gone}"))
    sent = Sent(stand_ins, directory / "sent.jsonl")
    ended = run_in(directory, sys.executable, "campaign.py", CLONE, inventory, "no-load", **sent.environment)
    return Campaign(ended, directory / "results", sent.read())


def test_a_second_provision_changes_nothing_and_sends_little(stand_ins: Hosts, tmp_path: Path) -> None:
    inventory = stand_ins.write_inventory("provision.yml", **NO_LOAD)
    for number in ("first", "second"):
        sent = Sent(stand_ins, tmp_path / number)
        done = run_in(CLONE, "ansible-playbook", "playbooks/provision.yml", "-i", inventory, **sent.environment)
        assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("changed=0") == 3  # the hosts and the controller
    counted = collections.Counter(one["host"] for one in sent.read())
    assert set(counted) == {host.name for host in stand_ins.hosts}
    assert max(counted.values()) <= AGAIN, counted


def test_the_program_of_the_documentation_follows_a_campaign(stand_ins: Hosts, campaign: Campaign) -> None:
    lines = campaign.ended.stdout.splitlines()
    assert lines[0] == "plan: 3 cells"
    for host in stand_ins.hosts:
        assert f"{host.name}: block 1, runc begins" in lines
        # What the loader printed last: tests/data/stress-logs/write/stdout.
        assert any(line.startswith(f"{host.name}: write, ") for line in lines), campaign.ended.stdout
        assert any(line.startswith(f"{host.name}: block 1, runc: write 1453 op/s, read ") for line in lines), lines
    assert (lines[-1], campaign.ended.returncode) == ("failed", 2)


def test_an_unreachable_host_is_named_and_the_others_are_measured(stand_ins: Hosts, campaign: Campaign) -> None:
    (output,) = campaign.results_dir.parent.glob("artifacts/*/stdout")
    assert "gone" in output.read_text().rpartition("PLAY RECAP")[2]
    records = sorted(campaign.results_dir.glob("latest/cells/*/block-01/runc/record.json"))
    assert [record.parts[-4] for record in records] == [host.name for host in stand_ins.hosts]
    for record in records:
        # Marks there may be: this machine need not be quiet, and the recorded histograms are those of another load.
        assert json.loads(record.read_text())["validity"]["failures"] == []
    assert (campaign.results_dir / "latest" / "report.html").exists()


def test_a_cell_sends_little(campaign: Campaign) -> None:
    cells = [one for one in campaign.executions if one["play"] == "Run the campaign, no cluster waiting for another"]
    # A host has one cell here; it is given back once a campaign.
    beyond = [one for one in cells if not one["waiting"] and "Unlock" not in one["task"]]
    sent = collections.Counter(one["host"] for one in beyond)
    assert max(sent.values()) <= CELL, collections.Counter(one["task"] for one in beyond).most_common()
