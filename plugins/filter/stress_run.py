# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Filter: how to run a workload."""

from __future__ import annotations

DOCUMENTATION = r"""
name: stress_run
short_description: How to run a workload with cassandra-stress
version_added: 0.1.0
description:
  - Turns a workload into the command line of cassandra-stress and into what the record says was asked for.
author: katabench authors (@katabench)
positional: _input, nodes, keyspace, hdr_path, loaders
options:
  _input:
    description:
      - A workload with C(name), C(operation), C(operations) or C(duration_s), C(threads), and optionally C(rate),
        C(consistency), C(options), C(timeout_s), C(error_limit) and C(littles_law_band).
    type: dict
    required: true
  nodes:
    description: Addresses of the nodes.
    type: list
    elements: str
    required: true
  keyspace:
    description: Keyspace of the load.
    type: str
    default: ksX
  hdr_path:
    description: Where the load, at its place, leaves its latencies as an HdrHistogram log. Empty for none.
    type: str
    default: ""
  loaders:
    description: How many loaders do it together. Each takes its share of operations, threads and rate.
    type: int
    default: 1
"""

EXAMPLES = r"""
- name: Show the command
  ansible.builtin.debug:
    msg: "{{ (workload | katabench.scylla.stress_run(['127.0.0.1'])).command }}"
  vars:
    workload: {name: write, operations: 20000, threads: 50}
"""

RETURN = r"""
_value:
  description:
    - A dictionary of C(name), C(operation), C(argv), C(command), C(asked), of C(shares), the same of each loader, and
      of C(first), the same of one operation that makes the tables, where several loaders would make them at once.
  type: dict
"""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils.load_shares import make_runs
from ansible_collections.katabench.scylla.plugins.plugin_utils.stress_command import WorkloadError


def stress_run(workload, nodes, keyspace="ksX", hdr_path="", loaders=1):
    """Translate make_runs for Jinja."""
    if not isinstance(workload, Mapping):
        raise AnsibleFilterError(f"stress_run takes a workload as a dictionary, not a {type(workload).__name__}")
    if isinstance(nodes, str) or not nodes:
        raise AnsibleFilterError(f"stress_run takes a list of at least one node, not {nodes!r}")
    try:
        return make_runs(workload, int(loaders), nodes, keyspace, hdr_path or None)
    except WorkloadError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Filters of this file."""

    def filters(self):
        return {"stress_run": stress_run}
