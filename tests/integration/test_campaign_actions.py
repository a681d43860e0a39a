# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The campaign's actions in real runs: opened, its cells recorded from real stress logs, and taken up again."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.katabench.scylla.tests.integration.conftest import CLONE, run_in

LOGS = CLONE / "tests" / "data" / "stress-logs"

OPEN = """\
---
- name: Open a campaign
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Open
      katabench.scylla.campaign_open:
        results_dir: results
        run_id: "{{ run_id | default(omit) }}"
        settings: "{{ settings }}"
        clusters: [db1]
      register: answer
    - name: Write the answer where the test finds it
      ansible.builtin.copy:
        content: "{{ answer | to_json }}"
        dest: "{{ playbook_dir }}/answer.json"
        mode: "0600"
      check_mode: false
      diff: false
"""

RECORD = """\
---
- name: Record a cell
  hosts: localhost
  gather_facts: false
  vars:
    workload:
      operation: write
      command: cassandra-stress
      tool: {name: cassandra-stress, version: 3.11.4}
      rc: 0
      timed_out: false
      started_at: "2026-11-22T12:00:00Z"
      finished_at: "2026-11-22T12:00:15Z"
      nodes_before: "{{ nodes }}"
      nodes_after: "{{ nodes }}"
      asked: "{{ asked }}"
    nodes:
      datacenters: [datacenter1]
      total: 2
      up_normal: 2
      nodes:
        - &node
          {dc: datacenter1, status: U, state: N, address: 172.18.0.2, load_bytes: 104448, tokens: 16, owns: null,
           host_id: a, rack: rack1}
        - {<<: *node, address: 172.18.0.3, host_id: b}
    parity_node: {kernel_release: 6.1.0, cpus: 1.0, memory_mib: 2048, data_filesystem: ext4}
    facts:
      arm: {name: runc, runtime: runc}
      engine: {name: cassandra, version: 5.0.6}
      image: {reference: database, id: null, digest: null, source: embedded}
      host: {cpu_model: x}
      cluster: {nodes: 2, node_cpus: 1, node_memory_mib: 2048}
      parity:
        nodes:
          - "{{ parity_node | combine({'node': 'n1'}) }}"
          - "{{ parity_node | combine({'node': 'n2'}) }}"
      parity_band: 0.25
      workloads:
        - "{{ workload | combine({'name': 'write'}) }}"
        - "{{ workload | combine({'name': 'read', 'operation': 'read'}) }}"
      started_at: "2026-11-22T12:00:00Z"
      finished_at: "2026-11-22T12:02:00Z"
  tasks:
    - name: Record
      katabench.scylla.cell_record:
        campaign_dir: "{{ campaign_dir }}"
        cell: "{{ cell }}"
        facts: "{{ facts | combine(more | default({})) }}"
      register: answer
    - name: Write the answer where the test finds it
      ansible.builtin.copy:
        content: "{{ answer | to_json }}"
        dest: "{{ playbook_dir }}/answer.json"
        mode: "0600"
      check_mode: false
"""

BLOCK = """\
---
- name: Open a block
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Open
      katabench.scylla.block_open:
        campaign_dir: "{{ campaign_dir }}"
        cluster: db1
        block: "{{ block }}"
        again: "{{ again | default(false) }}"
      register: answer
    - name: Write the answer where the test finds it
      ansible.builtin.copy:
        content: "{{ answer | to_json }}"
        dest: "{{ playbook_dir }}/answer.json"
        mode: "0600"
      check_mode: false
"""

SETTINGS = {
    "profile": "local",
    "arms": [{"name": "runc", "runtime": "runc"}, {"name": "gvisor", "runtime": "gvisor"}],
    "workloads": [{"name": "write", "operations": 20000}, {"name": "read", "operations": 20000}],
    "replicates": 1,
    "baseline": "runc",
}
ASKED = {
    "operations": 20000,
    "duration_s": None,
    "threads": 50,
    "rate": {"mode": "closed", "ops_per_s": None},
    "error_limit": 0,
    "littles_law_band": 0.15,
}


@pytest.fixture
def play(tmp_path: Path):
    """Run a playbook in an empty folder; return what its action answered, or the output of a run that failed."""

    def run(playbook: str, *options: str, **variables: Any) -> Any:
        (tmp_path / "play.yml").write_text(playbook)
        (tmp_path / "answer.json").unlink(missing_ok=True)
        inventory = ["-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}"]
        command = ["ansible-playbook", "play.yml", *inventory, "-e", json.dumps(variables), *options]
        ended = run_in(tmp_path, *command, ANSIBLE_CONFIG=str(CLONE / "ansible.cfg"))
        if ended.returncode:
            return ended.stdout + ended.stderr
        return json.loads((tmp_path / "answer.json").read_text()) | {"stdout": ended.stdout}

    return run


