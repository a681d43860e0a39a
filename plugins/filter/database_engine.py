# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Filter: which database a node runs."""

from __future__ import annotations

DOCUMENTATION = r"""
name: database_engine
short_description: Which database a node runs
version_added: 0.1.0
description:
  - Reads what C(scylla --version) or C(nodetool version) printed.
author: katabench authors (@katabench)
positional: _input
options:
  _input:
    description: What the node printed.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show the engine
  ansible.builtin.debug:
    msg: "{{ 'ReleaseVersion: 5.0.6' | katabench.scylla.database_engine }}"
"""

RETURN = r"""
_value:
  description: >-
    A dictionary of C(name), V(scylla) or V(cassandra), and C(version).
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils.node_facts import NodeFactsError, read_engine


def database_engine(text):
    """Translate read_engine for Jinja."""
    if not isinstance(text, str):
        raise AnsibleFilterError(f"database_engine takes what a node printed, not a {type(text).__name__}")
    try:
        return read_engine(text)
    except NodeFactsError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Filters of this file."""

    def filters(self):
        return {"database_engine": database_engine}
