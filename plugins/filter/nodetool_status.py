# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Read the output of nodetool status."""

from __future__ import annotations

DOCUMENTATION = r"""
name: nodetool_status
short_description: Read the output of nodetool status
version_added: 0.1.0
author: katabench authors (@katabench)
description:
  - Reads what C(nodetool status) of Cassandra and of Scylla, Java or native, prints.
options:
  _input:
    description: The whole output.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Ask a node who is there
  ansible.builtin.command: nodetool status
  register: asked
  changed_when: false

- name: Require two nodes, both up and normal
  ansible.builtin.assert:
    that:
      - cluster.total == 2
      - cluster.up_normal == 2
  vars:
    cluster: "{{ asked.stdout | katabench.scylla.nodetool_status }}"
"""

RETURN = r"""
_value:
  description: The cluster as that node sees it.
  type: dict
  contains:
    datacenters:
      description: Their names, in the order of the output.
      type: list
      elements: str
    nodes:
      description:
        - One entry per node, C({dc, status, state, address, load_bytes, tokens, owns, host_id, rack}).
        - C(status) is V(U), V(D), V(X) or V(?), C(state) is V(N), V(L), V(J), V(M) and so on, as printed.
        - C(owns) is a percentage. What is unknown or not printed is null.
      type: list
      elements: dict
    total:
      description: How many nodes are listed.
      type: int
    up_normal:
      description: How many of them are C(UN).
      type: int
"""

from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils.nodetool import NodetoolError, parse_nodetool_status


def nodetool_status(text: str) -> dict[str, Any]:
    """Check the argument, read, and translate errors."""
    if not isinstance(text, str):
        raise AnsibleFilterError(f"nodetool_status: the input is of type {type(text).__name__}, not str")
    try:
        return parse_nodetool_status(text)
    except NodetoolError as error:
        raise AnsibleFilterError(f"nodetool_status: {error}") from error


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Name them."""
        return {"nodetool_status": nodetool_status}
