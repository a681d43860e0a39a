# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a container ran in a virtual machine of its own, and in the one that its configuration describes.

A kernel release alone proves nothing: gVisor makes one up, and a guest may boot the host's very kernel. So three things
are asked for together. The kernel inside has another boot id than the host's (a random UUID that the kernel draws once
per boot; random(4)). The container's own process is not a process of the host. A process of the host that belongs to
the container is a hypervisor. A runtime that wraps runc has none of the three.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

# What Kata takes for keys that are not set or 0 (1.x: cli/config, 4.x: kata-types default.rs).
_DEFAULT_CPUS = 1
_DEFAULT_MEMORY_MIB = 2048

# A guest sees less memory than its machine has: firmware, kernel and its table of pages take their part. Of 3072 MiB a
# kernel 6.1 with an initrd showed 2971.
_KEPT_BY_KERNEL_MIB = 64
_KEPT_BY_KERNEL_SHARE = 0.05


class KataProofError(ValueError):
    """What was observed cannot be read."""


def read_inside(text: str) -> dict[str, Any]:
    """Read what `roles/kata/files/inside.sh` printed, in a container or on the host.

    Returns `kernel_release`, `boot_id` (None where the kernel names none), `processors`, `memory_mib` (rounded down),
    `interface_flags` (a list, empty where there is no such interface) and `interface_address` (None where it has none).
    """
    values = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
    try:
        return {
            "kernel_release": values["kernel_release"],
            "boot_id": values.get("boot_id"),
            "processors": int(values["processors"]),
            "memory_mib": int(values["memory_total_kib"]) // 1024,
            "interface_flags": [flag for flag in values.get("interface_flags", "").strip("<>").split(",") if flag],
            "interface_address": values.get("interface_address"),
        }
    except KeyError as error:
        raise KataProofError(f"inside.sh printed no {error.args[0]}; it printed: {text.strip()!r}") from error
    except ValueError as error:
        raise KataProofError(f"inside.sh printed something unexpected ({error}): {text.strip()!r}") from error


def expected_size(files: Mapping[str, str], table: str, host_cpus: int) -> dict[str, int]:
    """Return the `cpus` and `memory_mib` that a configuration gives a machine without limits of its own.

    `files` are the texts of the configuration and of its drop-ins (config.d/*.toml, which win, in the order of their
    names) by path; `table` is the one below `hypervisor` that holds. As in all versions (katautils/config.go,
    kata-types CpuInfo): 0 CPUs are one, fewer or more than the host has are all of the host's; parts of a CPU are
    rounded up.
    """
    settings: dict[str, Any] = {}
    for path in sorted(files, key=lambda path: (PurePosixPath(path).parent.name == "config.d", path)):
        try:
            settings |= tomllib.loads(files[path]).get("hypervisor", {}).get(table, {})
        except tomllib.TOMLDecodeError as error:
            raise KataProofError(f"{path} cannot be read as TOML: {error}") from error
    cpus = settings.get("default_vcpus") or _DEFAULT_CPUS
    memory_mib = settings.get("default_memory") or _DEFAULT_MEMORY_MIB
    for key, value in (("default_vcpus", cpus), ("default_memory", memory_mib)):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise KataProofError(f"hypervisor.{table}.{key} is {value!r}, where a number is expected")
    return {
        "cpus": host_cpus if cpus < 0 or cpus > host_cpus else math.ceil(cpus),
        "memory_mib": int(memory_mib),
    }


