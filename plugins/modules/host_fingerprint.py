#!/usr/bin/python
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Describe a host: CPU, memory, kernel, disk, engine and runtimes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_fingerprint
short_description: Describe a host, so that results from different hosts can be told apart
version_added: 0.1.0
author: katabench authors (@katabench)
description:
  - Reads C(/proc), C(/sys) and the answers of the Docker engine; changes nothing.
  - What a host does not tell is null.
attributes:
  check_mode:
    description: Only reads, in check mode as well.
    support: full
  diff_mode:
    description: Shows no difference.
    support: none
options:
  docker_socket:
    description: Socket of the Docker engine. Without an engine behind it, the engine is null.
    type: path
    default: /var/run/docker.sock
  data_path:
    description: Directory whose disk is described where no engine names its data root.
    type: path
    default: /var/lib/docker
  runtime_timeout_s:
    description: Time for a runtime to tell its version.
    type: int
    default: 5
"""

EXAMPLES = r"""
- name: Describe the host
  katabench.scylla.host_fingerprint:
  register: described

- name: Show its CPU
  ansible.builtin.debug:
    var: described.fingerprint.cpu.model
"""

RETURN = r"""
fingerprint:
  description: The host.
  returned: always
  type: dict
  contains:
    cpu:
      description: Model, microcode, sockets, cores, threads, smt, governor, flags of interest and mitigations.
      type: dict
      returned: always
    cpu_flags:
      description: All flags of the first CPU.
      type: list
      elements: str
      returned: always
    memory_mib:
      description: Memory in MiB.
      type: int
      returned: always
    swap_mib:
      description: Swap in MiB.
      type: int
      returned: always
    kernel:
      description: Kernel release.
      type: str
      returned: always
    distribution:
      description: Name and version of the distribution.
      type: str
      returned: always
    virtualisation:
      description: The hypervisor below, null on bare metal.
      type: str
      returned: always
    kvm:
      description: Whether /dev/kvm makes virtual machines.
      type: bool
      returned: always
    disk:
      description: Device, model, file system, size and free space behind the engine's data root.
      type: dict
      returned: always
    engine:
      description: Name, version, storage driver, cgroup version and driver, data root; null without an engine.
      type: dict
      returned: always
    runtimes:
      description: Version of each runtime of the engine, null where it could not be asked.
      type: dict
      returned: always
"""

import os
import subprocess

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.katabench.scylla.plugins.module_utils import host_fingerprint as host
from ansible_collections.katabench.scylla.plugins.module_utils.docker_engine import ask_engine
from ansible_collections.katabench.scylla.plugins.module_utils.kvm import probe_kvm

CPU = "/sys/devices/system/cpu"
MIB = 1024 * 1024


def ask_version(command, timeout_s):
    """Run `PROGRAM --version`, None where it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return host.parse_version(done.stdout) if done.returncode == 0 else None


def existing(path):
    """Climb to the nearest directory that exists: a data root may not have been made yet."""
    path = os.path.realpath(path)
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return path


def describe_disk(path):
    """Describe the disk behind a path, sizes in MiB."""
    place = existing(path)
    mount = host.parse_mounts(host.read_text("/proc/self/mountinfo") or "", place) or {}
    space = os.statvfs(place)
    disk = {
        "path": path,
        "device": mount.get("device"),
        "filesystem": mount.get("filesystem"),
        "size_mib": space.f_frsize * space.f_blocks // MIB,
        "free_mib": space.f_frsize * space.f_bavail // MIB,
    }
    disk.update(host.disk_model("/sys", mount.get("number", "none")))
    return disk


def describe_cpu():
    """Describe the CPU; gives the description and all flags."""
    cpu = host.parse_cpuinfo(host.read_text("/proc/cpuinfo") or "")
    flags = cpu.pop("flags")
    cpu["flags"] = [flag for flag in host.FLAGS_OF_INTEREST if flag in flags]
    cpu["governor"] = host.read_text(CPU + "/cpu0/cpufreq/scaling_governor")
    cpu["smt"] = host.read_text(CPU + "/smt/control")
    cpu["mitigations"] = host.mitigations("/sys")
    return cpu, flags


def fingerprint(docker_socket, data_path, runtime_timeout_s):
    """Put the parts together."""
    cpu, flags = describe_cpu()
    info = ask_engine(docker_socket, "/info")
    engine = host.describe_engine(info, ask_engine(docker_socket, "/version")) if info else None
    described = {
        "cpu": cpu,
        "cpu_flags": flags,
        "kernel": os.uname().release,
        "distribution": host.parse_os_release(host.read_text("/etc/os-release") or ""),
        "virtualisation": host.virtualisation(
            flags, host.read_text("/sys/class/dmi/id/product_name"), host.read_text("/sys/class/dmi/id/sys_vendor")
        ),
        "kvm": probe_kvm()["creates_vm"],
        "disk": describe_disk((engine or {}).get("data_root") or data_path),
        "engine": engine,
        "runtimes": {
            name: ask_version(command, runtime_timeout_s) for name, command in host.runtime_commands(info).items()
        },
    }
    described.update(host.parse_meminfo(host.read_text("/proc/meminfo") or ""))
    return described


def main():
    """Describe the host."""
    module = AnsibleModule(
        argument_spec={
            "docker_socket": {"type": "path", "default": "/var/run/docker.sock"},
            "data_path": {"type": "path", "default": "/var/lib/docker"},
            "runtime_timeout_s": {"type": "int", "default": 5},
        },
        supports_check_mode=True,
    )
    module.exit_json(changed=False, fingerprint=fingerprint(**module.params))


if __name__ == "__main__":
    main()
