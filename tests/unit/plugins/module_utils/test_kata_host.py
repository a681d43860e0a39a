# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What a host has for virtual machines, read from trees as real hosts have them."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from ansible_collections.katabench.scylla.plugins.module_utils import kata_host
from ansible_collections.katabench.scylla.plugins.module_utils.kvm import probe_kvm

RELEASE = "6.1.0-27-amd64"
# A Debian 12 host: kmod's own files, cut down.
MODULES_DEP = """\
kernel/arch/x86/kvm/kvm.ko.xz: kernel/virt/lib/irqbypass.ko.xz
kernel/arch/x86/kvm/kvm-intel.ko.xz: kernel/arch/x86/kvm/kvm.ko.xz kernel/virt/lib/irqbypass.ko.xz
kernel/drivers/vhost/vhost_net.ko.xz: kernel/drivers/net/tun.ko.xz kernel/drivers/vhost/vhost.ko.xz
kernel/drivers/vhost/vhost.ko.xz: kernel/drivers/vhost/vhost_iotlb.ko.xz
kernel/drivers/vhost/vhost_vsock.ko.xz: kernel/drivers/vhost/vhost.ko.xz
"""
PROC_MODULES = """\
kvm_intel 380928 0 - Live 0x0000000000000000
kvm 1146880 1 kvm_intel, Live 0x0000000000000000
"""
MOUNTS = {
    # systemd on a host with cgroup v2, its root shared
    "debian-12": """\
24 30 0:22 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw
30 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw,errors=remount-ro
33 24 0:28 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate
""",
    # systemd's hybrid hierarchy, as Ubuntu 18.04 had it
    "hybrid": """\
27 0 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
32 25 0:28 / /sys/fs/cgroup/unified rw,nosuid shared:10 - cgroup2 cgroup2 rw
33 25 0:29 / /sys/fs/cgroup/systemd rw,nosuid shared:11 - cgroup cgroup rw,xattr,name=systemd
36 25 0:32 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:15 - cgroup cgroup rw,cpu,cpuacct
""",
    "first": """\
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
36 25 0:32 / /sys/fs/cgroup/memory rw,nosuid - cgroup cgroup rw,memory
""",
    # services kept track of in a named tree, every controller in version 2
    "named": """\
27 1 254:0 / / rw,relatime master:1 - ext4 /dev/vda rw
33 25 0:28 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw
34 25 0:29 / /sys/fs/cgroup/systemd rw,nosuid - cgroup cgroup rw,xattr,name=systemd
""",
    "none": "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n",
}


def write(root: Path, path: str, text: str = "") -> None:
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)


@pytest.fixture
def host(tmp_path, monkeypatch):
    """An Intel machine in firmware's default state: KVM loaded, vhost_net there to be loaded."""
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "host", RELEASE, "#1 SMP", "x86_64")))
    write(tmp_path, "proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu vme vmx sse4_1\n")
    write(tmp_path, "proc/meminfo", "MemTotal:        8040916 kB\nSwapTotal:             0 kB\n")
    write(tmp_path, "proc/modules", PROC_MODULES)
    write(tmp_path, "proc/self/mountinfo", MOUNTS["debian-12"])
    write(tmp_path, f"lib/modules/{RELEASE}/modules.dep", MODULES_DEP)
    (tmp_path / "dev/shm").mkdir(parents=True)
    return tmp_path


def test_an_ordinary_host(host):
    seen = kata_host.observe(str(host), docker_socket=str(host / "docker.sock"))
    shm = seen.pop("shm")
    assert seen == {
        "architecture": "x86_64",
        "cpu_virtualisation": "vmx",
        "virtualisation": None,
        "kvm": {
            "exists": False,
            "opens": False,
            "api_version": None,
            "creates_vm": False,
            "error": "No such file or directory",
        },
        "modules": {
            "kvm": "loaded",
            "kvm_amd": None,
            "kvm_intel": "loaded",
            "kvm_pvm": None,
            "vhost": "loadable",
            "vhost_net": "loadable",
            "vhost_vsock": "loadable",
        },
        "vhost_net": True,
        "vhost_vsock": True,
        "root_shared": True,
        "log_socket": False,
        "cgroup": "v2",
        "memory_mib": 7852,
        "docker_version": None,
        "hypervisor": None,
    }
    assert shm["size_mib"] >= shm["free_mib"] > 0


