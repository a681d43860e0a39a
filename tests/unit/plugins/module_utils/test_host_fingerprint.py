# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Readings of a host, from texts as real machines print them."""

from __future__ import annotations

import pytest

from ansible_collections.katabench.scylla.plugins.module_utils import host_fingerprint as host


def cpuinfo(*processors: tuple[int, int, int]) -> str:
    """Print /proc/cpuinfo for (processor, physical id, core id)."""
    return "\n\n".join(
        f"processor\t: {processor}\nmodel name\t: AMD EPYC\nmicrocode\t: 0x1000065\nphysical id\t: {socket}\n"
        f"core id\t\t: {core}\nflags\t\t: fpu sse4_2 hypervisor\npower management:"
        for processor, socket, core in processors
    )


def test_threads_of_one_core_are_counted_once():
    cpu = host.parse_cpuinfo(cpuinfo((0, 0, 0), (1, 0, 1), (2, 0, 0), (3, 0, 1)))
    assert cpu == {
        "model": "AMD EPYC",
        "microcode": "0x1000065",
        "sockets": 1,
        "cores": 2,
        "threads": 4,
        "flags": ["fpu", "sse4_2", "hypervisor"],
    }


def test_cores_of_the_same_number_in_two_sockets_are_two():
    cpu = host.parse_cpuinfo(cpuinfo((0, 0, 0), (1, 1, 0)))
    assert (cpu["sockets"], cpu["cores"]) == (2, 2)


def test_an_arm_machine_names_neither_model_nor_cores():
    cpu = host.parse_cpuinfo("processor\t: 0\nFeatures\t: fp asimd\n\nprocessor\t: 1\nFeatures\t: fp asimd\n")
    assert (cpu["model"], cpu["sockets"], cpu["cores"], cpu["threads"]) == (None, None, 2, 2)
    assert cpu["flags"] == ["fp", "asimd"]


def test_memory_is_rounded_down_to_mib():
    text = "MemTotal:       24684084 kB\nMemFree:        21398372 kB\nSwapTotal:             0 kB\n"
    assert host.parse_meminfo(text) == {"memory_mib": 24105, "swap_mib": 0}


MOUNTS = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
40 27 254:16 / /var/lib rw,relatime shared:5 - xfs /dev/vdb rw
41 27 254:32 / /srv/my\\040data rw,relatime - btrfs /dev/vdc rw
"""


@pytest.mark.parametrize(
    ("path", "device", "filesystem", "number"),
    [
        ("/var/lib/docker", "/dev/vdb", "xfs", "254:16"),
        ("/var/library", "/dev/vda", "ext4", "254:0"),
        ("/srv/my data/docker", "/dev/vdc", "btrfs", "254:32"),
    ],
)
def test_the_deepest_mount_holds_a_path(path, device, filesystem, number):
    mount = host.parse_mounts(MOUNTS, path)
    assert (mount["device"], mount["filesystem"], mount["number"]) == (device, filesystem, number)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("runc version 1.1.5+ds1\ncommit: 1.1.5+ds1-1+deb12u1\nspec: 1.0.2-dev\n", "1.1.5+ds1"),
        ("runsc version 0.0~20221219.0\nspec: 1.0.2-dev\n", "0.0~20221219.0"),
        ("runsc version release-20240513.0\nspec: 1.1.0-rc.1\n", "release-20240513.0"),
        ("kata-runtime  : 1.12.1\n   commit   : b967088a667018b7468a9f93d48cb81650e0dfa4\n", "1.12.1"),
        (
            "containerd-shim-kata-v2:\n  Version:  1.6.20\n  Revision: 2806fc1057397dbaeefbea0e4e17bddfbd388f38\n",
            "1.6.20",
        ),
        ("1.14.4\n", "1.14.4"),
        ("", None),
    ],
)
def test_versions_as_programs_print_them(text, version):
    assert host.parse_version(text) == version


def test_runtimes_are_paths_or_types_of_shims():
    info = {
        "Runtimes": {
            "runc": {"path": "runc"},
            "gvisor": {"path": "/usr/local/bin/katabench-runsc"},
            "kata": {"runtimeType": "io.containerd.kata.v2"},
            "io.containerd.runc.v2": {},
        }
    }
    assert host.runtime_commands(info) == {
        "gvisor": ["/usr/local/bin/katabench-runsc", "--version"],
        "io.containerd.runc.v2": ["containerd-shim-runc-v2", "--version"],
        "kata": ["containerd-shim-kata-v2", "--version"],
        "runc": ["runc", "--version"],
    }


def test_an_engine_is_what_it_says():
    info = {"ServerVersion": "20.10.24+dfsg1", "Driver": "overlay2", "CgroupVersion": "1", "CgroupDriver": "cgroupfs"}
    assert host.describe_engine(info | {"DockerRootDir": "/srv"}, {"Platform": {"Name": ""}}) == {
        "name": "Docker Engine",
        "version": "20.10.24+dfsg1",
        "storage_driver": "overlay2",
        "cgroup_version": "1",
        "cgroup_driver": "cgroupfs",
        "data_root": "/srv",
    }


def test_bare_metal_is_no_virtualisation():
    assert host.virtualisation(["fpu"], "PowerEdge R6515", "Dell Inc.") is None
    assert host.virtualisation(["hypervisor"], "KVM", "Red Hat") == "Red Hat KVM"
    assert host.virtualisation(["hypervisor"], None, None) == "unnamed hypervisor"


def test_a_partition_is_followed_to_its_disk(tmp_path):
    partition = tmp_path / "devices" / "nvme0n1" / "nvme0n1p2"
    (partition.parent / "device").mkdir(parents=True)
    (partition.parent / "queue").mkdir()
    partition.mkdir()
    (partition / "partition").write_text("2\n")
    (partition.parent / "device" / "model").write_text("SAMSUNG MZQL21T9HCJR-00A07   \n")
    (partition.parent / "queue" / "rotational").write_text("0\n")
    (tmp_path / "dev" / "block").mkdir(parents=True)
    (tmp_path / "dev" / "block" / "259:2").symlink_to(partition)
    assert host.disk_model(str(tmp_path), "259:2") == {
        "disk": "nvme0n1",
        "model": "SAMSUNG MZQL21T9HCJR-00A07",
        "rotational": False,
    }


def test_a_file_system_without_a_disk_has_none(tmp_path):
    assert host.disk_model(str(tmp_path), "0:25") == {"disk": None, "model": None, "rotational": None}


def test_mitigations_are_read_as_the_kernel_says_them(tmp_path):
    directory = tmp_path / "devices" / "system" / "cpu" / "vulnerabilities"
    directory.mkdir(parents=True)
    (directory / "meltdown").write_text("Not affected\n")
    (directory / "retbleed").write_text("Mitigation: untrained return thunk; SMT enabled\n")
    assert host.mitigations(str(tmp_path)) == {
        "meltdown": "Not affected",
        "retbleed": "Mitigation: untrained return thunk; SMT enabled",
    }