def put_logs(opened: dict[str, Any], cell: dict[str, Any], **samples: str) -> None:
    for workload, sample in samples.items():
        folder = Path(opened["dir"]) / "cells" / cell["id"] / "raw" / workload
        folder.mkdir(parents=True)
        for stream in ("stdout", "stderr"):
            shutil.copy(LOGS / sample / stream, folder / stream)


def record(play, opened, cell, **variables):
    return play(RECORD, campaign_dir=opened["dir"], cell=cell, **{"asked": ASKED, **variables})


def states(opened: dict[str, Any]) -> list[str]:
    return [cell["state"] for cell in opened["cells"]]


def test_an_interrupted_campaign_goes_on_with_the_same_command(play, tmp_path):
    opened = play(OPEN, settings=SETTINGS)
    assert states(opened) == ["todo", "todo"]
    assert opened["dir"] == str(tmp_path / "results" / opened["run_id"])
    assert opened["katabench_event"] == {
        "event": "plan",
        "run_id": opened["run_id"],
        "dir": opened["dir"],
        "resumed": False,
        "arms": ["runc", "gvisor"],
        "workloads": ["write", "read"],
        "baseline": "runc",
        "cells": [{"id": cell["id"], "cluster": "db1", "state": "todo"} for cell in opened["cells"]],
    }
    first, second = opened["cells"]

    # The figures are those that tests/data/stress-logs/{write,read}/stdout print.
    put_logs(opened, first, write="write", read="read")
    recorded = record(play, opened, first)
    assert (recorded["valid"], recorded["failures"]) == (True, [])
    assert recorded["katabench_event"] == {
        "event": "record",
        "cell": first["id"],
        "cluster": "db1",
        "arm": first["arm"],
        "block": 1,
        "valid": True,
        "sentence": None,
        "emulated": False,
        "failed_starts": 0,
        "workloads": [
            {"name": "write", "op_rate": 1453, "latency_mean_ms": 33.6, "latency_p99_ms": 231.7, "valid": True},
            {"name": "read", "op_rate": 1312, "latency_mean_ms": 36.3, "latency_p99_ms": 307.8, "valid": True},
        ],
    }
    stored = json.loads(Path(recorded["path"]).read_text())
    assert stored["run_id"] == opened["run_id"]
    assert stored["workloads"][0]["elapsed_s"] == 15
    assert stored["workloads"][0]["raw"]["stdout"]["path"] == f"cells/{first['id']}/raw/write/stdout"

    # The second cell is interrupted in its first workload.
    put_logs(opened, second, write="node-down-fails")
    again = play(OPEN, settings=SETTINGS)
    assert (again["run_id"], again["resumed"], again["changed"]) == (opened["run_id"], True, True)
    assert states(again) == ["done", "todo"]
    assert again["attempts_kept"] == [second["id"]]
    assert (Path(opened["dir"]) / "attempts" / second["id"] / "1" / "raw" / "write" / "stdout").exists()
    assert not (Path(opened["dir"]) / "cells" / second["id"]).exists()

    refused = play(OPEN, settings={**SETTINGS, "replicates": 2}, run_id=opened["run_id"])
    assert "replicates: then 1, now 2" in refused


def test_what_a_cell_ran_in_and_how_its_nodes_came_up_is_recorded_and_told(play):
    opened = play(OPEN, settings=SETTINGS)
    cell = opened["cells"][0]
    put_logs(opened, cell, write="write", read="read")
    cause = "Node n2 did not answer CQL within 600 s."
    more = {
        "sandbox": {"accelerator": "tcg", "guest_kernel": "6.1.0", "hypervisor": {"version": "QEMU 2.11.0"}},
        "starts": [
            {"node": "n1", "attempt": 1, "elapsed_s": 183.2, "failed": False, "sentence": None, "last_words": []},
            {"node": "n2", "attempt": 1, "elapsed_s": 600.0, "failed": True, "sentence": cause, "last_words": ["x"]},
            {"node": "n2", "attempt": 2, "elapsed_s": 252.9, "failed": False, "sentence": None, "last_words": []},
        ],
    }
    recorded = record(play, opened, cell, more=more)
    assert recorded["valid"]
    assert recorded["marks"] == [
        "ran under software emulation (QEMU 2.11.0 without KVM): its figures say how it behaves, not what it costs",
        f"node n2 started at attempt 2: {cause}",
    ]
    assert (recorded["katabench_event"]["emulated"], recorded["katabench_event"]["failed_starts"]) == (True, 1)
    stored = json.loads(Path(recorded["path"]).read_text())
    assert {key: stored[key] for key in more} == more

    refused = record(play, opened, cell, more={"sandbox": {"profile": "kata"}})
    assert "at $.sandbox, 'accelerator' is a required property" in " ".join(refused.split())


