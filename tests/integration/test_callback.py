# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The callback in a real run: events from a task, shown by ansible-playbook and by ansible-runner, for two hosts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import ansible_runner
import pytest

CLONE = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
INVENTORY = "[bench]\none ansible_connection=local\ntwo ansible_connection=local\n"

# Stands in for the modules and actions of the collection: it returns the event that the task names.
SAY_EVENT = """\
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        return {"katabench_event": self._task.args["event"], "failed": self._task.args.get("failed", False)}
"""

PLAYBOOK = """\
---
- name: Say what a campaign says
  hosts: bench
  gather_facts: false
  vars:
    cell: "{{ inventory_hostname }}/block-01/runc"
  tasks:
    - name: Plan
      say_event:
        event:
          event: plan
          run_id: r1
          dir: results/r1
          resumed: false
          arms: [runc]
          workloads: [write]
          baseline: runc
          cells:
            - {id: one/block-01/runc, cluster: one, state: todo}
            - {id: two/block-01/runc, cluster: two, state: todo}
      run_once: true
    - name: Cell
      say_event:
        event: {event: cell, cell: "{{ cell }}", cluster: "{{ inventory_hostname }}", arm: runc, block: 1, phase: load}
    - name: Wait
      say_event:
        event:
          event: interval
          cluster: "{{ inventory_hostname }}"
          workload: write
          elapsed_s: 10
          line: "total,  12345,  1234,  1234,  1234,  40.2"
      register: waited
      until: waited.attempts > 1
      retries: 2
      delay: 0
    - name: Record
      say_event:
        failed: "{{ inventory_hostname == 'two' }}"
        event:
          event: record
          cell: "{{ cell }}"
          cluster: "{{ inventory_hostname }}"
          arm: runc
          block: 1
          valid: "{{ inventory_hostname == 'one' }}"
          sentence: "node 2 died"
          emulated: true
          failed_starts: 1
          workloads: [{name: write, op_rate: 1234.0, latency_mean_ms: 40.2, latency_p99_ms: 120.5, valid: true}]
      ignore_errors: true
    - name: An event as a fact
      ansible.builtin.set_fact:
        bench_event: {event: interval, cluster: fact, workload: read, elapsed_s: 5, line: ""}
    - name: Results of other tasks
      ansible.builtin.debug:
        msg: katabench_event
    - name: An event by another name
      ansible.builtin.debug:
        var: katabench_event
      vars:
        katabench_event: not a dictionary
    - name: Summary
      say_event:
        event:
          event: summary
          run_id: r1
          report: results/r1/report.html
          verdict: runc costs nothing.
          problems: [{cell: two/block-01/runc, class: node-lost, sentence: node 2 died}]
          clusters:
            - cluster: one
              rows: ["{{ row | combine({'valid': true, 'replicates_valid': 1, 'emulated': true}) }}"]
              starts: [{arm: runc, emulated: true, starts: 3, failed: 1, causes: [node 2 did not answer]}]
            - cluster: two
              rows: ["{{ row }}"]
      vars:
        row: {workload: write, arm: runc, runtime: runc, op_rate: 1234.0, latency_mean_ms: 40.2, latency_p99_ms: 120.5,
              ratio: 1.0, ratio_low: null, ratio_high: null, change_percent: 0.0, blocks: 1, replicates: 1,
              replicates_valid: 0, valid: false, sentence: node 2 died}
      run_once: true
"""

EXPECTED = [
    "campaign r1: 2 cells; arms runc; workloads write; baseline runc; in results/r1",
    "one: cell 1 of 1 runc block 1: load",
    "two: cell 1 of 1 runc block 1: load",
    "one: cell 1 of 1 runc block 1: write 10 s: 12,345 operations, 1,234 op/s",
    "two: cell 1 of 1 runc block 1: write 10 s: 12,345 operations, 1,234 op/s",
    "one: cell 1 of 1 runc block 1 done under software emulation after 1 failed start: "
    "write 1,234 op/s, mean 40.2 ms, p99 120.5 ms",
    "two: cell 1 of 1 runc block 1 does not count: node 2 died",
    "fact: cell: read 5 s: no line from the loader yet",
    "workload arm op/s mean ms p99 ms op/s to runc change valid",
    "write runc (emulated) 1,234 40.2 120.5 1.000 +0.0 % 1 of 1",
    "runc (emulated): 1 of 3 starts of a node failed",
    "write runc 1,234 40.2 120.5 1.000 +0.0 % no, 0 of 1",
    "verdict: runc costs nothing.",
    "problem: two/block-01/runc: node-lost: node 2 died",
    "report: results/r1/report.html",
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project" / "action_plugins").mkdir(parents=True)
    (tmp_path / "project" / "action_plugins" / "say_event.py").write_text(SAY_EVENT)
    (tmp_path / "project" / "play.yml").write_text(PLAYBOOK)
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "hosts").write_text(INVENTORY)
    return tmp_path


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("PATH", f"{BIN}:{os.environ['PATH']}")
    return {
        "ANSIBLE_CONFIG": str(CLONE / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "PATH": os.environ["PATH"],
    }


def assert_shown(text: str) -> None:
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert [line for line in EXPECTED if line not in lines] == []
    # A callback that raises costs a warning, so there must be none.
    assert [line for line in lines if "WARNING" in line or "Traceback" in line or "callback" in line.lower()] == []


@pytest.mark.parametrize("options", [[], ["--check"], ["--forks", "1"]])
def test_under_ansible_playbook(project: Path, environment: dict[str, str], options: list[str]) -> None:
    run = subprocess.run(
        ["ansible-playbook", "-i", "inventory/hosts", "project/play.yml", *options],
        cwd=project,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stderr == ""
    assert "\x1b" not in run.stdout
    assert_shown(run.stdout)


def test_under_ansible_runner(project: Path, environment: dict[str, str]) -> None:
    run = run_with_runner(project, environment)
    assert run.rc == 0
    assert_shown(run.stdout.read())


def test_switched_off_it_says_nothing(project: Path, environment: dict[str, str]) -> None:
    run = run_with_runner(project, environment | {"ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.junit"})
    assert run.rc == 0
    assert "verdict" not in run.stdout.read()


def run_with_runner(project: Path, environment: dict[str, str]) -> ansible_runner.Runner:
    return ansible_runner.run(
        private_data_dir=str(project),
        playbook="play.yml",
        envvars=environment,
        quiet=True,
    )
