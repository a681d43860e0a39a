# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The filters through Jinja, in real plays: results fit for assert, plain types, errors that say where."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CLONE = Path(__file__).parents[2]
LOGS = CLONE / "tests" / "data" / "stress-logs"
STATUS = """\
Datacenter: dc1
===============
Status=Up/Down
|/ State=Normal/Leaving/Joining/Moving
--  Address     Load       Tokens  Owns    Host ID                               Rack
UN  172.17.0.3  544 KiB    256     50.2%   c507a447-27e1-4ac0-abc5-2ce8e1630347  rack1
UN  172.17.0.2  260 KiB    256     49.8%   28a154db-d235-4daa-b86c-5d92a58d6bc9  rack1
"""


def play(tmp_path, tasks, **variables):
    playbook = tmp_path / "play.yml"
    playbook.write_text(
        f"---\n- name: Use the filters\n  hosts: localhost\n  gather_facts: false\n  tasks:\n{tasks}", encoding="utf-8"
    )
    extra = tmp_path / "extra.json"
    extra.write_text(json.dumps(variables), encoding="utf-8")
    return subprocess.run(
        [
            Path(sys.executable).parent / "ansible-playbook",
            "-i",
            "localhost,",
            "-c",
            "local",
            "-e",
            f"@{extra}",
            playbook,
        ],
        cwd=CLONE,
        env=os.environ | {"ANSIBLE_LOCALHOST_WARNING": "false", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_stress_log_from_a_command_can_be_asserted_on(tmp_path):
    done = play(
        tmp_path,
        """\
    - name: Print a log
      ansible.builtin.command: cat {{ log }}
      register: load
      changed_when: false
    - name: Judge it
      ansible.builtin.assert:
        that:
          - result.outcome == 'results'
          - result.terminator == 'END'
          - result.blocks | length == 1
          - result.blocks[0].total.op_rate > 1223 + 200
          - result.blocks[0].ops.READ.latency_p99_ms == 233.3
          - result.blocks[0].ops.WRITE.total_partitions is integer
          - result.blocks[0].gc.avg_ms is none
          - result.intervals | selectattr('type', 'equalto', 'total') | map(attribute='total_ops') | max == 15000
          - (load.stdout | katabench.scylla.cassandra_stress(max_intervals=6)).intervals | length == 6
      vars:
        result: "{{ load.stdout | katabench.scylla.cassandra_stress }}"
    - name: Keep it as JSON
      ansible.builtin.copy:
        content: "{{ load.stdout | katabench.scylla.cassandra_stress | to_json }}"
        dest: "{{ playbook_dir }}/result.json"
        mode: "0600"
""",
        log=str(LOGS / "mixed" / "stdout"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert result["running"] == {
        "operations": ["WRITE", "READ"],
        "threads": 50,
        "iterations": 15000,
        "duration_s": None,
    }


def test_a_status_can_be_asserted_on(tmp_path):
    done = play(
        tmp_path,
        """\
    - name: Judge it
      ansible.builtin.assert:
        that:
          - cluster.total == 2
          - cluster.up_normal == 2
          - cluster.nodes | map(attribute='load_bytes') | sum == 823296
          - cluster.nodes | map(attribute='owns') | sum == 100.0
          - cluster.nodes | map(attribute='dc') | unique == cluster.datacenters
      vars:
        cluster: "{{ status | katabench.scylla.nodetool_status }}"
""",
        status=STATUS,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("expression", "text", "words"),
    [
        (
            "text | katabench.scylla.cassandra_stress",
            (LOGS / "write" / "stdout").read_text(encoding="utf-8").replace("33.6 ms [", "33.6 hours [", 1),
            ["cassandra_stress: line 107: latency mean: no number in ms was found in '33.6 hours [WRITE: 33.6 ms]'"],
        ),
        ("text | katabench.scylla.cassandra_stress", {"stdout": ""}, ["the input is of type", "not str"]),
        ("text | katabench.scylla.cassandra_stress(max_intervals='all')", "", ["max_intervals is of type", "not int"]),
        ("text | katabench.scylla.cassandra_stress(max_intervals=0)", "", ["max_intervals is 0"]),
        ("text | katabench.scylla.nodetool_status", "nodetool: refused", ["it says: nodetool: refused"]),
        ("text | katabench.scylla.nodetool_status", STATUS.replace("260 KiB", "much"), ["line 7: the load is neither"]),
        ("text | katabench.scylla.nodetool_status", [STATUS], ["the input is of type", "not str"]),
    ],
)
def test_an_error_says_what_is_wrong_and_where(tmp_path, expression, text, words):
    done = play(
        tmp_path,
        f"""\
    - name: Read it
      ansible.builtin.debug:
        msg: "{{{{ {expression} }}}}"
""",
        text=text,
    )
    assert done.returncode == 2
    said = " ".join((done.stdout + done.stderr).split())
    for part in words:
        assert part in said


def test_what_a_node_says_and_how_a_load_runs_can_be_asserted_on(tmp_path):
    done = play(
        tmp_path,
        """\
    - name: Require what the nodes' and the load's filters say
      ansible.builtin.assert:
        that:
          - (engine | katabench.scylla.database_engine).name == 'cassandra'
          - (engine | katabench.scylla.database_engine).version == '5.0.6'
          - (resources | katabench.scylla.node_resources).cpus == 1.5
          - (resources | katabench.scylla.node_resources).memory_mib == 1024
          - (workload | katabench.scylla.stress_run(['n1', 'n2'])).argv[:6]
            == ['cassandra-stress', 'write', 'no-warmup', 'n=10', '-node', 'n1,n2']
    - name: Refuse a workload that cannot run
      ansible.builtin.debug:
        msg: "{{ workload | combine({'threads': 0}) | katabench.scylla.stress_run(['n1']) }}"
""",
        engine="ReleaseVersion: 5.0.6",
        resources=(
            "node n1\nkernel_release 6.1\nmemory_total_kib 2097152\nmemory_limit_bytes 1073741824\n"
            "data_filesystem ext4\nprocessors 2\ncpu_quota 150000 100000\n"
        ),
        workload={"name": "write", "operations": 10, "threads": 4},
    )
    assert "ok=1" in done.stdout, done.stdout
    assert "workload write: threads is 0; it has to be greater than 0" in " ".join((done.stdout + done.stderr).split())


KATA_SEEN = {
    "inside": "kernel_release 6.1.0\nboot_id b\nmemory_total_kib 468168\nprocessors 1\n",
    "host": "kernel_release 6.18.44\nboot_id a\nmemory_total_kib 24684084\nprocessors 2\n",
    "processes": [{"pid": 7, "program": "/usr/bin/qemu-system-x86_64", "command": "qemu", "kvm": False, "taps": []}],
    "mark": "proof-abc",
    "answer": "proof-abc",
    "left": {"processes": [], "mounts": [], "namespace": ""},
}


def test_the_proof_of_a_virtual_machine_can_be_asserted_on(tmp_path):
    done = play(
        tmp_path,
        """\
    - name: Require what the proof's filters say
      ansible.builtin.assert:
        that:
          - judged.faults == ['Its interface eth0 is missing.']
          - judged.notes == []
          - judged.profile.accelerator == 'tcg'
          - judged.profile.memory_mib == 457
          - (seen.processes | katabench.scylla.kata_hypervisor).program == '/usr/bin/qemu-system-x86_64'
          - '[] | katabench.scylla.kata_hypervisor is none'
      vars:
        judged: "{{ seen | katabench.scylla.kata_proof({'/a.toml': configuration}) }}"
    - name: Refuse a configuration that cannot be read
      ansible.builtin.debug:
        msg: "{{ seen | katabench.scylla.kata_proof({'/a.toml': '[hypervisor'}) }}"
""",
        seen=KATA_SEEN,
        configuration="[hypervisor.qemu]\ndefault_memory = 512\n",
    )
    assert "ok=1" in done.stdout, done.stdout + done.stderr
    assert "/a.toml cannot be read as TOML" in " ".join((done.stdout + done.stderr).split())


def test_what_was_merged_into_dockers_configuration_is_taken_out_again(tmp_path):
    done = play(
        tmp_path,
        """\
    - name: Judge it
      ansible.builtin.assert:
        that:
          - "(merged.config | from_json).runtimes == {'theirs': {'path': '/t'}, 'ours': {'path': '/o'}}"
          - merged.restart_needed == []
          - "removed.config | from_json == {'debug': true, 'runtimes': {'theirs': {'path': '/t'}}}"
          - removed.ledger == ''
      vars:
        before: '{"debug": true, "runtimes": {"theirs": {"path": "/t"}}}'
        merged: "{{ before | katabench.scylla.daemon_config_merge(runtimes={'ours': {'path': '/o'}}) }}"
        gone: [ours, theirs]
        removed: "{{ merged.config | katabench.scylla.daemon_config_remove(merged.ledger, runtimes=gone) }}"
""",
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("'{' | katabench.scylla.daemon_config_merge", "is not JSON: line 1, column 2"),
        ("1 | katabench.scylla.daemon_config_merge", "text is of type int, not str"),
        ("'{}' | katabench.scylla.daemon_config_remove('', runtimes='ours')", "runtimes is of type str, not list"),
        ("{'arms': ['runc'], 'workloads': ['write'], 'replicates': 0, 'baseline': 'runc'}"
         " | katabench.scylla.bench_plan(['localhost'])", "The number of replicates is 0"),
        ("['a'] | katabench.scylla.bench_clusters({'a': {'bench_cluster': 'c', 'bench_role': 'laoder'}}, 1)",
         "bench_role of a is 'laoder'; expected is one of node, loader."),
        ("{} | katabench.scylla.stress_outcome([])", "takes a list of how each loader ended, not []"),
        ("{} | katabench.scylla.stress_outcome([{}])", "what a loader left has no key 'exit_status'"),
        ("{'node': ''} | katabench.scylla.attribution_probes('image')", "what was said has no key 'loader'"),
        ("[{'name': 'r', 'ladder': 0.5}] | katabench.scylla.ladder_workloads", "The ladder of the workload 'r' is 0.5"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named(tmp_path, expression, sentence):
    done = play(tmp_path, f'    - name: Use it\n      ansible.builtin.debug:\n        msg: "{{{{ {expression} }}}}"\n')
    assert done.returncode != 0
    assert sentence in " ".join((done.stdout + done.stderr).split())


def test_a_plan_is_lines(tmp_path):
    done = play(
        tmp_path,
        """\
    - name: Judge it
      ansible.builtin.assert:
        that:
          - "plan[0] == '4 cells: clusters 1, blocks 2, arms 2'"
          - "plan[1] == 'workloads of a cell, in order: write'"
          - plan | length == 4
      vars:
        asked: {arms: [runc, gvisor], workloads: [write], replicates: 2, baseline: runc}
        plan: "{{ asked | katabench.scylla.bench_plan(['localhost']) }}"
""",
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_load_of_two_loaders_on_a_cluster_of_three_hosts_can_be_asserted_on(tmp_path):
    done = play(
        tmp_path,
        """\
    - name: Judge it
      ansible.builtin.assert:
        that:
          - cluster.lead == 'db1'
          - cluster.loaders == ['load1', 'load2']
          - cluster.placement | map(attribute='address') == ['192.0.2.11']
          - outcome.rc == 1
          - outcome.loaders | map(attribute='rc') == [0, 1]
          - outcome.start_at_s == 1700000000
          - rungs | map(attribute='name') == ['read@0.5', 'read@0.9']
      vars:
        loader: {bench_cluster: three, bench_role: loader}
        hosts:
          db1: {bench_cluster: three, ansible_host: 192.0.2.11}
          load1: "{{ loader | combine({'ansible_host': '192.0.2.21'}) }}"
          load2: "{{ loader | combine({'ansible_host': '192.0.2.22'}) }}"
        cluster: "{{ (hosts | list | katabench.scylla.bench_clusters(hosts, 1)).three }}"
        run: "{{ {'name': 'w', 'operations': 10, 'threads': 2} | katabench.scylla.stress_run(['db'], loaders=2) }}"
        end: {interrupted: false, timed_out: false, started_at: a, finished_at: b, elapsed_s: 1.0}
        ends:
          - "{{ end | combine({'loader': 'load1', 'exit_status': 0}) }}"
          - "{{ end | combine({'loader': 'load2', 'exit_status': 1}) }}"
        outcome: "{{ run | katabench.scylla.stress_outcome(ends, 1700000000) }}"
        read: {name: read, operation: read, operations: 10, threads: 2}
        ladder: {name: r, operation: read, duration_s: 8, threads: 2, ladder: {of: read, fractions: [0.5, 0.9]}}
        rungs: "{{ ([read, ladder] | katabench.scylla.ladder_workloads)[1:] }}"
""",
    )
    assert done.returncode == 0, done.stdout + done.stderr