def find_hypervisor(processes: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the hypervisor among a container's processes on the host: `program` and `accelerator`, None without one.

    Measured, not believed: who holds a virtual machine of KVM is one by `kvm`; where nobody does, only QEMU can be one,
    by software emulation, `tcg`. `processes` are those of the module sandbox_leftovers.
    """
    processes = list(processes)
    for process in processes:
        if process["kvm"]:
            return {"program": process["program"], "accelerator": "kvm"}
    for process in processes:
        if PurePosixPath(process["program"]).name.startswith("qemu"):
            return {"program": process["program"], "accelerator": "tcg"}
    return None


def proof_faults(seen: Mapping[str, Any], expected: Mapping[str, int], host: Mapping[str, Any]) -> list[str]:
    """Return a sentence for everything that speaks against a proper virtual machine; none is the proof.

    `seen` holds `inside` and, like `host`, what read_inside returns; `processes` of the container while it ran; `mark`,
    a word on the command line of the container's own process; `answer`, what its published port said, which should be
    the mark; `left`: `processes`, `mounts` and `namespace` ("" for none) after its removal. `expected` comes from
    expected_size.
    """
    return [
        *_kernel_faults(seen["inside"], host),
        *_host_faults(seen["processes"], seen["mark"]),
        *_size_faults(seen["inside"], expected),
        *_network_faults(seen["inside"], seen["answer"], seen["mark"]),
        *_left_faults(seen["left"]),
    ]


def proof_notes(inside: Mapping[str, Any], host: Mapping[str, Any]) -> list[str]:
    """Return sentences on what is no fault and should be known."""
    if inside["boot_id"] != host["boot_id"] and inside["kernel_release"] == host["kernel_release"]:
        return [
            f"The guest's kernel release is the host's, {host['kernel_release']}: it is the host's kernel, booted again"
            " (their boot ids differ). kata_kernel_path or kata_kernel_source: packaging give it another one."
        ]
    return []


def _kernel_faults(inside: Mapping[str, Any], host: Mapping[str, Any]) -> list[str]:
    release = inside["kernel_release"]
    if inside["boot_id"] is None:
        return [
            f"It names no boot id, as every Linux kernel does: its kernel release, {release}, is a sandbox's own, not"
            " that of a guest kernel."
        ]
    if inside["boot_id"] == host["boot_id"]:
        return [
            f"It runs in the host's kernel: its boot id is the host's, {host['boot_id']}, its kernel release {release},"
            f" the host's {host['kernel_release']}. A virtual machine has booted a kernel of its own."
        ]
    return []


def _host_faults(processes: Sequence[Mapping[str, Any]], mark: str) -> list[str]:
    faults = [
        f"Its own process is one of the host's, pid {process['pid']} ({process['command']}); that of a virtual machine"
        " cannot be seen from the host."
        for process in processes
        if mark in process["command"]
    ]
    if find_hypervisor(processes) is None:
        faults.append(
            "None of its processes on the host is a hypervisor: no one holds a virtual machine of KVM, none is QEMU;"
            f" there is {_list_programs(processes) or 'nothing'}."
        )
    return faults


def _size_faults(inside: Mapping[str, Any], expected: Mapping[str, int]) -> list[str]:
    faults = []
    if inside["processors"] != expected["cpus"]:
        faults.append(
            f"Its number of CPUs is {inside['processors']}, where its configuration gives {expected['cpus']}."
        )
    most_mib = expected["memory_mib"]
    least_mib = math.floor(most_mib * (1 - _KEPT_BY_KERNEL_SHARE)) - _KEPT_BY_KERNEL_MIB
    if not least_mib <= inside["memory_mib"] <= most_mib:
        faults.append(
            f"It sees {inside['memory_mib']} MiB of memory, where its configuration gives {most_mib}, of which it"
            f" should see {least_mib} at least."
        )
    return faults


def _network_faults(inside: Mapping[str, Any], answer: str, mark: str) -> list[str]:
    faults = []
    if "UP" not in inside["interface_flags"]:
        state = f"is not up ({', '.join(inside['interface_flags'])})" if inside["interface_flags"] else "is missing"
        faults.append(f"Its interface eth0 {state}.")
    elif inside["interface_address"] is None:
        faults.append("Its interface eth0 is up and has no address.")
    if mark not in answer:
        faults.append(f"Its published port does not answer from the host: {answer.strip() or 'nothing came back'}.")
    return faults


def _left_faults(left: Mapping[str, Any]) -> list[str]:
    faults = []
    if left["processes"]:
        faults.append(f"It was removed, and there still runs {_list_programs(left['processes'])}.")
    if left["mounts"]:
        faults.append(f"It was removed, and there is still mounted {', '.join(left['mounts'])}.")
    if left["namespace"]:
        faults.append(
            f"It was removed, and its network namespace {left['namespace']} is still there, with its tap device."
        )
    return faults


def _list_programs(processes: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(
        f"{PurePosixPath(process['program']).name or 'a program without a name'} (pid {process['pid']})"
        for process in processes
    )
