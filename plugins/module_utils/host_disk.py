# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What a disk carries, and whether it may become the disk for data; what does not fit is refused with a sentence.

Formats: sysfs ABI documents of the Linux kernel (block, dev/block), proc(5) for mountinfo and swaps, fstab(5) and
wipefs(8) with --json. Paths of /sys and /proc are below ``root``, so that a test can put a tree there.
"""

from __future__ import annotations

import json
import os
import re

from ansible_collections.katabench.scylla.plugins.module_utils.host_fingerprint import read_text

# Marks a file system that the role host made; at most 12 letters, which is all that XFS has room for.
LABEL = "bench-data"

MIB = 1024 * 1024
SECTOR = 512
# What is no disk to keep data on: shown to nobody who looks for the right name.
_NO_DISKS = re.compile(r"(loop|ram|zram|sr|fd|nbd)\d+$")


def describe(number, root="/"):
    """Read a block device, named by major:minor, from /sys.

    Gives {name, size_mib, model, read_only, partition_of, parts}: ``parts`` are the device itself and then its
    partitions, each {name, number, holders}.
    """
    place = os.path.realpath(os.path.join(root, "sys/dev/block", number))
    entries = sorted(os.listdir(place)) if os.path.isdir(place) else []
    partitions = [os.path.join(place, name) for name in entries if _is_partition(os.path.join(place, name))]
    return {
        "name": _kernel_name(place),
        "size_mib": int(read_text(os.path.join(place, "size")) or 0) * SECTOR // MIB,
        "model": read_text(os.path.join(place, "device/model")),
        "read_only": read_text(os.path.join(place, "ro")) == "1",
        "partition_of": _kernel_name(os.path.dirname(place)) if _is_partition(place) else None,
        "parts": [_part(part) for part in (place, *partitions)],
    }


def _is_partition(place):
    return os.path.exists(os.path.join(place, "partition"))


def _part(place):
    holders = os.path.join(place, "holders")
    return {
        "name": _kernel_name(place),
        "number": read_text(os.path.join(place, "dev")),
        "holders": sorted(os.listdir(holders)) if os.path.isdir(holders) else [],
    }


def _kernel_name(place):
    """Name a device as below /dev: sysfs writes a slash of it as an exclamation mark."""
    return os.path.basename(place).replace("!", "/")


def list_disks(root="/"):
    """Name the disks that a host has, with size and model: what somebody who mistyped a name wants to see."""
    directory = os.path.join(root, "sys/block")
    names = sorted(os.listdir(directory)) if os.path.isdir(directory) else []
    disks = [
        describe(read_text(os.path.join(directory, name, "dev")) or "", root)
        for name in names
        if not _NO_DISKS.match(name)
    ]
    return [f"/dev/{disk['name']} ({words_of_size(disk)})" for disk in disks]


def words_of_size(disk):
    """Say how large a disk is and what it is called: `1788 GiB, SAMSUNG MZQL21T9HCJR`."""
    size = f"{disk['size_mib'] // 1024} GiB" if disk["size_mib"] >= 10 * 1024 else f"{disk['size_mib']} MiB"
    return f"{size}, {disk['model']}" if disk["model"] else size


def mounts(mountinfo):
    """List what is mounted, the latest last: [(major:minor, mount point)]."""
    lines = [line.split() for line in mountinfo.splitlines()]
    return [(fields[2], _unescape(fields[4])) for fields in lines if len(fields) > 4]


def fstab_source(text, mount_point):
    """Say what /etc/fstab mounts at a place, None for nothing."""
    for line in text.splitlines():
        fields = line.split()
        if (
            len(fields) > 1
            and not fields[0].startswith("#")
            and _unescape(fields[1]).rstrip("/") == mount_point.rstrip("/")
        ):
            return fields[0]
    return None


def _unescape(text):
    r"""Read a path as the kernel and fstab write it: a blank is \040."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), text)


def uses(parts, mountinfo, swaps):
    """Say in words what uses a disk and its partitions: mounts, swap, and holders such as RAID and LVM."""
    swapped = [line.split()[0] for line in swaps.splitlines()[1:] if line.strip()]
    found = []
    for part in parts:
        points = [point for number, point in mounts(mountinfo) if number == part["number"]]
        found += [f"{part['name']} is mounted at {point}" for point in points]
        found += [f"{holder} holds {part['name']}" for holder in part["holders"]]
        found += [f"{part['name']} is swap" for path in swapped if path == f"/dev/{part['name']}"]
    return found


