# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What a host is: pure functions over the texts of /proc, /sys and the engine's answers.

Formats: proc(5), sysfs ABI documents of the Linux kernel (cpu/vulnerabilities, cpufreq, cpu/smt), Docker Engine API
`GET /info` and `GET /version`.
"""

from __future__ import annotations

import os
import re

# Flags that decide how fast a sandbox or a database can be: hardware virtualisation, and the ScyllaDB minimum.
FLAGS_OF_INTEREST = ("aes", "avx2", "avx512f", "hypervisor", "pcid", "invpcid", "pclmulqdq", "sse4_2", "svm", "vmx")


def parse_cpuinfo(text):
    """Read /proc/cpuinfo: {model, microcode, sockets, cores, threads, flags} with None for what it does not name.

    ``cores`` counts physical cores over all sockets; where no core ids are named (many VMs), threads.
    """
    processors = []
    for block in re.split(r"\n\s*\n", text.strip()):
        fields = {}
        for line in block.splitlines():
            key, separator, value = line.partition(":")
            if separator:
                fields[key.strip()] = value.strip()
        if "processor" in fields:
            processors.append(fields)
    first = processors[0] if processors else {}
    cores = {(one.get("physical id"), one.get("core id")) for one in processors if "core id" in one}
    flags = first.get("flags", first.get("Features", "")).split()
    return {
        "model": first.get("model name"),
        "microcode": first.get("microcode"),
        "sockets": len({one["physical id"] for one in processors if "physical id" in one}) or None,
        "cores": len(cores) or len(processors),
        "threads": len(processors),
        "flags": flags,
    }


def parse_meminfo(text):
    """Read /proc/meminfo: {memory_mib, swap_mib}, whole MiB rounded down, None for what is not named."""
    kib = dict(re.findall(r"^(\w+):\s+(\d+) kB$", text, re.MULTILINE))
    return {
        "memory_mib": int(kib["MemTotal"]) // 1024 if "MemTotal" in kib else None,
        "swap_mib": int(kib["SwapTotal"]) // 1024 if "SwapTotal" in kib else None,
    }


def parse_mounts(text, path):
    """Find the mount that holds an absolute path in /proc/self/mountinfo.

    Gives {device, filesystem, number, mount_point, shared}: ``number`` is the device's major:minor, ``shared`` whether
    what is mounted below is passed on to other namespaces. The last of equally deep mounts hides the earlier ones.
    """
    found = None
    for line in text.splitlines():
        left, _separator, right = line.partition(" - ")
        fields, source = left.split(), right.split()
        if len(fields) < 5 or len(source) < 2:
            continue
        point = fields[4].replace("\\040", " ")
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and (found is None or len(point) >= len(found["mount_point"])):
            found = {
                "device": source[1],
                "filesystem": source[0],
                "number": fields[2],
                "mount_point": point,
                "shared": any(field.startswith("shared:") for field in fields[6:]),
            }
    return found


def parse_os_release(text):
    """Name the distribution of /etc/os-release, its PRETTY_NAME, else None."""
    match = re.search(r'^PRETTY_NAME="?([^"\n]*)"?$', text, re.MULTILINE)
    return match.group(1) if match else None


def parse_version(text):
    """Find the version in what `PROGRAM --version` prints, else give its first line, or None for nothing.

    runc says `runc version 1.1.5+ds1`, runsc `runsc version release-20221219.0`, Kata 1.x `kata-runtime  : 1.12.1`,
    containerd shims `Version:  1.6.20`.
    """
    match = re.search(r"(?:\bversion:?|\s:)\s+(\S+)", text, re.IGNORECASE)
    if match:
        return match.group(1)
    lines = text.strip().splitlines()
    return lines[0].strip() if lines else None


def describe_engine(info, version):
    """Pick from the engine's `GET /info` and `GET /version`: {name, version, storage_driver, cgroup_version, root}."""
    platform = (version.get("Platform") or {}).get("Name") or "Docker Engine"
    return {
        "name": platform,
        "version": info.get("ServerVersion"),
        "storage_driver": info.get("Driver"),
        "cgroup_version": info.get("CgroupVersion"),
        "cgroup_driver": info.get("CgroupDriver"),
        "data_root": info.get("DockerRootDir"),
    }


def runtime_commands(info):
    """Say which program tells each runtime's version: {name: [program, "--version"]}, sorted by name.

    A runtime is a path, or the type of a containerd shim: io.containerd.kata.v2 is run by containerd-shim-kata-v2.
    """
    commands = {}
    for name, runtime in sorted((info.get("Runtimes") or {}).items()):
        path = runtime.get("path")
        kind = runtime.get("runtimeType") or (name if name.startswith("io.containerd.") else "")
        if not path and kind:
            path = "containerd-shim-" + "-".join(kind.split(".")[-2:])
        if path:
            commands[name] = [path, "--version"]
    return commands


def virtualisation(cpu_flags, dmi_product, dmi_vendor):
    """Name what the machine runs on: None on bare metal, else the hypervisor as DMI or the CPU names it."""
    if "hypervisor" not in cpu_flags:
        return None
    named = " ".join(text for text in (dmi_vendor, dmi_product) if text)
    return named or "unnamed hypervisor"


def disk_model(sys_root, number):
    """Find the model of the disk behind a block device number (major:minor) under a /sys tree: {device, model}.

    A partition is followed to its disk, a device-mapper or RAID device to the first disk below it.
    """
    place = os.path.realpath(os.path.join(sys_root, "dev", "block", number))
    if not os.path.isdir(place):
        return {"disk": None, "model": None, "rotational": None}
    if os.path.exists(os.path.join(place, "partition")):
        place = os.path.dirname(place)
    slaves = os.path.join(place, "slaves")
    below = sorted(os.listdir(slaves)) if os.path.isdir(slaves) else []
    if below:
        return disk_model_of(os.path.realpath(os.path.join(slaves, below[0])))
    return disk_model_of(place)


def disk_model_of(place):
    """Read name, model and kind of the disk whose directory under /sys is given."""
    if os.path.exists(os.path.join(place, "partition")):
        place = os.path.dirname(place)
    rotational = read_text(os.path.join(place, "queue", "rotational"))
    return {
        "disk": os.path.basename(place),
        "model": read_text(os.path.join(place, "device", "model")),
        "rotational": None if rotational is None else rotational == "1",
    }


def mitigations(sys_root):
    """Read what the kernel says of each CPU vulnerability: {spectre_v2: "Mitigation: …"}."""
    directory = os.path.join(sys_root, "devices", "system", "cpu", "vulnerabilities")
    if not os.path.isdir(directory):
        return {}
    return {name: read_text(os.path.join(directory, name)) for name in sorted(os.listdir(directory))}


def read_text(path):
    """Read a small file, stripped; None where it cannot be read (absent, or a knob the kernel does not answer)."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip() or None
    except OSError:
        return None
