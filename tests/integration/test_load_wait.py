# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Waiting for a load over a connection that comes and goes: Ansible's own SSH plugin, and a program in place of ssh."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

CLONE = Path(__file__).parents[2]
LIMIT_S = 90

# While the file `gone` is there, nobody answers. Otherwise the command, the last argument, runs on this machine.
SSH = """\
#!/bin/sh
here=$(dirname "$0")
for last; do [ "$last" = -O ] && exit 1; done
if [ -e "$here/gone" ]; then
    echo "ssh: connect to host db1 port 22: Connection refused" >&2
    exit 255
fi
touch "$here/reached"
exec sh -c "$last"
"""

PLAY = """\
---
- name: Wait for a load
  hosts: db1
  gather_facts: false
  tasks:
    - name: Wait for its end
      katabench.scylla.load_wait:
        argv: [sh, -c, "until [ -e {{ playbook_dir }}/ended ]; do sleep 0.1; done; echo 0"]
        dir: "{{ playbook_dir }}/output"
        wait_s: 0.5
        started_at: "{{ started_at }}"
        timeout_s: 60
        reconnect_timeout_s: "{{ patience_s }}"
        boot: "{{ waited.boot | default('') }}"
        workload: write
      register: waited
      loop: "{{ range(60) | list }}"
      loop_control:
        break_when: waited is failed or waited.finished or waited.timed_out or waited.fault | length > 0
    - name: Write how it went
      ansible.builtin.copy:
        content: "{{ waited | ansible.builtin.to_json }}"
        dest: "{{ playbook_dir }}/answer.json"
        mode: "0600"
      delegate_to: localhost
"""


class Host:
    """A host that is reached over the program in place of ssh."""

    def __init__(self, directory):
        self.directory = directory
        (directory / "output").mkdir()
        (directory / "play.yml").write_text(PLAY)
        (directory / "ssh").write_text(SSH)
        (directory / "ssh").chmod(0o755)

    def go(self):
        (self.directory / "gone").touch()

    def come_back(self):
        (self.directory / "gone").unlink()

    def end_the_load(self):
        (self.directory / "ended").touch()

    def run(self, patience_s, *happens):
        """Run the play; of `happens`, (seconds, what), each comes so long after the one before."""
        thread = threading.Thread(target=self._happen, args=(happens,), daemon=True)
        thread.start()
        variables = {"patience_s": patience_s, "started_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        done = subprocess.run(
            [
                Path(sys.executable).parent / "ansible-playbook",
                *("-i", "db1,", "-e", json.dumps(variables), self.directory / "play.yml"),
            ],
            cwd=CLONE,
            env=os.environ
            | {
                "NO_COLOR": "1",
                "COLUMNS": "500",
                "ANSIBLE_SSH_EXECUTABLE": str(self.directory / "ssh"),
                "ANSIBLE_SSH_RETRIES": "0",
            },
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        thread.join(LIMIT_S)
        said = " ".join((done.stdout + done.stderr).split())
        assert done.returncode == 0, said
        return json.loads((self.directory / "answer.json").read_text())["results"], said

    def _happen(self, happens):
        deadline = time.monotonic() + LIMIT_S
        while not (self.directory / "reached").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        for pause_s, what in happens:
            time.sleep(pause_s)
            what()


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def test_a_load_that_ends_while_nobody_is_reached_counts(host):
    results, said = host.run(60, (2, host.go), (1, host.end_the_load), (4, host.come_back))
    assert (results[-1]["finished"], results[-1]["exit_status"], results[-1]["fault"]) == (True, 0, "")
    assert 3 < sum(result["silent_s"] for result in results) < 15
    assert "db1 could not be reached for about" in said
    assert "unreachable=0" in said


def test_a_host_that_stays_away_is_given_up_and_the_play_goes_on(host):
    results, said = host.run(3, (2, host.go))
    last = results[-1]
    assert (last["lost"], last["finished"], last["exit_status"]) == (True, False, None)
    assert last["fault"].startswith("db1 could not be reached for ")
    assert "Connection refused" in last["fault"]
    assert "db1 could not be reached for " in said
    assert "unreachable=0" in said


def test_a_host_that_is_there_is_asked_until_the_end(host):
    results, said = host.run(60, (4, host.end_the_load))
    assert results[-1]["finished"]
    assert len({result["boot"] for result in results}) == 1
    assert len(results) > 1
    assert "could not be reached" not in said
