# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The filters that judge a host and its nodes through Jinja, in real plays: what they say, and what they refuse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CLONE = Path(__file__).parents[2]
NODE = {"node": "n1", "kernel_release": "6.1.0", "cpus": 1.0, "memory_mib": 2048, "data_filesystem": "ext4"}
ASKED = {"cpus": 2, "memory_mib": 2048}
BUSY = {"cpu_busy_share": 0.5, "busiest": [{"name": "java", "cpus": 1.0}]}
RUNNING = "concurrent compactors   2\npending tasks   3\npending tasks: 0\n"


def evaluate(tmp_path, expression, **variables):
    playbook, extra, answer = (tmp_path / name for name in ("play.yml", "extra.json", "answer.json"))
    playbook.write_text(
        "---\n- name: Use a filter\n  hosts: localhost\n  gather_facts: false\n  tasks:\n"
        "    - name: Write what it returns\n      ansible.builtin.copy:\n"
        f'        content: "{{{{ {expression} | ansible.builtin.to_json }}}}"\n        dest: "{answer}"\n'
        '        mode: "0600"\n',
        encoding="utf-8",
    )
    extra.write_text(json.dumps(variables), encoding="utf-8")
    done = subprocess.run(
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
    return done, json.loads(answer.read_text()) if done.returncode == 0 else None


@pytest.mark.parametrize(
    ("expression", "variables", "expected"),
    [
        ("text | katabench.scylla.nodetool_compactionstats", {"text": RUNNING},
         {"reports": 2, "pending": 3, "running": 0, "outstanding": 3}),
        ("quiet | katabench.scylla.quiet_faults({'cpu_busy_share': none})", {"quiet": BUSY}, []),
        ("quiet | katabench.scylla.quiet_faults", {"quiet": BUSY},
         ["The host was 50% busy before the cell (busiest: java 1 CPUs); at most 10% is allowed: end what else runs "
          "there."]),
        ("nodes | katabench.scylla.parity_faults(asked, 0.1)", {"nodes": [NODE], "asked": ASKED},
         ["n1 has 1 CPUs where 2 were asked for (band 10%)."]),
    ],
)  # fmt: skip
def test_what_a_filter_says(tmp_path, expression, variables, expected):
    done, answer = evaluate(tmp_path, expression, **variables)
    assert answer == expected, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("expression", "variables", "says"),
    [
        ("text | katabench.scylla.nodetool_compactionstats", {"text": "nodetool: refused"}, "nodetool: refused"),
        ("quiet | katabench.scylla.quiet_faults({'steal': 1})", {"quiet": BUSY}, "There is no threshold 'steal'"),
        ("quiet | katabench.scylla.quiet_faults", {"quiet": "quiet"}, "what the module host_quiet returned"),
        ("nodes | katabench.scylla.parity_faults({'cpus': 1}, 0.1)", {"nodes": [NODE]}, "cpus and memory_mib are"),
        ("nodes | katabench.scylla.parity_faults(asked, 0.1)", {"nodes": [{"node": "n1"}], "asked": ASKED},
         "a node lacks cpus"),
    ],
)  # fmt: skip
def test_what_a_filter_refuses(tmp_path, expression, variables, says):
    done, _answer = evaluate(tmp_path, expression, **variables)
    assert done.returncode != 0
    assert says in " ".join((done.stdout + done.stderr).split())
