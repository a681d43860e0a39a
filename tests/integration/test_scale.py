# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Several hosts at once, over real SSH: what is sent to each, and one of them that cannot be reached.

The hosts' engines are stand-ins that answer at once; the outputs of the loads are real ones.
"""

from __future__ import annotations

import collections
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.katabench.scylla.tests.integration.conftest import CLONE, run_in
from ansible_collections.katabench.scylla.tests.stand_ins.hosts import NO_LOAD, Hosts

# The most that may go over SSH to a host: for a provision that changes nothing, for a cell beyond the waiting.
AGAIN, CELL = 40, 25


@pytest.fixture
def play(stand_ins: Hosts, tmp_path: Path) -> Any:
    """Run a playbook on the hosts; return how it ended and what it sent over SSH."""

    def run(name: str, inventory: Path) -> tuple[subprocess.CompletedProcess[str], list[dict[str, Any]]]:
        log = tmp_path / f"{Path(name).stem}.jsonl"
        log.unlink(missing_ok=True)
        environment = {
            "ANSIBLE_CALLBACK_PLUGINS": str(CLONE / "benchmarks" / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "katabench.scylla.campaign,remote_executions",
            "HOME": str(stand_ins.directory),
            "KATABENCH_REMOTE_EXECUTIONS": str(log),
        }
        kept = json.dumps({"bench_results_dir": str(tmp_path / "results")})
        done = run_in(CLONE, "ansible-playbook", name, "-i", inventory, "-e", kept, **environment)
        return done, [json.loads(line) for line in log.read_text().splitlines()]

    return run


def test_a_second_provision_changes_nothing_and_sends_little(stand_ins: Hosts, play: Any) -> None:
    inventory = stand_ins.write_inventory("provision.yml", **NO_LOAD)
    first, _executions = play("playbooks/provision.yml", inventory)
    assert first.returncode == 0, first.stdout + first.stderr
    again, executions = play("playbooks/provision.yml", inventory)
    assert again.returncode == 0, again.stdout + again.stderr
    assert again.stdout.count("changed=0") == 3  # the hosts and the controller
    sent = collections.Counter(one["host"] for one in executions)
    assert set(sent) == {host.name for host in stand_ins.hosts}
    assert max(sent.values()) <= AGAIN, sent


def test_an_unreachable_host_is_named_and_the_others_are_measured(stand_ins: Hosts, play: Any, tmp_path: Path) -> None:
    inventory = stand_ins.write_inventory("campaign.yml", **NO_LOAD)
    listed = inventory.read_text()
    # 192.0.2.0/24 is for documentation: nobody is there.
    gone = "    gone: {ansible_host: 192.0.2.1, ansible_ssh_timeout: 2, ansible_ssh_retries: 0}\n"
    inventory.write_text(listed.replace("  hosts:\n", f"  hosts:\n{gone}"))
    done, executions = play("playbooks/bench.yml", inventory)
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0
    assert "gone" in done.stdout.rpartition("PLAY RECAP")[2]
    records = sorted((tmp_path / "results").glob("latest/cells/*/block-01/runc/record.json"))
    assert [record.parts[-4] for record in records] == [host.name for host in stand_ins.hosts], said
    for record in records:
        # Marks there may be: this machine need not be quiet, and the recorded histograms are those of another load.
        assert json.loads(record.read_text())["validity"]["failures"] == []
    assert (tmp_path / "results" / "latest" / "report.html").exists()
    cells = [one for one in executions if one["play"] == "Run the campaign, no cluster waiting for another"]
    # A host has one cell here; it is given back once a campaign.
    sent = collections.Counter(one["host"] for one in cells if not one["waiting"] and "Unlock" not in one["task"])
    assert max(sent.values()) <= CELL, collections.Counter(one["task"] for one in cells).most_common()
