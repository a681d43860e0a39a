# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What a host has for virtual machines, as its own files tell it; judged elsewhere.

Formats: proc(5) for mountinfo and modules, kmod's modules.dep and modules.builtin. Every path is below ``root``, so
that a test can put a tree there.
"""

from __future__ import annotations

import os
import re
import stat

from ansible_collections.katabench.scylla.plugins.module_utils import host_fingerprint as host
from ansible_collections.katabench.scylla.plugins.module_utils.docker_engine import ask_engine
from ansible_collections.katabench.scylla.plugins.module_utils.kvm import probe_kvm

MODULES = ("kvm", "kvm_amd", "kvm_intel", "kvm_pvm", "vhost", "vhost_net", "vhost_vsock")
MIB = 1024 * 1024


def observe(root="/", docker_socket="/var/run/docker.sock", hypervisor_path=""):
    """Put together what a host has; what it does not tell is None. The module kata_host documents the keys."""
    cpu = host.parse_cpuinfo(_read(root, "proc/cpuinfo"))
    mounts = _read(root, "proc/self/mountinfo")
    uname = os.uname()
    modules = module_states(root, uname.release)
    return {
        "architecture": uname.machine,
        "cpu_virtualisation": next((flag for flag in ("vmx", "svm") if flag in cpu["flags"]), None),
        "virtualisation": host.virtualisation(
            cpu["flags"],
            host.read_text(os.path.join(root, "sys/class/dmi/id/product_name")),
            host.read_text(os.path.join(root, "sys/class/dmi/id/sys_vendor")),
        ),
        "kvm": probe_kvm(os.path.join(root, "dev/kvm")),
        "modules": modules,
        "vhost_net": modules["vhost_net"] is not None or os.path.exists(os.path.join(root, "dev/vhost-net")),
        "vhost_vsock": modules["vhost_vsock"] is not None or os.path.exists(os.path.join(root, "dev/vhost-vsock")),
        "shm": shared_memory(os.path.join(root, "dev/shm")),
        "root_shared": (host.parse_mounts(mounts, "/") or {}).get("shared"),
        "log_socket": is_socket(os.path.join(root, "dev/log")),
        "cgroup": cgroup_version(mounts),
        "memory_mib": host.parse_meminfo(_read(root, "proc/meminfo"))["memory_mib"],
        "docker_version": ask_engine(docker_socket, "/version").get("Version"),
        "hypervisor": program(hypervisor_path) if hypervisor_path else None,
    }


def _read(root, path):
    return host.read_text(os.path.join(root, path)) or ""


def module_states(root, release, names=MODULES):
    """Say of each kernel module whether it is loaded, built-in, loadable, or None where the kernel has it not.

    A kernel without loadable modules has neither /proc/modules nor modules.dep: what shows below /sys/module is built
    in. Files name modules with - or _, the kernel with _ only.
    """
    loaded = {line.split()[0] for line in _read(root, "proc/modules").splitlines()}
    directory = os.path.join("lib/modules", release)
    built_in = _module_names(_read(root, os.path.join(directory, "modules.builtin")))
    loadable = _module_names(_read(root, os.path.join(directory, "modules.dep")))

    def state(name):
        if name in loaded:
            return "loaded"
        if name in built_in or os.path.isdir(os.path.join(root, "sys/module", name)):
            return "built-in"
        return "loadable" if name in loadable else None

    return {name: state(name) for name in names}


def _module_names(text):
    """Names in modules.dep (`kernel/drivers/vhost/vhost_net.ko.xz: …`) or modules.builtin (a path a line)."""
    return {name.replace("-", "_") for name in re.findall(r"^(?:[^:\s]*/)?([^/:\s]+)\.ko\b", text, re.MULTILINE)}


def cgroup_version(mountinfo):
    """Name the cgroup version mounted: v1, v2, hybrid where controllers are in v1 beside a v2 tree, None for none.

    A v1 tree with a name and no controller (name=systemd) is a way to keep track of services and does not count.
    """
    kinds = set()
    for line in mountinfo.splitlines():
        kind, _source, options = [*line.partition(" - ")[2].split(), "", "", ""][:3]
        if kind == "cgroup2" or (kind == "cgroup" and "name=" not in options):
            kinds.add(kind)
    if len(kinds) == 2:
        return "hybrid"
    return {"cgroup": "v1", "cgroup2": "v2"}[kinds.pop()] if kinds else None


def shared_memory(path):
    """Measure a tmpfs in whole MiB: {size_mib, free_mib}, None where there is none."""
    try:
        space = os.statvfs(path)
    except OSError:
        return None
    return {
        "size_mib": space.f_frsize * space.f_blocks // MIB,
        "free_mib": space.f_frsize * space.f_bavail // MIB,
    }


def is_socket(path):
    """Whether something can listen there; a link is followed, as systemd makes one of /dev/log."""
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


def program(path):
    """Describe a program by its path: {path, exists, executable}."""
    return {
        "path": path,
        "exists": os.path.exists(path),
        "executable": os.path.isfile(path) and os.access(path, os.X_OK),
    }
