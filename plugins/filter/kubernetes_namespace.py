# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Filter: the namespace of a campaign on Kubernetes."""

from __future__ import annotations

DOCUMENTATION = r"""
name: kubernetes_namespace
short_description: The namespace of a campaign on Kubernetes
version_added: 0.5.0
description:
  - Describes a namespace that carries our label and a level of the Pod Security Standards.
author: katabench authors (@katabench)
positional: _input, name, pod_security
options:
  _input:
    description: Name of the namespace.
    type: str
    required: true
  name:
    description: Name of the database cluster, the value of the label.
    type: str
    required: true
  pod_security:
    description: Level that is enforced.
    type: str
    choices: [privileged, baseline, restricted]
    default: baseline
"""

EXAMPLES = r"""
- name: Make the namespace
  kubernetes.core.k8s:
    resource_definition: "{{ 'katabench' | katabench.scylla.kubernetes_namespace('katabench') }}"
"""

RETURN = r"""
_value:
  description: A Namespace.
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_objects import (
    POD_SECURITY_LEVELS,
    namespace_object,
)


def kubernetes_namespace(namespace, name, pod_security="baseline"):
    """Check the arguments and translate namespace_object for Jinja."""
    if pod_security not in POD_SECURITY_LEVELS:
        raise AnsibleFilterError(
            f"the level of pod security is {pod_security!r}; expected is one of {', '.join(POD_SECURITY_LEVELS)}"
        )
    return namespace_object(str(namespace), str(name), str(pod_security))


class FilterModule:
    """Filters of this file."""

    def filters(self):
        return {"kubernetes_namespace": kubernetes_namespace}
