# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Which hosts carry which Kata, and what is said of those that do not."""

from __future__ import annotations

import copy

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.filter.kata_host_faults import kata_host_faults
from ansible_collections.katabench.scylla.plugins.plugin_utils import kata_checks, kata_release

FIRST = kata_release.describe("1.11.5", "developer_guide", "x86_64")
LATER = kata_release.describe("3.32.0", "release", "x86_64")
KVM = {"accelerator": "kvm", "vhost_net": True, "shm_mib": 0}

# A host with everything: Intel, bare metal, as a Debian with systemd and control groups of version 1 shows it.
GOOD = {
    "architecture": "x86_64",
    "cpu_virtualisation": "vmx",
    "virtualisation": None,
    "kvm": {"exists": True, "opens": True, "api_version": 12, "creates_vm": True, "error": None},
    "modules": {
        "kvm": "loaded",
        "kvm_amd": None,
        "kvm_intel": "loaded",
        "kvm_pvm": None,
        "vhost": "loadable",
        "vhost_net": "loadable",
        "vhost_vsock": "loaded",
    },
    "vhost_net": True,
    "vhost_vsock": True,
    "shm": {"size_mib": 16000, "free_mib": 15000},
    "root_shared": True,
    "log_socket": True,
    "cgroup": "v1",
    "memory_mib": 32000,
    "docker_version": "24.0.7",
    "hypervisor": None,
}


def host(**differences):
    """Give the good host with differences; of a dictionary only the keys that differ."""
    seen = copy.deepcopy(GOOD)
    for key, value in differences.items():
        seen[key] = {**seen[key], **value} if isinstance(seen[key], dict) and value is not None else value
    return seen


@pytest.mark.parametrize("release", [FIRST, LATER], ids=["1.x", "2+"])
@pytest.mark.parametrize(
    "seen", [GOOD, host(cgroup="hybrid"), host(cpu_virtualisation="svm")], ids=["good", "hybrid", "amd"]
)
def test_a_good_host_has_no_faults(seen, release):
    assert kata_checks.host_faults(seen, release, KVM) == []


def test_arm_has_no_flag_to_look_for():
    assert kata_checks.host_faults(host(architecture="aarch64", cpu_virtualisation=None), LATER, KVM) == []


NO_KVM = {"exists": False, "opens": False, "api_version": None, "creates_vm": False, "error": "No such file"}

# What differs from the good host, and the words of the only fault: what is found, what is expected, how to mend it.
FAULTS = {
    "firmware": (
        {"cpu_virtualisation": None, "kvm": NO_KVM},
        ("neither vmx (Intel) nor svm (AMD).", "the CPU's virtualisation", "in the firmware; to try things"),
    ),
    "virtual machine": (
        {"cpu_virtualisation": None, "kvm": NO_KVM, "virtualisation": "QEMU Q35"},
        (
            "neither vmx",
            "the CPU's virtualisation",
            "nested virtualisation in what is below (QEMU Q35), or take a bare",
        ),
    ),
    "kvm_pvm": (
        {"cpu_virtualisation": None, "modules": {"kvm_pvm": "built-in"}},
        ("kvm_pvm, which runs guest kernels made for it only", "the CPU's virtualisation", "kata_accelerator: tcg"),
    ),
    "unknown kvm": (
        {"cpu_virtualisation": None},
        ("though /dev/kvm makes virtual machines", "the CPU's virtualisation", "kata_accelerator: tcg"),
    ),
    "intel without kvm": (
        {"kvm": NO_KVM},
        ("There is no /dev/kvm.", "run on KVM", "modprobe kvm_intel"),
    ),
    "amd without kvm": (
        {"cpu_virtualisation": "svm", "kvm": NO_KVM},
        ("There is no /dev/kvm.", "run on KVM", "modprobe kvm_amd"),
    ),
    "closed": (
        {"kvm": NO_KVM | {"exists": True, "error": "Operation not permitted"}},
        ("does not open: Operation not permitted.", "root opens it", "let the device through"),
    ),
    "old interface": (
        {"kvm": {"api_version": 11}},
        ("speaks version 11", "Version 12", "ordinary KVM"),
    ),
    "busy": (
        {"kvm": {"creates_vm": False, "error": "Device or resource busy"}},
        ("makes no virtual machine: Device or resource busy.", "KVM_CREATE_VM", "VirtualBox"),
    ),
    "vhost_net": (
        {"vhost_net": False},
        ("no module vhost_net", "network goes through it", "disable_vhost_net: true"),
    ),
    "cgroup v2": (
        {"cgroup": "v2"},
        ("version 1 are not mounted", "no version 2", "systemd.unified_cgroup_hierarchy=0"),
    ),
    "no cgroup": (
        {"cgroup": None},
        ("version 1 are not mounted", "no version 2", "systemd.unified_cgroup_hierarchy=0"),
    ),
    "private root": (
        {"root_shared": False},
        ("/ is not a shared mount.", "shared mounts", "mount --make-rshared /"),
    ),
    "no log": (
        {"log_socket": False},
        ("/dev/log is not a socket.", "system's log", "rsyslog"),
    ),
    "no hypervisor": (
        {"hypervisor": {"path": "/usr/bin/qemu-lite", "exists": False, "executable": False}},
        ("/usr/bin/qemu-lite does not exist.", "takes one that is there", "archive or source"),
    ),
    "no program": (
        {"hypervisor": {"path": "/usr/bin/qemu-lite", "exists": True, "executable": False}},
        ("/usr/bin/qemu-lite is not executable.", "takes one that is there", "kata_hypervisor_path"),
    ),
}