def test_a_cell_that_looks_green_over_a_failed_load_does_not_count_and_runs_anew(play):
    opened = play(OPEN, settings=SETTINGS, run_id="r1")
    first = opened["cells"][0]
    put_logs(opened, first, write="node-down-ignored", read="read")
    recorded = record(play, opened, first, asked={**ASKED, "operations": None, "duration_s": 25, "threads": 20})
    assert not recorded["valid"]
    assert "errors" in {failure["class"] for failure in recorded["failures"]}
    assert recorded["katabench_event"]["sentence"].startswith("write: ")
    again = play(OPEN, settings=SETTINGS, run_id="r1")
    assert states(again) == ["todo", "todo"]
    assert (Path(opened["dir"]) / "attempts" / first["id"] / "1" / "record.json").exists()


def test_the_ladder_gets_its_rates_from_the_pilot(play):
    rung = {"name": "read@0.5", "duration_s": 15, "rate": {"mode": "fixed", "of": "read", "fraction": 0.5}}
    settings = {**SETTINGS, "workloads": [*SETTINGS["workloads"], rung]}
    opened = play(OPEN, settings=settings)
    pilot = [cell for cell in opened["cells"] if cell["block"] == 0]
    assert sorted(cell["arm"] for cell in pilot) == ["gvisor", "runc"]
    refused = play(BLOCK, campaign_dir=opened["dir"], block=1)
    assert "no arm's pilot (block-00) counts" in " ".join(refused.split())

    for cell in pilot:
        put_logs(opened, cell, write="write", read="read")
        recorded = record(play, opened, cell)
        assert recorded["valid"], recorded["failures"]
    block = play(BLOCK, campaign_dir=opened["dir"], block=1)
    assert [cell["arm"] for cell in block["cells"]] == [cell["arm"] for cell in opened["cells"] if cell["block"] == 1]
    assert block["workloads"][2]["rate"]["ops_per_s"] == 656  # half of the 1,312 that the log prints
    assert play(BLOCK, campaign_dir=opened["dir"], block=0)["cells"] == []
    assert play(BLOCK, "--check", campaign_dir=opened["dir"], block=1)["skipped"]


def test_a_disturbed_cell_counts_and_can_be_asked_for_again(play):
    opened = play(OPEN, settings={**SETTINGS, "quiet": {"steal_share": 0.02}, "disturbed": "repeat"})
    cell = opened["cells"][0]
    put_logs(opened, cell, write="write", read="read")
    noisy = {"settled": False, "cpu_busy_share": 0.1, "steal_share": 0.3, "busiest": []}
    recorded = record(play, opened, cell, more={"quiet": noisy})
    assert recorded["valid"]
    assert len(recorded["marks"]) == 1
    assert "30" in recorded["marks"][0]
    again = play(BLOCK, campaign_dir=opened["dir"], block=1, again=True)
    assert [one["id"] for one in again["cells"]] == [cell["id"]]
    assert (Path(opened["dir"]) / "attempts" / cell["id"] / "1" / "record.json").exists()


def test_check_mode_writes_nothing(play, tmp_path):
    opened = play(OPEN, "--check", "--diff", settings=SETTINGS)
    assert opened["changed"]
    assert states(opened) == ["todo", "todo"]
    assert '+  "replicates": 1' in "\n".join(line.replace("    ", "  ", 1) for line in opened["stdout"].splitlines())
    assert record(play, opened, opened["cells"][0])
    assert not (tmp_path / "results" / opened["run_id"] / "cells").exists()


def test_bad_input_is_refused_in_sentences(play, tmp_path):
    refused = play(OPEN, settings={**SETTINGS, "arm_catalogue_names": ["runc", "kata"], "replicates": 0})
    assert "There is no arm 'gvisor': there are runc, kata." in refused
    assert "The number of replicates is 0" in refused
    assert "Traceback" not in refused
    assert not (tmp_path / "results").exists()
