# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Filter: the rungs of ladders."""

from __future__ import annotations

DOCUMENTATION = r"""
name: ladder_workloads
short_description: Replace each workload that has a ladder by its rungs
version_added: 0.3.0
description:
  - A workload with C(ladder), C({of, fractions}), becomes one workload for each fraction, at a fixed rate.
  - A rung is named after the workload whose maximum it is a fraction of, such as C(read@0.5).
author: katabench authors (@katabench)
positional: _input
options:
  _input:
    description: Workloads, with the keys of C(stress_workloads) of the role C(stress) and C(ladder).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Show the names
  ansible.builtin.debug:
    msg: "{{ workloads | katabench.scylla.ladder_workloads | map(attribute='name') }}" # read, read@0.5, read@0.9
  vars:
    workloads:
      - {name: read, operation: read, operations: 20000, threads: 50}
      - {name: ladder, operation: read, duration_s: 30, threads: 50, ladder: {of: read, fractions: [0.5, 0.9]}}
"""

RETURN = r"""
_value:
  description: The workloads in their order.
  type: list
  elements: dict
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils.ladder import LadderError, expand_ladders


def ladder_workloads(workloads):
    """Translate expand_ladders for Jinja."""
    if not isinstance(workloads, list):
        raise AnsibleFilterError(f"ladder_workloads takes a list of workloads, not a {type(workloads).__name__}")
    try:
        return expand_ladders(workloads)
    except LadderError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Filters of this file."""

    def filters(self):
        return {"ladder_workloads": ladder_workloads}
