# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Filter: what a node measured about itself."""

from __future__ import annotations

DOCUMENTATION = r"""
name: node_resources
short_description: What a database node measured about itself
version_added: 0.1.0
description:
  - Reads the text that the role P(katabench.scylla.scylla#role)'s measuring script prints inside a node.
author: katabench authors (@katabench)
positional: _input
options:
  _input:
    description: Standard output of the measuring script.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show how much memory the node sees
  ansible.builtin.debug:
    msg: "{{ (measured.stdout | katabench.scylla.node_resources).memory_mib }}"
"""

RETURN = r"""
_value:
  description: >-
    A dictionary of C(node), C(kernel_release), C(cpus) (its quota of processors, or where it sees none, how many busy
    loops on all of them amount to), C(processors), C(memory_mib), C(data_filesystem), C(aio_max_nr) and C(cpuset) (null
    where the kernel does not tell), and C(parameters) (kernel settings by name, those that it has).
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils.node_facts import NodeFactsError, read_node_resources


def node_resources(text):
    """Translate read_node_resources for Jinja."""
    if not isinstance(text, str):
        raise AnsibleFilterError(f"node_resources takes the text of the measuring script, not a {type(text).__name__}")
    try:
        return read_node_resources(text)
    except NodeFactsError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Filters of this file."""

    def filters(self):
        return {"node_resources": node_resources}
