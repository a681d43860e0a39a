# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Filter: how a wrapper rewrites the hypervisor's command line."""

from __future__ import annotations

DOCUMENTATION = r"""
name: kata_wrapper
short_description: How a wrapper rewrites the hypervisor's command line
version_added: 0.2.0
description:
  - Checks the rewriting that is asked for, and adds what a version of Kata needs to drive a version of QEMU.
author: katabench authors (@katabench)
positional: _input
options:
  _input:
    description:
      - C(edits), each a C(pattern) (a regular expression of Python) and its C(replacement), with C(option) where it is
        for the value of one option only.
      - C(append), arguments to add.
    type: dict
    required: true
  kata_version:
    description: The version of Kata.
    type: str
    required: true
  qemu_version:
    description: The first line that the hypervisor printed of its version; empty when nobody asked it.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Show what QEMU 2.11 needs to be driven by Kata 1.12
  ansible.builtin.debug:
    msg: "{{ {} | katabench.scylla.kata_wrapper(kata_version='1.12.1', qemu_version='QEMU emulator version 2.11.0') }}"
"""

RETURN = r"""
_value:
  description: >-
    C(edits), each with C(option) (empty for every argument), C(pattern) and C(replacement), and C(append). Both empty
    means that no wrapper is needed.
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils.kata_release import KataReleaseError
from ansible_collections.katabench.scylla.plugins.plugin_utils.kata_wrapper import KataWrapperError, complete


def kata_wrapper(wrapper, kata_version, qemu_version=""):
    """Translate complete for Jinja."""
    if not isinstance(wrapper, dict):
        raise AnsibleFilterError(
            f"kata_wrapper takes a dictionary with edits and append, not a {type(wrapper).__name__}"
        )
    try:
        return complete(wrapper, kata_version, qemu_version)
    except (KataReleaseError, KataWrapperError) as error:
        raise AnsibleFilterError(str(error)) from None  # Ansible would print both


class FilterModule:
    """Filters of this file."""

    def filters(self):
        return {"kata_wrapper": kata_wrapper}
