# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What of a sandbox is on its host, found in a /proc made of the texts that a real host shows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.katabench.scylla.plugins.module_utils.sandbox_leftovers import (
    check_container_id,
    find_mounts,
    find_processes,
)

ID = "5f4e2c9d0a1b" + "0" * 51 + "7"
OTHER_ID = "6" * 64


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A /proc with this process in it, called by an ansible that names the id."""
    process(tmp_path, os.getpid(), ["python3", "AnsiballZ_sandbox_leftovers.py"], parent=20)
    process(tmp_path, 20, ["ansible", "all", "-m", "sandbox_leftovers", "-a", f"container_id={ID}"], parent=1)
    process(tmp_path, 21, ["ansible", "all", "-m", "sandbox_leftovers", "-a", f"container_id={ID}"], parent=20)
    process(tmp_path, 1, ["/sbin/init"], parent=0)
    return tmp_path


def process(
    proc: Path,
    pid: int,
    argv: list[str],
    *,
    parent: int = 1,
    cgroup: str = "/",
    program: str = "",
    files: dict[int, str] | None = None,
    fdinfo: dict[int, str] | None = None,
) -> None:
    """Add a process to a fake /proc."""
    place = proc / str(pid)
    (place / "fd").mkdir(parents=True)
    (place / "fdinfo").mkdir()
    (place / "cmdline").write_text("".join(f"{argument}\0" for argument in argv))
    (place / "stat").write_text(f"{pid} (a (strange) name) S {parent} {pid} {pid} 0 -1 4194560")
    (place / "cgroup").write_text(f"4:memory:{cgroup}\n0::/\n")
    (place / "exe").symlink_to(program or argv[0])
    for number, target in (files or {}).items():
        (place / "fd" / str(number)).symlink_to(target)
        (place / "fdinfo" / str(number)).write_text((fdinfo or {}).get(number, "pos:\t0\nflags:\t02\n"))


def test_a_sandbox_is_found_by_its_id_and_its_callers_are_not(proc: Path) -> None:
    for pid, sandbox in ((300, ID), (301, OTHER_ID)):
        process(
            proc, pid, ["/usr/libexec/kata-containers/kata-proxy", "-mux-socket", f"/run/vc/vm/{sandbox}/kata.sock"]
        )
    process(proc, 302, ["/usr/bin/dockerd"])
    assert find_processes(ID, str(proc)) == [
        {
            "pid": 300,
            "program": "/usr/libexec/kata-containers/kata-proxy",
            "command": f"/usr/libexec/kata-containers/kata-proxy -mux-socket /run/vc/vm/{ID}/kata.sock",
            "kvm": False,
            "taps": [],
        }
    ]


def test_a_hypervisor_is_found_by_its_cgroup_where_its_command_line_has_a_shortened_id(proc: Path) -> None:
    process(proc, 300, ["/firecracker", "--id", ID[:32]], cgroup=f"/docker/{ID}")
    assert [found["pid"] for found in find_processes(ID, str(proc))] == [300]


def test_kernel_threads_and_zombies_are_nobody(proc: Path) -> None:
    process(proc, 300, [], cgroup=f"/docker/{ID}", program="/nowhere")
    assert find_processes(ID, str(proc)) == []


def test_what_a_hypervisor_holds_is_told(proc: Path) -> None:
    process(
        proc,
        300,
        ["/usr/bin/qemu-lite-system-x86_64", "-name", f"sandbox-{ID}"],
        files={0: "/dev/null", 9: "/dev/kvm", 10: "anon_inode:kvm-vm", 14: "/dev/net/tun", 15: "/dev/tap7"},
        fdinfo={14: "pos:\t0\nflags:\t0104002\nmnt_id:\t27\nino:\t137\niff:\ttap0_kata\n"},
    )
    (found,) = find_processes(ID, str(proc))
    assert (found["kvm"], found["taps"]) == (True, ["/dev/tap7", "tap0_kata"])


def test_an_opened_kvm_is_no_virtual_machine_yet(proc: Path) -> None:
    process(proc, 300, ["/usr/bin/qemu-system-x86_64", f"sandbox-{ID}"], files={9: "/dev/kvm"})
    assert find_processes(ID, str(proc))[0]["kvm"] is False


def test_mounts_are_found_by_their_path_the_last_first(proc: Path) -> None:
    (proc / "self").mkdir()
    (proc / "self" / "mountinfo").write_text(
        f"""\
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
90 27 0:52 / /run/kata-containers/shared/sandboxes/{ID} rw shared:2 - tmpfs tmpfs rw
91 90 254:0 /var/lib/{ID} /mnt/of\\040somebody rw,relatime - ext4 /dev/vda rw
92 90 0:53 / /run/kata-containers/shared/sandboxes/{ID}/a\\040b/rootfs rw - overlay overlay rw,lowerdir=/l
93 27 0:54 / /run/kata-containers/shared/sandboxes/{OTHER_ID} rw - tmpfs tmpfs rw
"""
    )
    assert find_mounts(ID, str(proc)) == [
        f"/run/kata-containers/shared/sandboxes/{ID}/a b/rootfs",
        f"/run/kata-containers/shared/sandboxes/{ID}",
    ]


@pytest.mark.parametrize("given", ["", "scylla-node1", ID[:12], ID.upper(), f"{ID}0", f"{ID}\n"])
def test_anything_but_a_whole_id_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match=r"64 digits of 0-9 and a-f"):
        check_container_id(given)


def test_a_whole_id_is_taken() -> None:
    check_container_id(ID)
