# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a host can carry Kata's virtual machines: what the module kata_host saw, judged.

Own checks, because upstream's know Intel only (`kata-ctl check`) or need an installed Kata (`kata-runtime kata-check`).
Kata 1.0 to 1.12.1 knows no cgroup v2, hands its messages to /dev/log, and shares a container's files through mounts
that its virtual machine sees only where / is shared. With virtio-fs QEMU lays the guest's memory into /dev/shm.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict

from ansible_collections.katabench.scylla.plugins.plugin_utils.kata_release import Release

_KVM_API_VERSION = 12  # Documentation/virt/kvm/api.rst: every other value is to be refused
_MODULE_OF_FLAG = {"vmx": "kvm_intel", "svm": "kvm_amd"}
_DEFAULT_MEMORY_MIB = 2048  # default_memory of every configuration.toml
_DEFAULT_SHARED_FS = {"1.x": "virtio-9p", "2+": "virtio-fs"}
_SOFTWARE = "to try things without it set kata_accelerator: tcg"


class Fault(TypedDict):
    """What keeps a host from carrying Kata, in three sentences."""

    found: str
    expected: str
    mend: str


class Needs(TypedDict):
    """What the virtual machines ask of their host."""

    accelerator: str  # kvm or tcg
    vhost_net: bool  # the kernel moves their network's packets
    shm_mib: int  # memory that lies in /dev/shm; 0 where it lies elsewhere


def needs_of(
    release: Release,
    accelerator: str,
    virtual_machines: int,
    config: Mapping[str, Any],
    profiles: Mapping[str, Mapping[str, Any]],
) -> Needs:
    """Derive what `virtual_machines` running at once need, whichever of the profiles they are of.

    `config` holds the changes to configuration.toml, `profiles` those of each profile upon them; keys are dotted or
    nested.
    """
    prefix = f"hypervisor.{release['hypervisor_table']}."
    tables = []
    for changes in profiles.values() or [{}]:
        flat = dict(_flatten(config)) | dict(_flatten(changes))
        tables.append({key.removeprefix(prefix): value for key, value in flat.items() if key.startswith(prefix)})
    in_shm = [
        int(table.get("default_memory") or _DEFAULT_MEMORY_MIB)
        for table in tables
        if _shares_memory(table, release["line"])
    ]
    return {
        "accelerator": accelerator,
        "vhost_net": not all(table.get("disable_vhost_net") for table in tables),
        "shm_mib": virtual_machines * max(in_shm, default=0),
    }


def host_faults(seen: Mapping[str, Any], release: Release, needs: Needs) -> list[Fault]:
    """Judge what the module kata_host saw; an empty list is a host that can carry this Kata.

    A module that is not loaded yet is no fault: needed_modules names it.
    """
    faults = [*_kvm_faults(seen)] if needs["accelerator"] == "kvm" else []
    faults += _device_faults(seen, needs)
    faults += _hypervisor_faults(seen)
    if release["line"] == "1.x":
        faults += _first_line_faults(seen)
    return faults


def host_notes(seen: Mapping[str, Any], needs: Needs) -> list[str]:
    """Say what is no fault and yet belongs beside every figure from this host."""
    notes = []
    if needs["accelerator"] == "tcg":
        notes.append("Virtual machines are emulated in software (kata_accelerator: tcg): no figure from them counts.")
    elif seen["virtualisation"]:
        notes.append(f"The host is itself a virtual machine ({seen['virtualisation']}): virtualisation is nested.")
    return notes


def needed_modules(seen: Mapping[str, Any], release: Release, needs: Needs) -> list[str]:
    """Name the kernel modules that are to be loaded, now and at boot: needed, and not built into the kernel.

    vhost_net and vhost_vsock bring vhost with them.
    """
    wanted = ["vhost_net"] if needs["vhost_net"] else []
    wanted += ["vhost_vsock"] if release["line"] == "2+" else []
    return [name for name in wanted if seen["modules"][name] in ("loadable", "loaded")]


def sentences(faults: Sequence[Fault]) -> list[str]:
    """Put each fault in one line."""
    return [f"{fault['found']} {fault['expected']} {fault['mend']}" for fault in faults]


