# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The filters for Kata's configuration through Jinja, in real plays: what is written, --diff, errors that say where."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

CLONE = Path(__file__).parents[2]
CONFIGS = CLONE / "tests" / "data" / "kata-config"
WRITE = """\
    - name: Write it
      ansible.builtin.copy:
        content: "{{ lookup('ansible.builtin.file', source, rstrip=false) | EXPRESSION }}"
        dest: "{{ playbook_dir }}/configuration.toml"
        mode: "0600"
"""


def play(tmp_path, tasks, *arguments, **variables):
    playbook = tmp_path / "play.yml"
    playbook.write_text(
        f"---\n- name: Use the filters\n  hosts: localhost\n  gather_facts: false\n  tasks:\n{tasks}", encoding="utf-8"
    )
    extra = tmp_path / "extra.json"
    extra.write_text(json.dumps(variables), encoding="utf-8")
    ansible_playbook = Path(sys.executable).parent / "ansible-playbook"
    return subprocess.run(
        [ansible_playbook, "-i", "localhost,", "-c", "local", "-e", f"@{extra}", *arguments, playbook],
        cwd=CLONE,
        env=os.environ | {"ANSIBLE_LOCALHOST_WARNING": "false", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def write(tmp_path, expression, version, *arguments, **variables):
    done = play(
        tmp_path,
        WRITE.replace("EXPRESSION", expression),
        *arguments,
        source=str(CONFIGS / f"{version}.toml"),
        **variables,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done, tmp_path / "configuration.toml"


def test_qemu_lite_changes_one_line_and_a_second_run_none(tmp_path):
    changes = {"hypervisor.qemu.path": "/usr/bin/qemu-lite-system-x86_64"}
    expression = "katabench.scylla.toml_merge(changes, source=source)"
    before = (CONFIGS / "1.11.toml").read_text(encoding="utf-8")

    first, written = write(tmp_path, expression, "1.11", "--diff", changes=changes)
    assert written.read_text(encoding="utf-8") == before.replace("/usr/bin/qemu-system", "/usr/bin/qemu-lite-system", 1)
    assert 'path = "/usr/bin/qemu-lite-system-x86_64"' in first.stdout
    second, _ = write(tmp_path, expression, "1.11", "--diff", changes=changes)
    assert "changed=0" in second.stdout


def test_what_vars_give_is_written_with_their_types(tmp_path):
    changes = [
        {"hypervisor.qemu": {"default_vcpus": "{{ 2 + 2 }}", "enable_iothreads": True, "kernel_params": None}},
        {"hypervisor": {"qemu": {"enable_annotations": ["{{ 'a' ~ 'b' }}"]}}},
    ]
    _, written = write(tmp_path, "katabench.scylla.toml_merge(changes)", "1.11", changes=changes)
    qemu = tomllib.loads(written.read_text(encoding="utf-8"))["hypervisor"]["qemu"]
    assert (qemu["default_vcpus"], qemu["enable_iothreads"], qemu["enable_annotations"]) == (4, True, ["ab"])
    assert "kernel_params" not in qemu


def test_a_drop_in_for_the_rust_runtime(tmp_path):
    _, written = write(
        tmp_path,
        "katabench.scylla.toml_fragment(changes | katabench.scylla.kata_settings('rust', '4.1.0', "
        "base_text=lookup('ansible.builtin.file', source, rstrip=false), sysctls=sysctls))",
        "rust-4",
        changes=[
            {"hypervisor.qemu.default_vcpus": 4},
            {"agent.kata.dial_timeout": 60, "factory.enable_template": True},
        ],
        sysctls={"fs.aio-max-nr": 1048576},
    )
    assert written.read_text(encoding="utf-8") == (
        "# Written by katabench.scylla from kata_config and kata_profiles; change it there.\n"
        "\n"
        "[hypervisor.qemu]\n"
        'kernel_params = "sysctl.fs.aio-max-nr=1048576"\n'
        "default_vcpus = 4\n"
        "\n"
        "[hypervisor.qemu.factory]\n"
        "enable_template = true\n"
        "\n"
        "[agent.kata]\n"
        "reconnect_timeout_ms = 60000\n"
    )


# What is used on what text, and what it says.
REFUSED = [
    ("toml_merge({'a': '1'}, source='/k.toml')", "a = 1", "toml_merge: /k.toml, line 1: 'a'"),
    ("toml_merge({}, source='/k.toml')", "a = ", "/k.toml is not TOML: line 1, column 5"),
    ("toml_merge({})", ["a"], "toml_merge: the input is of type"),
    ("toml_merge('a')", "", "toml_merge: changes is neither a dictionary nor a list of"),
    ("toml_merge([{}, 'a'])", "", "toml_merge: changes is neither a dictionary nor a list"),
    ("toml_fragment({'a': none})", "a = 1", "toml_fragment: configuration.toml, line 1: 'a'"),
    ("toml_fragment({})", 4, "toml_fragment: the input is of type"),
    ("toml_fragment(4)", "", "toml_fragment: changes is neither a dictionary nor a list"),
    ("kata_settings('rust', '4.1.0')", {"proxy.kata.path": ""}, "kata_settings: 'proxy.kata"),
    ("kata_settings('go', '4.1.0')", "", "kata_settings: the input is neither a dictionary"),
    ("kata_settings('go', 4.1)", {}, "kata_settings: version is of type"),
    ("kata_settings('go', '4.1.0', base_text=[])", {}, "kata_settings: base_text is of type"),
    ("kata_settings('go', '4.1.0', sysctls='a')", {}, "kata_settings: sysctls is of type"),
    (
        "kata_settings('go', '4.1.0', base_text='', sysctls={'a': 1})",
        {},
        "kata_settings: the kernel setting 'a' is no name",
    ),
]


def test_an_error_says_what_is_wrong_and_where(tmp_path):
    tasks = "".join(
        f"""\
    - name: Be refused
      block:
        - name: Use it
          ansible.builtin.debug:
            msg: "{{{{ texts[{number}] | katabench.scylla.{expression} }}}}"
      rescue:
        - name: Note what it says
          ansible.builtin.set_fact:
            said: "{{{{ said | default({{}}) | combine({{'{number}': ansible_failed_result.msg}}) }}}}"
"""
        for number, (expression, _, _) in enumerate(REFUSED)
    )
    keep = """\
    - name: Keep it
      ansible.builtin.copy:
        content: "{{ said | to_json }}"
        dest: "{{ playbook_dir }}/said.json"
        mode: "0600"
"""
    done = play(tmp_path, tasks + keep, texts=[text for _, text, _ in REFUSED])
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads((tmp_path / "said.json").read_text(encoding="utf-8"))
    for number, (_, _, words) in enumerate(REFUSED):
        assert words in said[str(number)]
