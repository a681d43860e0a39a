# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Clocks in real plays: this machine's own, one that is minutes off, and what the filter says and refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CLONE = Path(__file__).parents[2]

PLAY = """\
---
- name: Look at the clock
  hosts: all
  gather_facts: false
  tasks:
    - name: Compare it
      ansible.builtin.include_role:
        name: katabench.scylla.host
        tasks_from: clock.yml
    - name: Write what was found
      ansible.builtin.copy:
        content: "{{ {'clock': host_clock, 'faults': faults} | ansible.builtin.to_json }}"
        dest: "{{ playbook_dir }}/answer.json"
        mode: "0600"
      vars:
        faults: "{{ {inventory_hostname: host_clock} | katabench.scylla.clock_faults(1) }}"
"""


def run(tmp_path, play=PLAY, *options):
    (tmp_path / "play.yml").write_text(play)
    done = subprocess.run(
        [
            Path(sys.executable).parent / "ansible-playbook",
            *("-i", "db1,", "-c", "local", *options, tmp_path / "play.yml"),
        ],
        cwd=CLONE,
        env=os.environ | {"NO_COLOR": "1", "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def fake_date(tmp_path, script):
    (tmp_path / "date").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "date").chmod(0o755)


def answer(tmp_path):
    return json.loads((tmp_path / "answer.json").read_text())


def test_this_machine_agrees_with_itself(tmp_path):
    status, said = run(tmp_path)
    assert status == 0, said
    assert answer(tmp_path)["faults"] == []
    clock = answer(tmp_path)["clock"]
    assert abs(clock["offset_s"]) <= clock["uncertainty_s"] < 1


@pytest.mark.parametrize("decimals", ["%N", "%%N"])
def test_a_clock_five_minutes_behind_is_named(tmp_path, decimals):
    fake_date(tmp_path, f"exec /bin/date -u --date='5 minutes ago' +%s.{decimals}")
    status, said = run(tmp_path)
    assert status == 0, said
    assert answer(tmp_path)["clock"]["offset_s"] == pytest.approx(-300, abs=1.5)
    (fault,) = answer(tmp_path)["faults"]
    assert fault.startswith("The clock of db1 is 5.0 min behind the controller's (± ")


def test_a_clock_that_cannot_be_read_is_told(tmp_path):
    fake_date(tmp_path, "echo 'date: no such clock' >&2; exit 1")
    status, said = run(tmp_path)
    assert status != 0
    assert "The clock of db1 cannot be read: " in said
    assert "'date: no such clock'" in said


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("'late' | katabench.scylla.clock_faults(1)", "what the module host_clock returned, by host, not a str"),
        ("{'db1': {'offset_s': 1}} | katabench.scylla.clock_faults(1)", "offset_s and uncertainty_s of db1"),
        ("{} | katabench.scylla.clock_faults('much')", "a number of seconds, not 'much'"),
    ],
)
def test_what_the_filter_refuses(tmp_path, expression, says):
    status, said = run(
        tmp_path,
        "---\n- name: Judge\n  hosts: all\n  gather_facts: false\n  tasks:\n    - name: Judge\n"
        f'      ansible.builtin.debug:\n        msg: "{{{{ {expression} }}}}"\n',
    )
    assert status != 0
    assert says in said
