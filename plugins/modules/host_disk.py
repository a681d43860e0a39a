#!/usr/bin/python
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Say whether a disk may become the disk for data."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_disk
short_description: Say whether a disk may become the disk for data
version_added: 0.4.0
author: katabench authors (@katabench)
description:
  - Looks at a disk and at the place where it is to be mounted, and changes nothing.
  - Fails, with a sentence, for a disk that is not blank (partitions, signatures of file systems, partition tables,
    RAID, LVM or encryption, or anything but zeros in its first and last MiB) unless O(wipe) names it; for one that is
    in use, whatever O(wipe) says; and for a place that has something in it.
  - A disk whose only content is an XFS file system with the label C(bench-data) was made by the role
    C(katabench.scylla.host) and is taken as it is.
options:
  device:
    description: The whole disk, best by a name of C(/dev/disk/by-id), which is the same after every start.
    type: path
    required: true
  mount_point:
    description: Directory where it is to be mounted.
    type: path
    required: true
  wipe:
    description: The disk that may be wiped, written as O(device) is; empty for none.
    type: str
    default: ""
attributes:
  check_mode:
    description: Only reads, in check mode as well.
    support: full
  diff_mode:
    description: Shows no difference.
    support: none
"""

EXAMPLES = r"""
- name: Look at the spare disk
  katabench.scylla.host_disk:
    device: /dev/disk/by-id/nvme-SAMSUNG_MZQL21T9HCJR-00A07_S64GNE0R123456
    mount_point: /var/lib/docker
  register: looked

- name: Make its file system
  community.general.filesystem:
    dev: "{{ looked.disk.path }}"
    fstype: xfs
    opts: -L bench-data
    uuid: "{{ looked.disk.uuid }}"
  when: looked.disk.state == 'blank'
"""

RETURN = r"""
disk:
  description: The disk.
  returned: success
  type: dict
  contains:
    state:
      description: >-
        V(mounted) for the role's own file system in its place, V(ours) for one that is not mounted, V(blank), or
        V(wipe) for a disk that is not blank and named to be wiped.
      type: str
      returned: always
    path:
      description: The kernel's path of the disk.
      type: str
      returned: always
    partitions:
      description: Paths of its partitions.
      type: list
      elements: str
      returned: always
    uuid:
      description: UUID of the role's file system, or, where there is none yet, one that it can be given.
      type: str
      returned: always
    label:
      description: Label of the role's file system.
      type: str
      returned: always
    size_mib:
      description: Size in MiB.
      type: int
      returned: always
    model:
      description: What it is called, null for a disk that does not say so.
      type: str
      returned: always
    carries:
      description: What is on it, in words; empty for a blank one.
      type: list
      elements: str
      returned: always
"""

import errno
import os
import stat
import uuid

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.katabench.scylla.plugins.module_utils import host_disk
from ansible_collections.katabench.scylla.plugins.module_utils.host_fingerprint import read_text


def number_of(path):
    """Give major:minor of a block device."""
    try:
        status = os.stat(path)
    except OSError as error:
        raise ValueError(
            f"{path} is not on this host ({error.strerror}); the disks here are: "
            f"{', '.join(host_disk.list_disks()) or 'none that can be seen'}. Name one with host_data_disk."
        ) from error
    if not stat.S_ISBLK(status.st_mode):
        raise ValueError(
            f"{path} is no block device; the disks here are: "
            f"{', '.join(host_disk.list_disks()) or 'none that can be seen'}. Name one with host_data_disk."
        )
    return f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"


def look_inside(path):
    """Open a disk as one that nothing else uses: {busy, data}."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_EXCL)
    except OSError as error:
        if error.errno == errno.EBUSY:
            return {"busy": True, "data": False}
        raise ValueError(
            f"{path} cannot be read ({error.strerror}); a disk that root can read is expected, by the user root."
        ) from error
    try:
        return {"busy": False, "data": host_disk.has_data(descriptor, os.lseek(descriptor, 0, os.SEEK_END))}
    finally:
        os.close(descriptor)


def find_signatures(module, path):
    """Ask wipefs, which only prints, for all signatures on a disk."""
    code, output, errors = module.run_command([module.get_bin_path("wipefs", required=True), "--json", path])
    if code != 0:
        raise ValueError(f"wipefs cannot say what is on {path}, so it is left as it is: {errors.strip()}")
    return host_disk.signatures(output)


def examine(module, path, mount_point, wipe):
    """Look at the disk and at its place, and judge both."""
    disk = host_disk.describe(number_of(path))
    host_disk.require_whole_disk(path, disk)
    mountinfo = read_text("/proc/self/mountinfo") or ""
    disk["uses"] = host_disk.uses(disk["parts"], mountinfo, read_text("/proc/swaps") or "")
    disk["signatures"] = find_signatures(module, path)
    disk.update(look_inside(path))

    state = host_disk.judge_disk(path, disk, mountinfo, mount_point, wipe)
    known = disk["signatures"][0]["uuid"] if state in ("mounted", "ours") else None
    mine = {path, os.path.realpath(path), f"UUID={known}", f"LABEL={host_disk.LABEL}"}
    host_disk.require_fstab(mount_point, read_text("/etc/fstab") or "", mine)
    if state != "mounted":
        host_disk.require_place(mount_point, mountinfo)
    partitions = [f"/dev/{part['name']}" for part in disk["parts"][1:]]
    return {
        "state": state,
        "path": os.path.realpath(path),
        "partitions": [partition for partition in partitions if os.path.exists(partition)],
        "uuid": known or str(uuid.uuid4()),
        "label": host_disk.LABEL,
        "size_mib": disk["size_mib"],
        "model": disk["model"],
        "carries": host_disk.carries(disk),
    }


def main():
    """Look, and refuse with a sentence."""
    module = AnsibleModule(
        argument_spec={
            "device": {"type": "path", "required": True},
            "mount_point": {"type": "path", "required": True},
            "wipe": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    path, mount_point = module.params["device"], os.path.normpath(module.params["mount_point"])
    try:
        disk = examine(module, path, mount_point, module.params["wipe"])
    except ValueError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, disk=disk)


if __name__ == "__main__":
    main()
