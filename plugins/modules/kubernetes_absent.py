#!/usr/bin/python
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
# Documentation only: the work is done on the controller, by plugins/action/kubernetes_absent.py.

from __future__ import annotations

DOCUMENTATION = r"""
module: kubernetes_absent
short_description: Remove what campaigns made of Kubernetes
version_added: 0.5.0
description:
  - Runs on the controller. Removes what carries the label C(katabench.cluster) with the value of O(name), and waits
    until the pods and claims are gone. Nothing else is touched.
  - Without O(namespace) it does so in every namespace with that label, and removes those that campaigns made, unless
    somebody else has put something there.
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
    description: The one namespace to look into; it stays.
    type: str
    default: ""
  name:
    description: Name of the database cluster.
    type: str
    required: true
  timeout_s:
    description: Seconds to wait at most.
    type: float
    default: 300
  reconnect_timeout_s:
    description: Seconds for which the API server may be away.
    type: float
    default: 600
attributes:
  check_mode:
    description: Nothing is removed in check mode, and nothing predicted.
    support: partial
    details: It does not look what there is.
"""

EXAMPLES = r"""
- name: Remove all that campaigns left
  katabench.scylla.kubernetes_absent:
    context: lab
    name: katabench
"""

RETURN = r"""
removed:
  description: How many objects were removed.
  type: int
  returned: success
notes:
  description: Which namespaces stay, and why.
  type: list
  elements: str
  returned: success
requests:
  description: Requests that were sent to the API server.
  type: int
  returned: success
"""
