# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Filter: where the nodes of a cluster run."""

from __future__ import annotations

DOCUMENTATION = r"""
name: node_placement
short_description: Where the nodes of a cluster run
version_added: 0.4.0
description:
  - Lists the nodes of a cluster in the order in which they start, with the host of each, the ports that it publishes
    and what it tells the others of its address.
author: katabench authors (@katabench)
positional: _input, count, here, placement, cql_port
options:
  _input:
    description: Name of the cluster.
    type: str
    required: true
  count:
    description: Number of nodes where there is no O(placement).
    type: int
    required: true
  here:
    description: The host that carries them where there is no O(placement).
    type: str
    required: true
  placement:
    description: C(host) and C(address) of each node of a cluster over several hosts.
    type: list
    elements: dict
    default: []
  cql_port:
    description: Port on 127.0.0.1 that leads to the first node where there is no O(placement).
    type: int
    default: 9042
"""

EXAMPLES = r"""
- name: Show the nodes
  ansible.builtin.debug:
    msg: "{{ 'katabench' | katabench.scylla.node_placement(2, inventory_hostname) | map(attribute='name') }}"
"""

RETURN = r"""
_value:
  description: A dictionary for each node of C(number), C(name), C(host), C(address), C(published) and C(options).
  type: list
  elements: dict
"""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils import placement as placements


def node_placement(name, count, here, placement=(), cql_port=placements.CQL_PORT):
    """Check the arguments and translate node_placement for Jinja."""
    for entry in placement:
        if not isinstance(entry, Mapping) or not {"host", "address"} <= entry.keys():
            raise AnsibleFilterError(f"node_placement takes a host and an address for each node, found {entry!r}")
    return placements.node_placement(str(name), int(count), here, placement, int(cql_port))


class FilterModule:
    """Filters of this file."""

    def filters(self):
        return {"node_placement": node_placement}