def signatures(text):
    """Read what `wipefs --json` prints, which is nothing for a disk without any: [{type, label, uuid}]."""
    found = json.loads(text)["signatures"] if text.strip() else []
    return [{key: one.get(key) or None for key in ("type", "label", "uuid")} for one in found]


def has_data(descriptor, size):
    """Whether the first or the last MiB of an open device is anything but zeros: data need not have a signature."""
    starts = (0, max(size - MIB, 0))
    return any(os.pread(descriptor, MIB, start).strip(b"\0") for start in starts)


def require_whole_disk(path, disk):
    """Refuse what is no whole disk that can be written to."""
    if disk["partition_of"]:
        raise ValueError(
            f"{path} is a partition of {disk['partition_of']}; a whole disk is expected, which carries nothing else. "
            "Name one with host_data_disk."
        )
    if disk["size_mib"] == 0:
        raise ValueError(f"{path} has no room: a disk with a medium is expected. Name one with host_data_disk.")
    if disk["read_only"]:
        raise ValueError(
            f"{path} is read-only: a disk that can be written to is expected. Name one with host_data_disk."
        )


def is_ours(disk):
    """Whether a disk carries the one file system that the role made, and nothing else."""
    kinds = [(one["type"], one["label"]) for one in disk["signatures"]]
    return len(disk["parts"]) == 1 and kinds == [("xfs", LABEL)]


def judge_disk(path, disk, mountinfo, mount_point, wipe=""):
    """Say what a disk is: mounted (ours, in its place), ours, blank, or wipe (not blank, and named to be wiped).

    What is described above is in ``disk``, and also {uses, busy, signatures, data}: ``busy`` is whether the kernel
    gives the disk to nobody else, which covers what uses it in other namespaces.
    """
    number = disk["parts"][0]["number"]
    if is_ours(disk) and mounted_at(mountinfo, mount_point) == number:
        return "mounted"
    if disk["uses"] or disk["busy"]:
        raise ValueError(
            f"{path} ({words_of_size(disk)}) is in use: {', '.join(disk['uses']) or 'the kernel has given it away'}. "
            "A disk in use is never touched, whatever host_disk_wipe says. Name another one with host_data_disk, or "
            "end what uses it first."
        )
    if is_ours(disk):
        return "ours"
    carried = carries(disk)
    if not carried:
        return "blank"
    if wipe == path:
        return "wipe"
    named = f" host_disk_wipe names {wipe}, which is not how host_data_disk is written." if wipe else ""
    raise ValueError(
        f"{path} ({words_of_size(disk)}) is not blank, it carries {', '.join(carried)}; it is left as it is.{named} "
        f"Name another disk with host_data_disk. If nobody needs what is on this one: host_disk_wipe: {path}"
    )


def carries(disk):
    """Say in words what a disk has on it; nothing for a blank one."""
    partitions = [f"the partition {part['name']}" for part in disk["parts"][1:]]
    kinds = [
        f"a signature of {one['type']}" + (f" with the label '{one['label']}'" if one["label"] else "")
        for one in disk["signatures"]
    ]
    unknown = ["data of an unknown kind"] if disk["data"] and not kinds else []
    return partitions + kinds + unknown


def mounted_at(mountinfo, mount_point):
    """Give the device, major:minor, that is mounted at a place: the latest hides the others; None for none."""
    found = [number for number, point in mounts(mountinfo) if point == mount_point]
    return found[-1] if found else None


def require_fstab(mount_point, fstab, sources):
    """Refuse a line of /etc/fstab that is not ours; ``sources`` are the names that it may know the disk by."""
    source = fstab_source(fstab, mount_point)
    if source is not None and source not in sources:
        raise ValueError(
            f"/etc/fstab mounts {source} at {mount_point}, where host_data_path wants this disk. Remove that line if "
            "it is no longer needed, or name another place with host_data_path."
        )


def require_place(mount_point, mountinfo):
    """Refuse a place for a file system that has something in it."""
    if mounted_at(mountinfo, mount_point):
        raise ValueError(
            f"Something else than this disk is mounted at {mount_point}, where host_data_path wants it. Unmount that, "
            "or name another place with host_data_path."
        )
    if os.path.lexists(mount_point) and not os.path.isdir(mount_point):
        raise ValueError(f"{mount_point} is no directory, as host_data_path has to be. Name another place.")
    if os.path.isdir(mount_point) and os.listdir(mount_point):
        raise ValueError(
            f"{mount_point} is not empty, and a disk mounted there would hide what is in it. Stop what uses it and "
            "move its files away, or name another place with host_data_path."
        )
