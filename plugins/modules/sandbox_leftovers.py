#!/usr/bin/python
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Find, and remove, what a container's sandbox has on its host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sandbox_leftovers
short_description: Find, and remove, what a container's sandbox has on its host
version_added: 0.2.0
author: katabench authors (@katabench)
description:
  - A sandbox whose start failed can leave processes (hypervisor, proxy, shim), mounts and tap devices behind. They are
    found by the container's whole id, on command lines, in names of cgroups and in paths of mounts.
  - Of a container that runs, the same is found while it runs. So remove the container first, and then what is left.
  - Nothing without the id is ever touched, nor is what calls the module.
options:
  container_id:
    description:
      - The engine's whole id of the container, 64 hexadecimal digits; or a list of those of several (since 0.4.0).
    type: list
    elements: str
    required: true
  state:
    description:
      - V(reported) only looks.
      - V(absent) ends the processes and unmounts the mounts. Tap devices go with the processes that hold them.
    type: str
    choices: [reported, absent]
    default: reported
  patience_s:
    description: Seconds for a process to end after SIGTERM, and again after SIGKILL.
    type: float
    default: 5
attributes:
  check_mode:
    description: Finds and touches nothing.
    support: full
  diff_mode:
    description: Shows no difference.
    support: none
"""

EXAMPLES = r"""
- name: Look for what a container left
  katabench.scylla.sandbox_leftovers:
    container_id: "{{ started.container.Id }}"
  register: left

- name: Remove it
  katabench.scylla.sandbox_leftovers:
    container_id: "{{ started.container.Id }}"
    state: absent
"""

RETURN = r"""
processes:
  description: Processes of the sandbox, as found before anything was ended.
  type: list
  elements: dict
  returned: always
  contains:
    pid:
      description: Process id.
      type: int
      returned: always
    program:
      description: Path of the program that runs, empty where it cannot be read.
      type: str
      returned: always
    command:
      description: Its command line.
      type: str
      returned: always
    kvm:
      description: Whether it holds a virtual machine of KVM.
      type: bool
      returned: always
    taps:
      description: Tap devices that it holds.
      type: list
      elements: str
      returned: always
mounts:
  description: Mount points, the last mounted first, as found before anything was unmounted.
  type: list
  elements: str
  returned: always
taps:
  description: Tap devices of all processes.
  type: list
  elements: str
  returned: always
"""

import os
import signal
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.katabench.scylla.plugins.module_utils.sandbox_leftovers import (
    check_container_id,
    find_mounts,
    find_processes,
)


def end_processes(container_id, patience_s):
    """Ask the processes to end, then end them; give those that are still there."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in find_processes(container_id):
            try:
                os.kill(process["pid"], number)
            except ProcessLookupError:
                continue
        wait_until_gone(container_id, patience_s)
    return find_processes(container_id)


def wait_until_gone(container_id, patience_s):
    """Wait until there is no process any more, or for as long as patience lasts."""
    until = time.monotonic() + patience_s
    while find_processes(container_id) and time.monotonic() < until:
        time.sleep(0.1)


def unmount(module, container_id):
    """Unmount everything with the id in its path; give what is still mounted.

    A mount that is busy is detached: it goes when its last user does. Unmounting can take others along, where mounts
    propagate, so what there is is asked anew each time.
    """
    points = find_mounts(container_id)
    while points:
        if module.run_command(["umount", points[0]])[0] != 0:
            module.run_command(["umount", "--lazy", points[0]])
        left = find_mounts(container_id)
        if len(left) >= len(points):
            return left
        points = left
    return []


def remove(module, container_id, patience_s):
    """End what runs and unmount what is mounted; give what is still there."""
    alive = end_processes(container_id, patience_s)
    return [f"{process['program']} (pid {process['pid']})" for process in alive] + unmount(module, container_id)


def main():
    module = AnsibleModule(
        argument_spec={
            "container_id": {"type": "list", "elements": "str", "required": True},
            "state": {"type": "str", "choices": ["reported", "absent"], "default": "reported"},
            "patience_s": {"type": "float", "default": 5},
        },
        supports_check_mode=True,
    )
    container_ids = module.params["container_id"]
    try:
        for container_id in container_ids:
            check_container_id(container_id)
    except ValueError as error:
        module.fail_json(msg=str(error))

    processes = [process for container_id in container_ids for process in find_processes(container_id)]
    mounts = [mount for container_id in container_ids for mount in find_mounts(container_id)]
    found = {
        "processes": processes,
        "mounts": mounts,
        "taps": sorted({tap for process in processes for tap in process["taps"]}),
    }
    if module.params["state"] == "reported":
        module.exit_json(changed=False, **found)
    if not module.check_mode:
        for container_id in container_ids:
            stays = remove(module, container_id, module.params["patience_s"])
            if stays:
                module.fail_json(
                    msg=f"Of the sandbox of {container_id} there still is, after SIGKILL and umount: "
                    f"{', '.join(stays)}.",
                    **found,
                )
    module.exit_json(changed=bool(processes or mounts), **found)


if __name__ == "__main__":
    main()
