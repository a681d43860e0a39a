# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Read the output of nodetool compactionstats."""

from __future__ import annotations

DOCUMENTATION = r"""
name: nodetool_compactionstats
short_description: Read the output of nodetool compactionstats
version_added: 0.3.0
author: katabench authors (@katabench)
description:
  - Reads what C(nodetool compactionstats) of Cassandra and of Scylla, Java or native, prints.
options:
  _input:
    description: The whole output, of one node or of several one after another.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Ask a node what is left to compact
  ansible.builtin.command: nodetool compactionstats
  register: asked
  changed_when: false
  until: (asked.stdout | katabench.scylla.nodetool_compactionstats).outstanding == 0
  retries: 20
"""

RETURN = r"""
_value:
  description: What is left to do, over all nodes in the text.
  type: dict
  contains:
    reports:
      description: How many nodes answered.
      type: int
    pending:
      description: Pending tasks.
      type: int
    running:
      description: Compactions that run.
      type: int
    outstanding:
      description: The larger one of the two, because Cassandra counts running ones as pending and Scylla does not.
      type: int
"""

from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils.nodetool import NodetoolError, parse_compactionstats


def nodetool_compactionstats(text: str) -> dict[str, int]:
    """Check the argument, read, and translate errors."""
    if not isinstance(text, str):
        raise AnsibleFilterError(f"nodetool_compactionstats: the input is of type {type(text).__name__}, not str")
    try:
        return parse_compactionstats(text)
    except NodetoolError as error:
        raise AnsibleFilterError(f"nodetool_compactionstats: {error}") from error


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Name them."""
        return {"nodetool_compactionstats": nodetool_compactionstats}
