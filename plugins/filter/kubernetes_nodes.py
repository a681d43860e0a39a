# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Filter: the pods that are the nodes of a database cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
name: kubernetes_nodes
short_description: The pods that are the nodes of a database cluster
version_added: 0.5.0
description:
  - Lists the nodes of a cluster on Kubernetes in the order in which they start, as
    P(katabench.scylla.node_placement#filter) does on an engine.
author: katabench authors (@katabench)
positional: _input, count, here
options:
  _input:
    description: Name of the cluster.
    type: str
    required: true
  count:
    description: Number of nodes.
    type: int
    required: true
  here:
    description: The host of the inventory from which they are driven.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show the nodes
  ansible.builtin.debug:
    msg: "{{ 'katabench' | katabench.scylla.kubernetes_nodes(2, inventory_hostname) | map(attribute='name') }}"
"""

RETURN = r"""
_value:
  description: A dictionary for each node of C(number), C(name) (of its pod), C(host) and C(address) (its name in DNS).
  type: list
  elements: dict
"""

from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_objects import node_names, service_name


def kubernetes_nodes(name, count, here):
    """Describe each node as the roles take it."""
    names = node_names(str(name), int(count))
    return [
        {"number": number, "name": pod, "host": here, "address": f"{pod}.{service_name(str(name))}"}
        for number, pod in enumerate(names, start=1)
    ]


class FilterModule:
    """Filters of this file."""

    def filters(self):
        return {"kubernetes_nodes": kubernetes_nodes}
