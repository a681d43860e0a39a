# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Which Kata works with which Docker and QEMU, and how each profile becomes a runtime of Docker."""

from __future__ import annotations

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.kata_pairing import (
    docker_runtimes,
    hypervisor_faults,
    pairing_faults,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.kata_release import KataReleaseError, describe

PROFILES = {
    "kata": "/etc/kata-containers/kata/configuration.toml",
    "kata-tuned": "/etc/kata-containers/kata-tuned/configuration.toml",
}


def release(version, implementation=""):
    return describe(version, "release", "x86_64", implementation)


@pytest.mark.parametrize(
    ("version", "implementation", "docker"),
    [
        ("1.11.5", "", "20.10.24+dfsg1"),
        ("1.11.5", "", "25.0.5"),
        ("2.5.2", "", "23.0.0"),
        ("3.32.0", "go", "23.0.6"),
        ("3.1.0", "go", "24.0.9"),
        ("4.1.0", "rust", "24.0.0"),
        ("3.28.0", "go", "25.0.5"),
        ("3.29.0", "go", "26.0.0"),
        ("3.30.0", "rust", "26.1.5+dfsg1"),
        ("4.1.0", "go", "28.0.0-rc.1"),
    ],
)
def test_pairs_that_work(version, implementation, docker):
    assert pairing_faults(release(version, implementation), docker, vhost_vsock=True) == []


@pytest.mark.parametrize(
    ("version", "implementation", "docker", "found", "mend"),
    [
        ("2.0.0", "go", "20.10.24+dfsg1", "Docker is 20.10.24+dfsg1 and Kata 2.0.0 (Go)", "Docker 24.0 or newer"),
        ("4.1.0", "rust", "20.10.24", "Docker before 23.0 cannot run Kata 2", "or Kata 1.x"),
        ("4.0.0", "rust", "23.0.6", "Docker 23 cannot name a configuration", "Docker 24.0 or newer, or Kata 3.x"),
        ("4.0.0", "go", "23.0.0", "Kata 4.0.0 (Go)", "Docker 24.0 or newer, or Kata 3.x"),
        ("3.28.0", "go", "26.0.0", "make a container's network after", "Kata 3.29.0 or newer (Go)"),
        ("3.29.0", "rust", "26.1.5", "Kata 3.29.0 (Rust)", "Kata 3.30.0 or newer (Rust)"),
        ("3.28.0", "go", "28.0.0-rc.1", "Docker is 28.0.0-rc.1", "Docker before 26.0"),
        ("1.11.5", "", "26.1.5", "Kata 1.11.5 (Go)", "Docker before 26.0"),
    ],
)
def test_a_pair_known_not_to_work_is_named_with_what_would(version, implementation, docker, found, mend):
    faults = pairing_faults(release(version, implementation), docker, vhost_vsock=True)
    assert len(faults) == 1
    assert found in faults[0]
    assert mend in faults[0]


def test_kata_2_and_later_need_vhost_vsock_and_1_x_does_not():
    (fault,) = pairing_faults(release("3.32.0"), "24.0.9", vhost_vsock=False)
    assert "no /dev/vhost-vsock" in fault
    assert "modprobe vhost_vsock" in fault
    assert pairing_faults(release("1.11.5"), "20.10.24", vhost_vsock=False) == []


@pytest.mark.parametrize("docker", ["", "Docker version 24.0.9", "24"])
def test_what_is_no_version_of_docker_is_refused(docker):
    with pytest.raises(KataReleaseError, match="is no version of Docker; one like"):
        pairing_faults(release("3.32.0"), docker, vhost_vsock=True)


@pytest.mark.parametrize("docker", ["20.10.24+dfsg1", "25.0.5"])
def test_1_x_is_a_runtime_with_a_path_and_arguments(docker):
    assert docker_runtimes(release("1.11.5"), docker, PROFILES) == {
        "kata": {
            "name": "kata",
            "daemon_json": {
                "path": "/opt/kata/bin/kata-runtime",
                "runtimeArgs": ["--kata-config", "/etc/kata-containers/kata/configuration.toml"],
            },
            "wrapper": None,
        },
        "kata-tuned": {
            "name": "kata-tuned",
            "daemon_json": {
                "path": "/opt/kata/bin/kata-runtime",
                "runtimeArgs": ["--kata-config", "/etc/kata-containers/kata-tuned/configuration.toml"],
            },
            "wrapper": None,
        },
    }


def test_the_developer_guide_s_runtime_is_where_the_guide_puts_it():
    guide = describe("1.11.5", "developer_guide", "x86_64")
    runtimes = docker_runtimes(guide, "20.10.24", {"kata": "/etc/kata-containers/kata/configuration.toml"})
    assert runtimes["kata"]["daemon_json"]["path"] == "/usr/local/bin/kata-runtime"


@pytest.mark.parametrize(
    ("implementation", "shim"),
    [
        ("go", "/opt/kata/bin/containerd-shim-kata-v2"),
        ("rust", "/opt/kata/runtime-rs/bin/containerd-shim-kata-v2"),
    ],
)
@pytest.mark.parametrize("docker", ["24.0.0", "26.1.5"])
def test_docker_24_is_told_shim_and_configuration(docker, implementation, shim):
    runtimes = docker_runtimes(release("3.32.0", implementation), docker, PROFILES)
    assert runtimes["kata-tuned"] == {
        "name": "kata-tuned",
        "daemon_json": {
            "runtimeType": shim,
            "options": {"ConfigPath": "/etc/kata-containers/kata-tuned/configuration.toml"},
        },
        "wrapper": None,
    }


def test_docker_23_finds_a_wrapper_by_its_name():
    assert docker_runtimes(release("3.32.0"), "23.0.6", PROFILES)["kata-tuned"] == {
        "name": "io.containerd.kata-tuned.v2",
        "daemon_json": None,
        "wrapper": "/usr/local/bin/containerd-shim-kata-tuned-v2",
    }


@pytest.mark.parametrize("name", ["runc", "Kata", "kata/tuned", "kata.tuned", "", "-kata"])
def test_a_profile_that_docker_cannot_name_is_refused(name):
    with pytest.raises(KataReleaseError, match="cannot be a runtime of Docker"):
        docker_runtimes(release("3.32.0"), "24.0.9", {name: "/etc/configuration.toml"})


@pytest.mark.parametrize(
    ("version", "qemu"),
    [
        ("1.11.5", "QEMU emulator version 2.11.0"),
        ("1.12.0-alpha0", "QEMU emulator version 2.11.0"),
        ("1.12.1", "QEMU emulator version 4.2.0"),
        ("1.12.1", "QEMU emulator version 7.2.19 (Debian 1:7.2+dfsg-7+deb12u16)"),
        ("1.12.1", ""),
        ("3.32.0", "QEMU emulator version 2.11.0"),
    ],
)
def test_hypervisors_that_fit(version, qemu):
    assert hypervisor_faults(version, qemu) == []


@pytest.mark.parametrize("version", ["1.12.0-alpha1", "1.12.0", "1.12.1", "1.13.0-alpha0"])
def test_1_12_passes_what_an_older_qemu_refuses(version):
    (fault,) = hypervisor_faults(version, "QEMU emulator version 4.1.0 (kata-static)")
    assert f"QEMU 4.1.0 and Kata {version}: since 1.12.0 Kata passes multidevs=remap" in fault
    assert "Take Kata 1.11.5" in fault