def _flatten(changes: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Give every value with its dotted key."""
    for key, value in changes.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _shares_memory(table: Mapping[str, Any], line: str) -> bool:
    """Whether a profile's virtual machines have their memory in /dev/shm."""
    shared_fs = str(table.get("shared_fs") or _DEFAULT_SHARED_FS[line])
    return shared_fs.startswith("virtio-fs") and not table.get("enable_hugepages")


def _kvm_faults(seen: Mapping[str, Any]) -> Iterator[Fault]:
    flag, kvm = seen["cpu_virtualisation"], seen["kvm"]
    if seen["architecture"] == "x86_64" and flag is None:
        yield _no_virtualisation(seen)
        return  # what else is wrong with KVM follows from it
    module = _MODULE_OF_FLAG.get(flag, "kvm")
    if not kvm["exists"]:
        yield {
            "found": "There is no /dev/kvm.",
            "expected": "Kata's virtual machines run on KVM.",
            "mend": f"Load it with modprobe {module}; where that says 'not supported', switch on virtualisation in the "
            "firmware, and where the kernel has no such module, take one that has.",
        }
    elif not kvm["opens"]:
        yield {
            "found": f"/dev/kvm does not open: {kvm['error']}.",
            "expected": "root opens it to make virtual machines.",
            "mend": f"Load {module} with modprobe; in a container, let the device through.",
        }
    elif kvm["api_version"] != _KVM_API_VERSION:
        yield {
            "found": f"/dev/kvm speaks version {kvm['api_version']} of its interface.",
            "expected": f"Version {_KVM_API_VERSION} is the only one that hypervisors know.",
            "mend": "Take a kernel with the ordinary KVM.",
        }
    elif not kvm["creates_vm"]:
        yield {
            "found": f"/dev/kvm opens and makes no virtual machine: {kvm['error']}.",
            "expected": "KVM_CREATE_VM succeeds.",
            "mend": "Stop another hypervisor that holds the CPU (VirtualBox, VMware), or switch on virtualisation in "
            "the firmware; dmesg names the cause.",
        }


def _no_virtualisation(seen: Mapping[str, Any]) -> Fault:
    found = "The CPU shows neither vmx (Intel) nor svm (AMD)"
    if seen["modules"]["kvm_pvm"] in ("loaded", "built-in"):
        found += "; /dev/kvm is there by kvm_pvm, which runs guest kernels made for it only"
    elif seen["kvm"]["creates_vm"]:
        found += ", though /dev/kvm makes virtual machines"
    if seen["virtualisation"]:
        mend = (
            f"Ask for nested virtualisation in what is below ({seen['virtualisation']}), or take a bare-metal host; "
            f"{_SOFTWARE}."
        )
    else:
        mend = f"Switch on virtualisation (VT-x, AMD-V, SVM) in the firmware; {_SOFTWARE}."
    return {"found": f"{found}.", "expected": "Kata's virtual machines need the CPU's virtualisation.", "mend": mend}


def _device_faults(seen: Mapping[str, Any], needs: Needs) -> Iterator[Fault]:
    if needs["vhost_net"] and not seen["vhost_net"]:
        yield {
            "found": "There is no /dev/vhost-net, and the kernel has no module vhost_net.",
            "expected": "The virtual machines' network goes through it.",
            "mend": "Take a kernel with vhost_net, or do without it: kata_config: "
            "{hypervisor.qemu.disable_vhost_net: true}.",
        }
    shm = seen["shm"] or {"size_mib": 0, "free_mib": 0}
    if shm["free_mib"] < needs["shm_mib"]:
        yield {
            "found": f"Of the {shm['size_mib']} MiB of /dev/shm {shm['free_mib']} MiB are free.",
            "expected": f"The memory of the virtual machines, {needs['shm_mib']} MiB, lies there with virtio-fs.",
            "mend": f"Enlarge it (mount -o remount,size={needs['shm_mib']}m /dev/shm, and in /etc/fstab), use huge "
            "pages (enable_hugepages), or make the virtual machines fewer or smaller.",
        }


def _hypervisor_faults(seen: Mapping[str, Any]) -> Iterator[Fault]:
    program = seen["hypervisor"]
    if program is not None and not program["executable"]:
        state = "is not executable" if program["exists"] else "does not exist"
        yield {
            "found": f"The hypervisor {program['path']} {state}.",
            "expected": "kata_hypervisor_source: existing takes one that is there.",
            "mend": "Install it, name another with kata_hypervisor_path, or have it brought by kata_hypervisor_source: "
            "archive or source.",
        }


def _first_line_faults(seen: Mapping[str, Any]) -> Iterator[Fault]:
    """Judge what Kata 1.x alone asks for."""
    if seen["cgroup"] not in ("v1", "hybrid"):
        yield {
            "found": "Control groups of version 1 are not mounted.",
            "expected": "Kata 1.x knows no version 2.",
            "mend": "Boot with systemd.unified_cgroup_hierarchy=0 (with systemd 256 and later also "
            "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1), or take Kata 2 or later.",
        }
    if not seen["root_shared"]:
        yield {
            "found": "/ is not a shared mount.",
            "expected": "Kata 1.x passes containers' files on through shared mounts.",
            "mend": "Run mount --make-rshared / (systemd does so at boot).",
        }
    if not seen["log_socket"]:
        yield {
            "found": "/dev/log is not a socket.",
            "expected": "Kata 1.x writes to the system's log and stops where it cannot.",
            "mend": "Install and start a log daemon (systemd-journald, rsyslog).",
        }
