# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Filter: how a load went."""

from __future__ import annotations

DOCUMENTATION = r"""
name: stress_outcome
short_description: How a load went, by one loader or several
version_added: 0.4.0
description:
  - Puts what was asked for (P(katabench.scylla.stress_run#filter)) and how each loader ended
    (M(katabench.scylla.load_wait)) into what P(katabench.scylla.cell_record#module) takes for a workload.
author: katabench authors (@katabench)
positional: _input, ends, start_at_s
options:
  _input:
    description: What C(stress_run) gave.
    type: dict
    required: true
  ends:
    description: For each loader, in the same order, what C(load_wait) returned last, and its name as C(loader).
    type: list
    elements: dict
    required: true
  start_at_s:
    description: When several were to begin, in seconds since 1970. 0 for one loader.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: Show how it went
  ansible.builtin.debug:
    msg: "{{ run | katabench.scylla.stress_outcome([ended]) }}"
"""

RETURN = r"""
_value:
  description:
    - C(name), C(operation), C(argv), C(command) and C(asked) of the input, with C(rc), C(interrupted), C(timed_out),
      C(started_at), C(finished_at) and C(elapsed_s), and with C(loaders) and C(start_at_s) where there are several.
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils.load_shares import outcome_of


def stress_outcome(run, ends, start_at_s=0):
    """Translate outcome_of for Jinja."""
    if not isinstance(ends, list) or not ends:
        raise AnsibleFilterError(f"stress_outcome takes a list of how each loader ended, not {ends!r}")
    try:
        return outcome_of(run, ends, int(start_at_s))
    except KeyError as error:
        raise AnsibleFilterError(f"stress_outcome: what a loader left has no key {error}") from error


class FilterModule:
    """Filters of this file."""

    def filters(self):
        return {"stress_outcome": stress_outcome}
