#!/usr/bin/python
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
# Documentation only: the work is done on the controller, by plugins/action/kubernetes_look.py.

from __future__ import annotations

DOCUMENTATION = r"""
module: kubernetes_look
short_description: Look what became of the pods of a database cluster
version_added: 0.5.0
description:
  - Runs on the controller and changes nothing. Says where the pods run and as what, what Kubernetes warned of, and
    which of them were lost, evicted, killed for their memory, or started anew.
author: katabench authors (@katabench)
options:
  kubeconfig:
    description: File with the context; when not given, what C(kubectl) takes.
    type: path
  context:
    description: Name of the context.
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
  nodes:
    description: Names of the pods that there are to be.
    type: list
    elements: str
    required: true
  reconnect_timeout_s:
    description: Seconds for which the API server may be away.
    type: float
    default: 600
attributes:
  check_mode:
    description: The same in check mode.
    support: full
"""

EXAMPLES = r"""
- name: Look what became of the nodes
  katabench.scylla.kubernetes_look:
    context: lab
    namespace: katabench
    name: katabench
    nodes: [katabench-node-1, katabench-node-2]
"""

RETURN = r"""
pods:
  description: The pods, as M(katabench.scylla.kubernetes_wait) describes them.
  type: list
  elements: dict
  returned: success
events:
  description: Warnings about the cluster's objects, with C(about), C(reason), C(message), C(count) and C(last_at).
  type: list
  elements: dict
  returned: success
faults:
  description: What was lost, each with C(class), C(sentence) and C(pod).
  type: list
  elements: dict
  returned: success
requests:
  description: Requests that were sent to the API server.
  type: int
  returned: success
"""
