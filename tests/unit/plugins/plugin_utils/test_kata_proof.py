# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The judgement of the proof, over what a real host and its containers printed."""

from __future__ import annotations

import copy

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.kata_proof import (
    KataProofError,
    expected_size,
    find_hypervisor,
    proof_faults,
    proof_notes,
    read_inside,
)

HOST = """\
kernel_release 6.18.44-fc-v669
boot_id fa6babfa-b805-4e29-92ad-7b4a57268031
memory_total_kib 24684084
processors 2
"""
# As runc, gVisor and Kata 1.11.5 (under software emulation, default_memory = 512) printed it in their containers.
RUNC = f"""\
{HOST}interface_flags <BROADCAST,MULTICAST,UP,LOWER_UP,M-DOWN>
interface_address 172.17.0.2/16
"""
GVISOR = """\
kernel_release 4.4.0
memory_total_kib 24684084
processors 2
interface_flags <BROADCAST,MULTICAST,UP,LOWER_UP>
interface_address 172.17.0.2/16
"""
KATA = """\
kernel_release 6.1.0-56-amd64
boot_id 1fc1eff1-601b-4a85-9f86-e74b57d318a6
memory_total_kib 468168
processors 1
interface_flags <BROADCAST,MULTICAST,UP,LOWER_UP>
interface_address 172.17.0.2/16
"""

SHIM = {"pid": 16665, "program": "/usr/bin/containerd-shim-runc-v2", "command": "containerd-shim-runc-v2", "kvm": False}
PAYLOAD = {"pid": 16687, "program": "/bin/busybox", "command": "httpd -f -p 80 -h /proof-abc", "kvm": False}
RUNSC = {"pid": 16922, "program": "/usr/bin/runsc", "command": "runsc-sandbox --root=/var/run/docker", "kvm": False}
QEMU = {"pid": 300, "program": "/usr/bin/qemu-lite-system-x86_64", "command": "qemu -name sandbox", "kvm": False}
PROXY = {"pid": 301, "program": "/usr/libexec/kata-containers/kata-proxy", "command": "kata-proxy", "kvm": False}

NOTHING_LEFT = {"processes": [], "mounts": [], "namespace": ""}
EXPECTED = {"cpus": 1, "memory_mib": 512}


def judge(inside: str, processes: list[dict], *, expected: dict = EXPECTED, **changes: object) -> list[str]:
    seen = {
        "inside": read_inside(inside),
        "processes": processes,
        "mark": "proof-abc",
        "answer": "proof-abc\n",
        "left": NOTHING_LEFT,
        **changes,
    }
    before = copy.deepcopy(seen)
    faults = proof_faults(seen, expected, read_inside(HOST))
    assert seen == before
    return faults


def as_configured(inside: str) -> str:
    """Pretend that a container has the size that its configuration gives."""
    return inside.replace("processors 2", "processors 1").replace(
        "memory_total_kib 24684084", "memory_total_kib 468168"
    )


def test_what_a_container_prints_is_read() -> None:
    assert read_inside(KATA) == {
        "kernel_release": "6.1.0-56-amd64",
        "boot_id": "1fc1eff1-601b-4a85-9f86-e74b57d318a6",
        "processors": 1,
        "memory_mib": 457,
        "interface_flags": ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"],
        "interface_address": "172.17.0.2/16",
    }


@pytest.mark.parametrize(
    ("text", "named"),
    [("", "no kernel_release"), (HOST.replace("processors 2", "processors two"), "invalid literal")],
)
def test_what_cannot_be_read_is_shown(text: str, named: str) -> None:
    with pytest.raises(KataProofError, match=named):
        read_inside(text)


@pytest.mark.parametrize("accelerated", [True, False])
def test_a_virtual_machine_passes(accelerated: bool) -> None:
    assert judge(KATA, [SHIM, {**QEMU, "kvm": accelerated}, PROXY]) == []


def test_a_virtual_machine_with_the_hosts_kernel_passes_and_that_is_said() -> None:
    inside = KATA.replace("6.1.0-56-amd64", "6.18.44-fc-v669")
    assert judge(inside, [QEMU]) == []
    (note,) = proof_notes(read_inside(inside), read_inside(HOST))
    assert "6.18.44-fc-v669" in note
    assert "kata_kernel_path" in note


@pytest.mark.parametrize("inside", [KATA, RUNC, GVISOR])
def test_other_kernels_are_not_worth_a_note(inside: str) -> None:
    assert proof_notes(read_inside(inside), read_inside(HOST)) == []


def test_a_wrapped_runc_fails_in_every_respect() -> None:
    faults = judge(RUNC, [SHIM, PAYLOAD], expected={"cpus": 1, "memory_mib": 2048})
    assert [fault.split(":")[0].split(",")[0] for fault in faults] == [
        "It runs in the host's kernel",
        "Its own process is one of the host's",
        "None of its processes on the host is a hypervisor",
        "Its number of CPUs is 2",
        "It sees 24105 MiB of memory",
    ]


def test_a_wrapped_runc_fails_though_size_and_release_are_right() -> None:
    inside = as_configured(RUNC).replace("6.18.44-fc-v669", "4.14.67")
    assert len(judge(inside, [SHIM, PAYLOAD])) == 3


def test_a_wrapped_runc_fails_though_its_boot_id_is_faked() -> None:
    inside = as_configured(RUNC).replace("fa6babfa", "00000000")
    assert len(judge(inside, [SHIM, PAYLOAD])) == 2


def test_gvisor_is_no_virtual_machine_even_on_kvm() -> None:
    inside = as_configured(GVISOR)
    (kernel, hypervisor) = judge(inside, [SHIM, RUNSC])
    assert "4.4.0" in kernel
    assert "runsc (pid 16922)" in hypervisor
    assert judge(inside, [SHIM, {**RUNSC, "kvm": True}]) == [kernel]


