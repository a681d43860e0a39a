# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Filter: in what nodes have other resources than they were given."""

from __future__ import annotations

DOCUMENTATION = r"""
name: parity_faults
short_description: Say in sentences in what nodes have other resources than they were given
version_added: 0.3.0
author: katabench authors (@katabench)
description:
  - Judges what the nodes of a database measured about themselves, before anything is loaded.
positional: _input, asked, band
options:
  _input:
    description: C(scylla_cluster.parity) of the role P(katabench.scylla.scylla#role).
    type: list
    elements: dict
    required: true
  asked:
    description: What each node was given, C({cpus, memory_mib}), and where a sandbox was proven, its C(kernel_release).
    type: dict
    required: true
  band:
    description: The share by which CPUs and memory may differ from that.
    type: float
    required: true
"""

EXAMPLES = r"""
- name: Require equal resources before the load
  ansible.builtin.assert:
    that: faults | length == 0
    fail_msg: "{{ faults | join(' ') }}"
  vars:
    faults: "{{ scylla_cluster.parity | katabench.scylla.parity_faults({'cpus': 1, 'memory_mib': 2048}, 0.1) }}"
"""

RETURN = r"""
_value:
  description: Sentences; none where all have what they were given.
  type: list
  elements: str
"""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils import parity


def parity_faults(nodes, asked, band):
    """Check the arguments, then judge."""
    if not isinstance(nodes, list):
        raise AnsibleFilterError(f"parity_faults takes a list of what nodes measured, not a {type(nodes).__name__}")
    if not isinstance(asked, Mapping) or not {"cpus", "memory_mib"} <= set(asked):
        raise AnsibleFilterError(
            f"parity_faults: what each node was given is {asked!r}; cpus and memory_mib are expected"
        )
    try:
        return parity.parity_faults(asked, nodes, float(band))
    except KeyError as error:
        raise AnsibleFilterError(
            f"parity_faults: a node lacks {error.args[0]}; nodes are as node_resources reads them"
        ) from error


class FilterModule:
    """Filters of this file."""

    def filters(self):
        return {"parity_faults": parity_faults}
