# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Filter: the hypervisor among a container's processes."""

from __future__ import annotations

DOCUMENTATION = r"""
name: kata_hypervisor
short_description: The hypervisor among the processes that a container has on its host
version_added: 0.2.0
description:
  - A process that holds a virtual machine of KVM; where none does, QEMU, which can do without.
author: katabench authors (@katabench)
positional: _input
options:
  _input:
    description: Processes as the module M(katabench.scylla.sandbox_leftovers) returns them.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Show what carries the container
  ansible.builtin.debug:
    msg: "{{ (found.processes | katabench.scylla.kata_hypervisor).program }}"
"""

RETURN = r"""
_value:
  description: >-
    Null without a hypervisor, else a dictionary of C(program) (its path) and C(accelerator) (V(kvm), or V(tcg) for
    software emulation).
  type: dict
"""

from collections.abc import Sequence

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils.kata_proof import find_hypervisor


def kata_hypervisor(processes):
    """Translate find_hypervisor for Jinja."""
    if not isinstance(processes, Sequence) or isinstance(processes, str):
        raise AnsibleFilterError(f"kata_hypervisor takes a list of processes, not a {type(processes).__name__}")
    return find_hypervisor(processes)


class FilterModule:
    """Filters of this file."""

    def filters(self):
        return {"kata_hypervisor": kata_hypervisor}