@pytest.mark.parametrize(("memory_kib", "passes"), [(524288, True), (525312, False), (432128, True), (432127, False)])
def test_memory_may_be_less_by_what_a_kernel_keeps(memory_kib: int, passes: bool) -> None:
    # 512 MiB are 524288 KiB; 95 % of them, rounded down, less 64 MiB, are 422 MiB or 432128 KiB
    assert (judge(KATA.replace("468168", str(memory_kib)), [QEMU]) == []) is passes


def test_processors_must_be_as_many_as_configured() -> None:
    assert judge(KATA, [QEMU], expected={"cpus": 4, "memory_mib": 512}) == [
        "Its number of CPUs is 1, where its configuration gives 4."
    ]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "interface_flags <BROADCAST,MULTICAST,UP,LOWER_UP>\ninterface_address 172.17.0.2/16\n",
            "",
            "Its interface eth0 is missing.",
        ),
        ("UP,LOWER_UP", "LOWER_UP", "Its interface eth0 is not up (BROADCAST, MULTICAST, LOWER_UP)."),
        ("interface_address 172.17.0.2/16\n", "", "Its interface eth0 is up and has no address."),
    ],
)
def test_an_interface_must_be_up_and_have_an_address(old: str, new: str, sentence: str) -> None:
    assert judge(KATA.replace(old, new), [QEMU]) == [sentence]


@pytest.mark.parametrize(
    ("answer", "named"),
    [("", "nothing came back"), ("Connection refused", "Connection refused"), ("proof-x", "proof-x")],
)
def test_a_published_port_must_answer_with_the_mark(answer: str, named: str) -> None:
    (fault,) = judge(KATA, [QEMU], answer=answer)
    assert named in fault


@pytest.mark.parametrize(
    ("left", "named"),
    [
        ({"processes": [QEMU, PROXY]}, "qemu-lite-system-x86_64 (pid 300), kata-proxy (pid 301)"),
        ({"mounts": ["/run/kata-containers/shared/sandboxes/a"]}, "/run/kata-containers/shared/sandboxes/a"),
        ({"namespace": "/run/docker/netns/701f93c80455"}, "/run/docker/netns/701f93c80455"),
    ],
)
def test_whatever_is_left_is_named(left: dict, named: str) -> None:
    (fault,) = judge(KATA, [QEMU], left={**NOTHING_LEFT, **left})
    assert named in fault


@pytest.mark.parametrize(
    ("processes", "found"),
    [
        ([], None),
        ([SHIM, PAYLOAD], None),
        ([SHIM, QEMU], {"program": QEMU["program"], "accelerator": "tcg"}),
        ([QEMU, {**SHIM, "kvm": True}], {"program": SHIM["program"], "accelerator": "kvm"}),
        ([{**QEMU, "program": "/opt/qemu/bash"}], None),
        ([{**QEMU, "program": ""}], None),
    ],
)
def test_a_hypervisor_is_who_holds_a_machine_of_kvm_or_is_qemu(processes: list[dict], found: dict | None) -> None:
    assert find_hypervisor(processes) == found


MAIN = "/etc/kata-containers/kata/configuration.toml"
DROP_IN = "/etc/kata-containers/kata/config.d/50-katabench.toml"
LATER = "/etc/kata-containers/kata/config.d/60-site.toml"


@pytest.mark.parametrize(
    ("files", "cpus", "memory_mib"),
    [
        ({MAIN: "[hypervisor.qemu]\n"}, 1, 2048),
        ({MAIN: "[hypervisor.qemu]\ndefault_vcpus = 4\ndefault_memory = 3072\n"}, 4, 3072),
        ({MAIN: "[hypervisor.qemu]\ndefault_vcpus = 0\ndefault_memory = 0\n"}, 1, 2048),
        ({MAIN: "[hypervisor.qemu]\ndefault_vcpus = -1\n"}, 8, 2048),
        ({MAIN: "[hypervisor.qemu]\ndefault_vcpus = 9\n"}, 8, 2048),
        ({MAIN: "[hypervisor.qemu]\ndefault_vcpus = 1.5\n"}, 2, 2048),
        ({MAIN: "[hypervisor.clh]\ndefault_vcpus = 4\n[runtime]\ndefault_memory = 1\n"}, 1, 2048),
        (
            {
                LATER: "[hypervisor.qemu]\ndefault_vcpus = 3\n",
                DROP_IN: "[hypervisor.qemu]\ndefault_vcpus = 2\ndefault_memory = 1024\n",
                MAIN: "[hypervisor.qemu]\ndefault_vcpus = 4\ndefault_memory = 3072\n",
            },
            3,
            1024,
        ),
    ],
)
def test_a_size_is_what_kata_makes_of_its_configuration(files: dict[str, str], cpus: int, memory_mib: int) -> None:
    assert expected_size(files, "qemu", host_cpus=8) == {"cpus": cpus, "memory_mib": memory_mib}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[hypervisor.qemu\n", rf"{MAIN} cannot be read as TOML: .*line 1"),
        ('[hypervisor.qemu]\ndefault_vcpus = "4"\n', r"hypervisor\.qemu\.default_vcpus is '4'"),
        ("[hypervisor.qemu]\ndefault_memory = true\n", r"hypervisor\.qemu\.default_memory is True"),
    ],
)
def test_a_configuration_that_gives_no_size_is_refused(text: str, named: str) -> None:
    with pytest.raises(KataProofError, match=named):
        expected_size({MAIN: text}, "qemu", host_cpus=8)
