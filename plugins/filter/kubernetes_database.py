# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Filter: the objects of a database cluster on Kubernetes."""

from __future__ import annotations

DOCUMENTATION = r"""
name: kubernetes_database
short_description: The objects of a database cluster on Kubernetes
version_added: 0.5.0
description:
  - Turns a description into what the API of Kubernetes takes.
author: katabench authors (@katabench)
options:
  _input:
    description: A dictionary with C(name), C(namespace), C(cell), C(nodes), C(image), C(pull_policy), C(runtime),
      C(cpus), C(memory_mib),
      C(arguments), C(placement) and C(storage).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Make a database cluster
  kubernetes.core.k8s:
    resource_definition: "{{ spec | katabench.scylla.kubernetes_database }}"
"""

RETURN = r"""
_value:
  description: Service, NetworkPolicy, PodDisruptionBudget and StatefulSet.
  type: list
  elements: dict
"""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_objects import database_objects


def kubernetes_database(spec):
    """Check the argument and translate database_objects for Jinja."""
    if not isinstance(spec, Mapping):
        raise AnsibleFilterError(f"kubernetes_database takes a dictionary, found {type(spec).__name__}")
    try:
        return database_objects(spec)
    except KeyError as error:
        raise AnsibleFilterError(f"kubernetes_database misses {error} among {', '.join(sorted(spec))}") from error


class FilterModule:
    """Filters of this file."""

    def filters(self):
        return {"kubernetes_database": kubernetes_database}
