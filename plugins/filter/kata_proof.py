# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Filter: whether a container ran in a virtual machine."""

from __future__ import annotations

DOCUMENTATION = r"""
name: kata_proof
short_description: Whether a container ran in a virtual machine, the one that its configuration describes
version_added: 0.2.0
description:
  - Judges what the role P(katabench.scylla.kata#role) saw of one container, inside and on the host, while it ran and
    after its removal.
author: katabench authors (@katabench)
positional: _input
options:
  _input:
    description:
      - A dictionary of C(inside) and C(host) (what C(inside.sh) printed), C(processes) (of the module
        M(katabench.scylla.sandbox_leftovers) while the container ran), C(mark) (a word on the command line of the
        container's process), C(answer) (what its published port said, the mark) and C(left) (C(processes), C(mounts),
        C(namespace)).
    type: dict
    required: true
  configuration:
    description: The texts of the configuration and of its drop-ins (C(config.d/*.toml)) by path.
    type: dict
    required: true
  table:
    description: The table below C(hypervisor) that holds.
    type: str
    default: qemu
"""

EXAMPLES = r"""
- name: Judge it
  ansible.builtin.set_fact:
    judged: "{{ seen | katabench.scylla.kata_proof(configuration={path: text}) }}"
"""

RETURN = r"""
_value:
  description: >-
    A dictionary of C(faults) and C(notes) (sentences), and C(profile): C(guest_kernel), C(cpus), C(memory_mib),
    C(accelerator) (V(kvm), V(tcg), or null where there is no virtual machine).
  type: dict
"""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils.kata_proof import (
    KataProofError,
    expected_size,
    find_hypervisor,
    proof_faults,
    proof_notes,
    read_inside,
)

KEYS = {"inside", "host", "processes", "mark", "answer", "left"}


def kata_proof(observed, configuration, table="qemu"):
    """Translate the judgement for Jinja."""
    if not isinstance(observed, Mapping) or set(observed) != KEYS:
        raise AnsibleFilterError(f"kata_proof takes a dictionary of {', '.join(sorted(KEYS))}")
    try:
        inside, host = read_inside(observed["inside"]), read_inside(observed["host"])
        expected = expected_size(configuration, table, host["processors"])
    except KataProofError as error:
        raise AnsibleFilterError(str(error)) from error
    hypervisor = find_hypervisor(observed["processes"])
    return {
        "faults": proof_faults({**observed, "inside": inside}, expected, host),
        "notes": proof_notes(inside, host),
        "profile": {
            "guest_kernel": inside["kernel_release"],
            "cpus": inside["processors"],
            "memory_mib": inside["memory_mib"],
            "accelerator": hypervisor and hypervisor["accelerator"],
        },
    }


class FilterModule:
    """Filters of this file."""

    def filters(self):
        return {"kata_proof": kata_proof}
