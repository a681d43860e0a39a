# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What a wrapper does with the hypervisor's arguments: as it is described, and as the written one runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jinja2
import pytest
import yaml

from ansible_collections.katabench.scylla.plugins.plugin_utils.kata_wrapper import KataWrapperError, complete

ROLE = Path(__file__).parents[4] / "roles" / "kata"
TCG = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())["__kata_wrapper_of_accelerator"]["tcg"]
QEMU_LITE = "QEMU emulator version 2.11.0"

# What Kata 1.11.5 gives its hypervisor, cut down to each kind of argument.
KATA = [
    *("-name", "sandbox-0f1e", "-machine", "pc,accel=kvm,kernel_irqchip,nvdimm", "-cpu", "host,pmu=off"),
    *("-m", "2048M,slots=10,maxmem=25104M"),
    *("-fsdev", "local,id=extra-9p-kataShared,path=/run/shared,security_model=none,multidevs=remap"),
    *("-global", "kvm-pit.lost_tick_policy=discard", "-vga", "none", "-no-user-config", "-nodefaults", "-nographic"),
    *("-daemonize", "-append", "console=hvc0 host accel=kvm", "-smp", "1,cores=1"),
]


def written(wrapper: dict, program: Path, directory: Path) -> Path:
    """Render the role's template as Ansible does."""
    environment = jinja2.Environment(trim_blocks=True, keep_trailing_newline=True)  # noqa: S701 - a script, not HTML
    environment.filters.update(to_json=json.dumps, comment=lambda text: f"#\n# {text}\n#")
    text = environment.from_string((ROLE / "templates" / "hypervisor-wrapper.py.j2").read_text()).render(
        ansible_managed="managed", __kata_hypervisor_program=str(program), __kata_wrapper=wrapper
    )
    path = directory / "wrapper"
    path.write_text(text.replace("#!/usr/bin/python3 -I", f"#!{sys.executable} -I", 1))
    path.chmod(0o755)
    return path


@pytest.fixture
def run(tmp_path):
    """Run the written wrapper over a program that prints its arguments as JSON."""
    program = tmp_path / "qemu"
    program.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    program.chmod(0o755)

    def passed_on(wrapper, arguments):
        script = written(complete(wrapper, "1.11.5", QEMU_LITE), program, tmp_path)
        done = subprocess.run([script, *arguments], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    return passed_on


def test_without_edits_every_argument_arrives_as_it_was(run):
    odd = ["-name", "", "two words", "-append", "a'b\"c\n$HOME", "ümlaut", "-x"]
    assert run({"append": ["-S"]}, odd) == [*odd, "-S"]


def test_software_emulation_changes_machine_and_cpu_and_nothing_else(run):
    expected = [*KATA]
    expected[3] = "pc,nvdimm"
    expected[5] = "Nehalem"
    assert run(TCG, KATA) == [*expected, "-accel", "tcg,thread=single"]


@pytest.mark.parametrize(
    ("machine", "left"),
    [("q35,accel=kvm,kernel_irqchip=split,nvdimm=on", "q35,nvdimm=on"), ("pc,accel=kvm,kernel_irqchip", "pc")],
)
def test_software_emulation_knows_how_machines_are_named(run, machine, left):
    assert run(TCG, ["-machine", machine])[:2] == ["-machine", left]


@pytest.mark.parametrize(
    ("edit", "arguments", "result"),
    [
        ({"pattern": "kvm", "replacement": "tcg"}, ["-a", "kvm,kvm", "kvm"], ["-a", "tcg,tcg", "tcg"]),
        (
            {"option": "-a", "pattern": "kvm", "replacement": "tcg"},
            ["-a", "kvm", "-b", "kvm"],
            ["-a", "tcg", "-b", "kvm"],
        ),
        ({"pattern": r"(\d+)M", "replacement": r"\1m"}, ["-m", "2048M"], ["-m", "2048m"]),
        ({"pattern": "^none$", "replacement": ""}, ["-S", "-vga", "none", "-x"], ["-S", "-x"]),
        ({"pattern": "^-vga$", "replacement": ""}, ["-S", "-vga", "none", "-x"], ["-S", "-x"]),
        ({"pattern": "^-S$", "replacement": ""}, ["-S", "-vga", "none"], ["-vga", "none"]),
        ({"pattern": "nowhere", "replacement": "x"}, ["-S", "-vga", "none"], ["-S", "-vga", "none"]),
    ],
)
def test_edits(run, edit, arguments, result):
    assert run({"edits": [edit]}, arguments) == result


def test_edits_follow_each_other(run):
    edits = [{"pattern": "a", "replacement": "b"}, {"pattern": "b", "replacement": "c"}]
    assert run({"edits": edits}, ["a"]) == ["c"]


def test_a_program_that_is_not_there_is_named(tmp_path):
    script = written(complete(TCG, "1.11.5", ""), tmp_path / "nothing", tmp_path)
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"{tmp_path}/nothing does not run: No such file or directory" in done.stderr


@pytest.mark.parametrize(
    ("kata", "qemu", "changed"),
    [
        ("1.12.1", QEMU_LITE, True),
        ("1.12.0", "QEMU emulator version 4.1.1", True),
        ("1.12.1", "QEMU emulator version 4.2.0", False),
        ("1.11.5", QEMU_LITE, False),
        ("1.12.1", "", False),
    ],
)
def test_an_old_qemu_is_spared_what_it_does_not_know(kata, qemu, changed):
    wrapper = complete({}, kata, qemu)
    assert [edit["option"] for edit in wrapper["edits"]] == (["-fsdev"] if changed else [])
    assert complete(wrapper, kata, qemu) == wrapper


def test_what_it_is_spared_is_gone(run):
    wrapper = complete({}, "1.12.1", QEMU_LITE)
    assert "multidevs" not in " ".join(run(wrapper, KATA))
    assert len(run(wrapper, KATA)) == len(KATA)


@pytest.mark.parametrize(
    ("wrapper", "message"),
    [
        ({"edit": []}, "has edit; edits and append are expected"),
        ({"edits": [{"pattern": "a"}]}, "has pattern; pattern and replacement are expected"),
        ({"edits": [{}]}, "has nothing; pattern and replacement are expected"),
        ({"edits": [{"pattern": "(", "replacement": ""}]}, r"'\(' with replacement '' is no regular expression"),
        ({"edits": [{"pattern": "a", "replacement": r"\2"}]}, "invalid group reference 2"),
        ({"edits": [{"pattern": "a", "replacement": r"\g<x>"}]}, "unknown group name 'x'"),
        ({"edits": [{"pattern": 1, "replacement": ""}]}, "texts are expected"),
    ],
)
def test_a_rewriting_that_cannot_be_carried_out_is_refused(wrapper, message):
    with pytest.raises(KataWrapperError, match=message):
        complete(wrapper, "1.11.5", "")
