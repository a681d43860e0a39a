# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Filter: a pod that tries the images."""

from __future__ import annotations

DOCUMENTATION = r"""
name: kubernetes_trial
short_description: A pod that tries the images of a campaign on Kubernetes
version_added: 0.5.0
description:
  - Describes a pod whose containers ask both images for their versions.
author: katabench authors (@katabench)
positional: _input, name
options:
  _input:
    description: A dictionary with C(namespace), C(database_image), C(loader_image), C(pull_policy) and
      C(loader_placement).
    type: dict
    required: true
  name:
    description: Name of the database cluster.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Try the images
  kubernetes.core.k8s:
    resource_definition: "{{ kubernetes_facts | katabench.scylla.kubernetes_trial('katabench') }}"
"""

RETURN = r"""
_value:
  description: A Pod.
  type: dict
"""

from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_objects import trial_pod


def kubernetes_trial(facts, name):
    """Translate trial_pod for Jinja."""
    return trial_pod(facts, str(name))


class FilterModule:
    """Filters of this file."""

    def filters(self):
        return {"kubernetes_trial": kubernetes_trial}
