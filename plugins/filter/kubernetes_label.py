# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Filter: a text as the value of a label."""

from __future__ import annotations

DOCUMENTATION = r"""
name: kubernetes_label
short_description: A text as the value of a label of Kubernetes
version_added: 0.5.0
description:
  - Replaces what a label may not hold, and cuts what is too long for it.
author: katabench authors (@katabench)
options:
  _input:
    description: Any text.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show the label of a cell
  ansible.builtin.debug:
    msg: "{{ 'three/block-01/runc' | katabench.scylla.kubernetes_label }}"
"""

RETURN = r"""
_value:
  description: The value, such as C(three.block-01.runc).
  type: str
"""

from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_objects import label_value


def kubernetes_label(text):
    """Translate label_value for Jinja."""
    return label_value(str(text))


class FilterModule:
    """Filters of this file."""

    def filters(self):
        return {"kubernetes_label": kubernetes_label}
