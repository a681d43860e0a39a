#!/usr/bin/python
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
# Documentation only: the work is done on the controller, by plugins/action/kubernetes_lock.py.

from __future__ import annotations

DOCUMENTATION = r"""
module: kubernetes_lock
short_description: Keep other campaigns away from a namespace of Kubernetes
version_added: 0.5.0
description:
  - Takes or renews a Lease in the namespace, which says who measures there and from which controller, or gives it back.
  - A lock of a campaign of the same user and controller that has ended is taken over at once, one without a sign of
    life for O(stale_s), too. Any other is refused, with its owner and its age.
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
    description: Name of the database cluster, for the label.
    type: str
    required: true
  stale_s:
    description: Seconds without a sign of life after which a lock was left behind.
    type: float
    default: 7200
  state:
    description: Whether it is to be held.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    description: Nothing is asked or taken in check mode.
    support: full
"""

EXAMPLES = r"""
- name: Keep other campaigns away
  katabench.scylla.kubernetes_lock:
    context: lab
    namespace: katabench
    name: katabench
"""

RETURN = r""" # """