@pytest.mark.parametrize(("differences", "words"), FAULTS.values(), ids=FAULTS)
def test_each_fault_is_said_in_three_sentences(differences, words):
    faults = kata_checks.host_faults(host(**differences), FIRST, KVM)
    assert len(faults) == 1
    for sentence, expected in zip((faults[0]["found"], faults[0]["expected"], faults[0]["mend"]), words, strict=True):
        assert expected in sentence
        assert sentence.endswith(".")
    assert kata_checks.sentences(faults) == [f"{faults[0]['found']} {faults[0]['expected']} {faults[0]['mend']}"]


def test_every_fault_is_said_at_once():
    bad = host(cpu_virtualisation=None, vhost_net=False, cgroup="v2", root_shared=False, log_socket=False)
    assert len(kata_checks.host_faults(bad, FIRST, KVM)) == 5


@pytest.mark.parametrize("differences", [{"cgroup": "v2"}, {"root_shared": False}, {"log_socket": False}])
def test_later_lines_do_not_ask_for_what_the_first_does(differences):
    assert kata_checks.host_faults(host(**differences), LATER, KVM) == []


@pytest.mark.parametrize("name", ["firmware", "virtual machine", "kvm_pvm", "intel without kvm", "closed", "busy"])
def test_software_emulation_asks_nothing_of_kvm(name):
    seen = host(**FAULTS[name][0])
    assert kata_checks.host_faults(seen, FIRST, KVM | {"accelerator": "tcg"}) == []


@pytest.mark.parametrize(("free_mib", "faults"), [(6143, 1), (6144, 0)])
def test_shared_memory_has_to_hold_the_machines(free_mib, faults):
    seen = host(shm={"size_mib": 8000, "free_mib": free_mib})
    found = kata_checks.host_faults(seen, LATER, KVM | {"shm_mib": 6144})
    assert len(found) == faults
    for fault in found:
        assert fault["found"] == "Of the 8000 MiB of /dev/shm 6143 MiB are free."
        assert "size=6144m" in fault["mend"]


def test_no_shared_memory_at_all_holds_none():
    faults = kata_checks.host_faults(host(shm=None), LATER, KVM | {"shm_mib": 2048})
    assert [fault["found"] for fault in faults] == ["Of the 0 MiB of /dev/shm 0 MiB are free."]


TUNED = {"hypervisor.qemu": {"default_vcpus": 4, "default_memory": 3072}}


@pytest.mark.parametrize(
    ("release", "config", "profiles", "shm_mib"),
    [
        (LATER, {}, {}, 4096),
        (LATER, {}, {"kata": {}, "kata-tuned": TUNED}, 6144),
        (LATER, {"hypervisor.qemu.default_memory": 4096}, {"kata": {}, "kata-tuned": TUNED}, 8192),
        (LATER, {"hypervisor": {"qemu": {"enable_hugepages": True}}}, {"kata": {}, "kata-tuned": TUNED}, 0),
        (LATER, {}, {"kata": {}, "huge": TUNED | {"hypervisor.qemu.enable_hugepages": True}}, 4096),
        (LATER, {"hypervisor.qemu.shared_fs": "none"}, {"kata": {}}, 0),
        (FIRST, {}, {"kata": {}, "kata-tuned": TUNED}, 0),
        (FIRST, {"hypervisor.qemu.shared_fs": "virtio-fs"}, {"kata-tuned": TUNED}, 6144),
    ],
)
def test_what_two_machines_need_of_shared_memory(release, config, profiles, shm_mib):
    assert kata_checks.needs_of(release, "kvm", 2, config, profiles)["shm_mib"] == shm_mib


def test_vhost_net_is_needed_unless_every_profile_does_without():
    without = {"hypervisor.qemu.disable_vhost_net": True}
    assert kata_checks.needs_of(FIRST, "kvm", 1, {}, {"a": without, "b": {}})["vhost_net"]
    assert not kata_checks.needs_of(FIRST, "kvm", 1, without, {"a": {}, "b": {}})["vhost_net"]


def test_modules_that_can_be_loaded_are_loaded_and_kept():
    assert kata_checks.needed_modules(GOOD, FIRST, KVM) == ["vhost_net"]
    assert kata_checks.needed_modules(GOOD, LATER, KVM) == ["vhost_net", "vhost_vsock"]
    assert kata_checks.needed_modules(GOOD, FIRST, KVM | {"vhost_net": False}) == []
    built_in = host(modules={"vhost_net": "built-in", "vhost_vsock": None})
    assert kata_checks.needed_modules(built_in, LATER, KVM) == []


def test_what_is_no_fault_is_said_all_the_same():
    nested = host(virtualisation="QEMU Q35", cpu_virtualisation="svm")
    assert kata_checks.host_notes(GOOD, KVM) == []
    assert kata_checks.host_notes(nested, KVM) == [
        "The host is itself a virtual machine (QEMU Q35): virtualisation is nested."
    ]
    (emulated,) = kata_checks.host_notes(nested, KVM | {"accelerator": "tcg"})
    assert "emulated in software" in emulated


def test_the_filter_puts_it_together():
    judged = kata_host_faults(host(root_shared=False), dict(FIRST), virtual_machines=2, profiles={"kata": {}})
    assert [fault["found"] for fault in judged["faults"]] == ["/ is not a shared mount."]
    assert len(judged["sentences"]) == 1
    assert judged["modules"] == ["vhost_net"]
    assert judged["notes"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seen": "nothing"}, "seen is of type str, not dict"),
        ({"accelerator": "hvf"}, "The accelerator is 'hvf': kvm or tcg is expected."),
        ({"virtual_machines": "two"}, "virtual_machines is of type str, not int"),
    ],
)
def test_the_filter_refuses_what_it_cannot_judge(arguments, message):
    with pytest.raises(AnsibleFilterError, match=message):
        kata_host_faults(**({"seen": GOOD, "release": dict(FIRST)} | arguments))
