# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Filter: who may reach the nodes of a cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
name: firewall_rules
short_description: A ruleset of nftables that leaves a database's ports to its peers and loaders
version_added: 0.4.0
description:
  - Writes one table of nftables. Loaded, it drops what others than O(let_in) send to the ports 7000 and 9042 of
    O(addresses).
  - It says nothing of other ports and touches no other table.
author: katabench authors (@katabench)
positional: _input, addresses, let_in
options:
  _input:
    description: Name of the table.
    type: str
    required: true
  addresses:
    description: Addresses at which nodes answer on this host.
    type: list
    elements: str
    required: true
  let_in:
    description: Addresses and networks that may reach them.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show the rules
  ansible.builtin.debug:
    msg: "{{ 'katabench' | katabench.scylla.firewall_rules(['192.0.2.11'], ['192.0.2.12', '192.0.2.21']) }}"
"""

RETURN = r"""
_value:
  description: What C(nft --file) takes.
  type: str
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils import placement


def firewall_rules(table, addresses, let_in):
    """Translate firewall_rules for Jinja."""
    try:
        return placement.firewall_rules(table, addresses, let_in)
    except ValueError as error:
        raise AnsibleFilterError(f"firewall_rules takes addresses and networks: {error}") from error


class FilterModule:
    """Filters of this file."""

    def filters(self):
        return {"firewall_rules": firewall_rules}
