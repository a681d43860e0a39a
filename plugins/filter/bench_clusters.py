# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Filter: which hosts carry which cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
name: bench_clusters
short_description: Which hosts carry which database cluster
version_added: 0.4.0
description:
  - Groups hosts by their variable C(bench_cluster). A host without it is a cluster by itself, named as the host.
  - C(bench_role), C(node) or C(loader), is what a host does in a cluster of several hosts.
  - C(bench_addresses) are the addresses at which the other hosts reach a host, which carries a node at each. Without
    it, C(ansible_host) has to be an address.
author: katabench authors (@katabench)
positional: _input, hostvars, nodes
options:
  _input:
    description: Names of the hosts.
    type: list
    elements: str
    required: true
  hostvars:
    description: The variable C(hostvars).
    type: dict
    required: true
  nodes:
    description: Nodes of a cluster that one host carries.
    type: int
    required: true
"""

EXAMPLES = r"""
- name: Show the clusters
  ansible.builtin.debug:
    msg: "{{ ansible_play_hosts_all | katabench.scylla.bench_clusters(hostvars, 2) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description:
    - A dictionary for each cluster, by name, of C(lead), C(hosts), C(placement) (C(host) and C(address) of each node,
      empty where one host is the cluster), C(loaders), C(clients) (loaders without a node, with their addresses) and
      C(nodes) (how many each host carries).
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils.clusters import ClusterError, clusters_of

VARIABLES = ("bench_cluster", "bench_role", "bench_addresses", "ansible_host")


def bench_clusters(hosts, hostvars, nodes):
    """Translate clusters_of for Jinja."""
    if not isinstance(hosts, list):
        raise AnsibleFilterError(f"bench_clusters takes a list of hosts, not a {type(hosts).__name__}")
    # Only these are asked for: a look at all variables of a host would evaluate each of them.
    known = {host: {name: hostvars[host].get(name) for name in VARIABLES} for host in hosts}
    try:
        return clusters_of(known, int(nodes))
    except ClusterError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Filters of this file."""

    def filters(self):
        return {"bench_clusters": bench_clusters}
