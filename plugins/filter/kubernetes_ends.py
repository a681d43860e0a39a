# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Filter: how each loader on Kubernetes ended."""

from __future__ import annotations

DOCUMENTATION = r"""
name: kubernetes_ends
short_description: How each loader on Kubernetes ended
version_added: 0.5.0
description:
  - Turns what M(katabench.scylla.kubernetes_wait) returns of loaders into what
    P(katabench.scylla.stress_outcome#filter) takes.
author: katabench authors (@katabench)
positional: _input, loaders
options:
  _input:
    description: The result of M(katabench.scylla.kubernetes_wait).
    type: dict
    required: true
  loaders:
    description: A name for each loader, in the order of their indices.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show how each ended
  ansible.builtin.debug:
    msg: "{{ waited | katabench.scylla.kubernetes_ends(['load-1', 'load-2']) }}"
"""

RETURN = r"""
_value:
  description: A dictionary for each loader.
  type: list
  elements: dict
"""

from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_pods import loader_ends


def kubernetes_ends(waited, loaders):
    """Translate loader_ends for Jinja."""
    return loader_ends(waited["pods"], list(loaders), timed_out=bool(waited["timed_out"]))


class FilterModule:
    """Filters of this file."""

    def filters(self):
        return {"kubernetes_ends": kubernetes_ends}
