#!/usr/bin/python
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
# Documentation only: the work is done on the controller, by plugins/action/kubernetes_check.py.

from __future__ import annotations

DOCUMENTATION = r"""
module: kubernetes_check
short_description: Look whether a Kubernetes can carry a campaign, and what it is
version_added: 0.5.0
description:
  - Runs on the controller and changes nothing.
  - Refuses, in sentences, a context that was not named or is not there, rights that are missing, a namespace of
    somebody else, a StorageClass that is not there, an arm that no machine can carry, and pods for which there is no
    room.
  - What the user may not see of the cluster is neither checked nor recorded, which RV(notes) say.
author: katabench authors (@katabench)
options:
  kubeconfig:
    description: File with the context; when not given, what C(kubectl) takes.
    type: path
  context:
    description: Name of the context. There is no default; a campaign loads whole machines.
    type: str
    required: true
  namespace:
    description: The campaign's namespace.
    type: str
    required: true
  name:
    description: Name of the database cluster.
    type: str
    required: true
  arms:
    description: The arms, each with C(name) and C(runtime), a RuntimeClass or V(runc) for none.
    type: list
    elements: dict
    required: true
  nodes:
    description: Nodes of the database.
    type: int
    required: true
  node_cpus:
    description: Processors of a node.
    type: float
    required: true
  node_memory_mib:
    description: Memory of a node.
    type: float
    required: true
  placement:
    description: Where the nodes may run, with C(node_selector), C(tolerations) and C(spread).
    type: dict
    required: true
  storage_class:
    description: StorageClass of the data; empty for none.
    type: str
    default: ""
attributes:
  check_mode:
    description: The same in check mode.
    support: full
"""

EXAMPLES = r"""
- name: Look at the cluster
  katabench.scylla.kubernetes_check:
    context: lab
    namespace: katabench
    name: katabench
    arms: [{name: kata-qemu, runtime: kata-qemu}]
    nodes: 3
    node_cpus: 2
    node_memory_mib: 4096
    placement: {node_selector: {}, tolerations: [], spread: required}
"""

RETURN = r"""
cluster:
  description: Its C(version), C(machines), C(runtime_classes), C(storage_class) and C(networks).
  type: dict
  returned: success
notes:
  description: What could not be seen.
  type: list
  elements: str
  returned: success
requests:
  description: Requests that were sent to the API server.
  type: int
  returned: success
"""
