# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Filter: the Job that loads a database on Kubernetes."""

from __future__ import annotations

DOCUMENTATION = r"""
name: kubernetes_loader
short_description: The Job that loads a database on Kubernetes
version_added: 0.5.0
description:
  - Turns a description into what the API of Kubernetes takes.
author: katabench authors (@katabench)
options:
  _input:
    description: A dictionary with C(name), C(namespace), C(cell), C(workload), C(image), C(pull_policy), C(cpus),
      C(memory_mib), C(placement),
      C(shell) and C(shares).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Load the database
  kubernetes.core.k8s:
    resource_definition: "{{ spec | katabench.scylla.kubernetes_loader }}"
"""

RETURN = r"""
_value:
  description: An indexed Job.
  type: dict
"""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_objects import loader_job


def kubernetes_loader(spec):
    """Check the argument and translate loader_job for Jinja."""
    if not isinstance(spec, Mapping):
        raise AnsibleFilterError(f"kubernetes_loader takes a dictionary, found {type(spec).__name__}")
    try:
        return loader_job(spec)
    except KeyError as error:
        raise AnsibleFilterError(f"kubernetes_loader misses {error} among {', '.join(sorted(spec))}") from error


class FilterModule:
    """Filters of this file."""

    def filters(self):
        return {"kubernetes_loader": kubernetes_loader}
