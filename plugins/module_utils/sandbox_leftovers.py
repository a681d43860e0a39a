# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What of one sandbox is on its host: processes, mounts and tap devices that belong to a container's id.

A sandbox's helpers (hypervisor, proxy, shim, file server) carry the engine's whole id on their command line or run in a
cgroup of that name; what is mounted for them has it in its path. Formats: proc(5); `iff` in fdinfo is written by the
kernel's drivers/net/tun.c, `anon_inode:kvm-vm` by virt/kvm/kvm_main.c.
"""

from __future__ import annotations

import os
import re

_CONTAINER_ID = re.compile(r"[0-9a-f]{64}")
_OCTAL = re.compile(r"\\([0-7]{3})")
_INTERFACE = re.compile(r"^iff:\s*(\S+)$", re.MULTILINE)
_MACVTAP = re.compile(r"/dev/tap\d+")


def check_container_id(container_id):
    """Raise ValueError for anything that is not a whole id: a name or a short id would match strangers."""
    if not _CONTAINER_ID.fullmatch(container_id):
        raise ValueError(
            f"container_id is {container_id!r}, where the engine's whole id is expected: 64 digits of 0-9 and a-f, "
            "as `docker inspect --format '{{.Id}}'` prints it."
        )


def find_processes(container_id, proc="/proc"):
    """Find the processes of a container's sandbox: [{pid, program, command, kvm, taps}], by pid.

    ``program`` is the path of what runs, "" where it cannot be read; ``kvm`` says whether it holds a virtual machine of
    KVM; ``taps`` are the tap devices that it holds. The caller itself and what called it are left out, though the id
    may stand on their command lines. So are zombies and kernel threads, which have none.
    """
    callers = _callers_commands(proc)
    found = []
    for pid in sorted(int(name) for name in os.listdir(proc) if name.isdigit()):
        place = os.path.join(proc, str(pid))
        command = _read(os.path.join(place, "cmdline"))
        if not command or command in callers:
            continue
        if container_id in command or container_id in _read(os.path.join(place, "cgroup")):
            files = _open_files(place)
            found.append(
                {
                    "pid": pid,
                    "program": _link(os.path.join(place, "exe")),
                    "command": command.replace("\0", " ").strip(),
                    "kvm": "anon_inode:kvm-vm" in files.values(),
                    "taps": _taps(place, files),
                }
            )
    return found


def find_mounts(container_id, proc="/proc"):
    """Find the mount points whose path holds the id, the last mounted first, which is the order to unmount them in."""
    points = []
    for line in _read(os.path.join(proc, "self", "mountinfo")).splitlines():
        point = _OCTAL.sub(lambda code: chr(int(code.group(1), 8)), line.split(" ")[4])
        if container_id in point:
            points.append(point)
    return points[::-1]


def _callers_commands(proc):
    """Give the command lines of this process and its ancestors; forks of a caller have the same ones."""
    commands, pid = set(), str(os.getpid())
    while pid.strip("0"):
        place = os.path.join(proc, pid)
        commands.add(_read(os.path.join(place, "cmdline")))
        # pid (comm) state ppid …; comm may hold anything, parentheses and spaces as well
        after_name = _read(os.path.join(place, "stat")).rpartition(")")[2].split()
        pid = after_name[1] if len(after_name) > 1 else "0"
    return commands


def _open_files(place):
    """Give what the descriptors of a process point to: {number: target}; {} where it has gone."""
    directory = os.path.join(place, "fd")
    try:
        numbers = os.listdir(directory)
    except OSError:
        return {}
    return {number: _link(os.path.join(directory, number)) for number in numbers}


def _taps(place, files):
    """Name the tap devices among a process's open files: interfaces of /dev/net/tun, macvtap by its device node."""
    taps = {target for target in files.values() if _MACVTAP.fullmatch(target)}
    for number, target in files.items():
        if target == "/dev/net/tun":
            taps.update(_INTERFACE.findall(_read(os.path.join(place, "fdinfo", number))))
    return sorted(taps)


def _read(path):
    """Read a file of /proc, "" where it cannot be: a process may end at any time."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _link(path):
    try:
        return os.readlink(path)
    except OSError:
        return ""