def test_a_virtual_machine_with_amd_is_named(host):
    write(host, "proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu svm hypervisor\n")
    write(host, "sys/class/dmi/id/product_name", "Standard PC (Q35 + ICH9, 2009)\n")
    write(host, "sys/class/dmi/id/sys_vendor", "QEMU\n")
    seen = kata_host.observe(str(host))
    assert (seen["cpu_virtualisation"], seen["virtualisation"]) == ("svm", "QEMU Standard PC (Q35 + ICH9, 2009)")


def test_a_host_that_tells_nothing(tmp_path):
    seen = kata_host.observe(str(tmp_path), docker_socket=str(tmp_path / "docker.sock"))
    unknown = ("cpu_virtualisation", "virtualisation", "shm", "root_shared", "cgroup", "memory_mib", "docker_version")
    assert {key: seen[key] for key in unknown} == dict.fromkeys(unknown)
    assert set(seen["modules"].values()) == {None}
    assert not seen["vhost_net"]
    assert not seen["vhost_vsock"]


def test_a_kernel_without_modules_has_them_built_in(tmp_path):
    (tmp_path / "sys/module/kvm").mkdir(parents=True)
    (tmp_path / "sys/module/kvm_pvm").mkdir(parents=True)
    states = kata_host.module_states(str(tmp_path), RELEASE)
    assert {name for name, state in states.items() if state} == {"kvm", "kvm_pvm"}
    assert states["kvm_pvm"] == "built-in"


def test_what_is_built_in_without_parameters_shows_in_kmods_list_only(tmp_path):
    write(tmp_path, f"lib/modules/{RELEASE}/modules.builtin", "kernel/drivers/vhost/vhost_vsock.ko\n")
    assert kata_host.module_states(str(tmp_path), RELEASE)["vhost_vsock"] == "built-in"


def test_a_device_without_a_module_is_enough(host):
    """A container sees the host's devices, and its own, other, modules."""
    write(host, f"lib/modules/{RELEASE}/modules.dep")
    write(host, "dev/vhost-vsock")
    seen = kata_host.observe(str(host))
    assert (seen["vhost_net"], seen["vhost_vsock"]) == (False, True)


@pytest.mark.parametrize(
    ("mounts", "version", "shared"),
    [
        ("debian-12", "v2", True),
        ("hybrid", "hybrid", True),
        ("first", "v1", False),
        ("named", "v2", False),
        ("none", None, False),
    ],
)
def test_control_groups_and_shared_mounts(host, mounts, version, shared):
    write(host, "proc/self/mountinfo", MOUNTS[mounts])
    seen = kata_host.observe(str(host))
    assert (seen["cgroup"], seen["root_shared"]) == (version, shared)


def test_the_log_is_a_socket_behind_a_link(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's path has to be short
    (tmp_path / "dev").mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind("journal")
        (tmp_path / "dev/log").symlink_to("../journal")
        assert kata_host.is_socket(str(tmp_path / "dev/log"))
    write(tmp_path, "dev/file")
    assert not kata_host.is_socket(str(tmp_path / "dev/file"))


def test_a_program_is_executable_or_not(tmp_path):
    write(tmp_path, "qemu")
    path = str(tmp_path / "qemu")
    assert kata_host.program(path) == {"path": path, "exists": True, "executable": False}
    (tmp_path / "qemu").chmod(0o755)
    assert kata_host.program(path)["executable"]
    assert not kata_host.program(str(tmp_path))["executable"]
    assert kata_host.program("/nowhere/qemu") == {"path": "/nowhere/qemu", "exists": False, "executable": False}


def test_a_file_in_place_of_kvm_makes_no_machine(tmp_path):
    write(tmp_path, "kvm")
    assert probe_kvm(str(tmp_path / "kvm")) == {
        "exists": True,
        "opens": True,
        "api_version": None,
        "creates_vm": False,
        "error": "Inappropriate ioctl for device",
    }
