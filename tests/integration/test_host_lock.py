# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Campaigns that want the same host, as processes of ansible-playbook that really run at the same time."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

CLONE = Path(__file__).parents[2]
LIMIT_S = 60

PLAY = """\
---
- name: Measure for as long as a test wants
  hosts: all
  gather_facts: false
  tasks:
    - name: Lock the host
      katabench.scylla.host_lock:
        run_id: "{{ run_id }}"
        path: "{{ path }}"
        stale_s: "{{ stale_s | default(3600) }}"
    - name: Measure
      ansible.builtin.wait_for:
        path: "{{ path }}.enough"
        sleep: 1
      when: holds | default(false)
    - name: Renew the lock
      katabench.scylla.host_lock:
        run_id: "{{ run_id }}"
        path: "{{ path }}"
      register: renewed
      failed_when: renewed is changed
    - name: Give the host back
      katabench.scylla.host_lock:
        run_id: "{{ run_id }}"
        path: "{{ path }}"
        state: absent
"""


class Campaigns:
    """Campaigns on one host, which is called db1 and is this machine."""

    def __init__(self, directory):
        self.lock, self.play, self.started = directory / "campaign.lock", directory / "play.yml", []
        self.play.write_text(PLAY)

    def start(self, run_id, *options, **variables):
        known = {"run_id": run_id, "path": str(self.lock), **variables}
        process = subprocess.Popen(
            [
                Path(sys.executable).parent / "ansible-playbook",
                *("-i", "db1,", "-c", "local", "-e", json.dumps(known), *options, self.play),
            ],
            cwd=CLONE,
            env=os.environ | {"NO_COLOR": "1", "COLUMNS": "500"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def run(self, run_id, *options, **variables):
        process = self.start(run_id, *options, **variables)
        said = " ".join(process.communicate(timeout=LIMIT_S)[0].split())
        return process.returncode, said

    def hold(self, run_id):
        """Start a campaign that goes on until it is told to end; return when it has the host."""
        process = self.start(run_id, holds=True)
        deadline = time.monotonic() + LIMIT_S
        while not self.lock.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert self.lock.exists()
        return process

    def let_it_end(self):
        Path(f"{self.lock}.enough").touch()


@pytest.fixture
def campaigns(tmp_path):
    campaigns = Campaigns(tmp_path)
    yield campaigns
    for process in campaigns.started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(LIMIT_S)


def test_one_alone_takes_the_host_and_gives_it_back(campaigns):
    status, said = campaigns.run("r1")
    assert status == 0, said
    assert "changed=2" in said
    assert not campaigns.lock.exists()


def test_check_mode_takes_nothing(campaigns):
    campaigns.run("r1", "--check")
    assert not campaigns.lock.exists()


def test_the_second_is_refused_and_the_first_goes_on(campaigns):
    first = campaigns.hold("r1")
    status, said = campaigns.run("r2")
    assert status != 0
    assert f"@{socket.gethostname()} (campaign r1, process {first.pid}) for " in said
    assert said.count("db1 is locked by ") >= 1
    assert f"remove {campaigns.lock} on db1." in said
    campaigns.let_it_end()
    assert first.wait(LIMIT_S) == 0
    assert not campaigns.lock.exists()


def test_the_same_campaign_started_twice_is_refused_too(campaigns):
    first = campaigns.hold("r1")
    status, said = campaigns.run("r1")
    assert status != 0
    assert "That is this very campaign in another process" in said
    assert str(first.pid) in said


def test_an_interrupted_campaign_gets_its_host_at_once_and_others_wait(campaigns):
    first = campaigns.hold("r1")
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    status, said = campaigns.run("r2")
    assert status != 0, said
    campaigns.let_it_end()
    status, said = campaigns.run("r1")
    assert status == 0, said
    assert not campaigns.lock.exists()


def test_what_was_left_behind_is_taken_over_and_that_is_said(campaigns):
    first = campaigns.hold("r1")
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    time.sleep(1.1)
    status, said = campaigns.run("r2", stale_s=1)
    assert status == 0, said
    assert "[WARNING]" in said
    assert "db1 was locked by " in said
    assert "That was left behind and is taken over." in said
