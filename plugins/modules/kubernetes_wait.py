#!/usr/bin/python
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
# Documentation only: the work is done on the controller, by plugins/action/kubernetes_wait.py.

from __future__ import annotations

DOCUMENTATION = r"""
module: kubernetes_wait
short_description: Wait until pods are ready, or a container of theirs has ended
version_added: 0.5.0
description:
  - Runs on the controller. Lists the pods once and watches them, so that waiting costs few requests.
  - Fails, with a sentence, as soon as something says that they never will be there; no image, no machine with room, a
    quota, a sandbox that cannot be made, more memory taken than the limit.
  - Outlasts an API server that is away for a while.
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
    description: Namespace of the pods.
    type: str
    required: true
  selector:
    description: Labels of the pods, as C(kubectl --selector) takes them.
    type: str
    required: true
  count:
    description: How many pods there are to be.
    type: int
    required: true
  container_ended:
    description: Wait for the end of the container of this name, instead of for pods that are ready.
    type: str
    default: ""
  timeout_s:
    description: Seconds to wait at most.
    type: float
    required: true
  schedule_timeout_s:
    description: Seconds after which a pod that finds no machine is given up.
    type: float
    default: 60
  reconnect_timeout_s:
    description: Seconds for which the API server may be away.
    type: float
    default: 600
attributes:
  check_mode:
    description: Nothing is waited for in check mode.
    support: full
"""

EXAMPLES = r"""
- name: Wait until the database serves
  katabench.scylla.kubernetes_wait:
    context: lab
    namespace: katabench
    selector: katabench.role=node
    count: 3
    timeout_s: 300
"""

RETURN = r"""
pods:
  description: The pods in order of name, each with C(name), C(machine), C(address), C(runtime_class), C(overhead),
    C(image_id), C(qos), C(cpus), C(memory_mib) and C(restarts); with O(container_ended) also C(index), C(exit_status),
    C(started_at) and C(finished_at).
  type: list
  elements: dict
  returned: always
starts:
  description: How the start of each went, as a record has it; empty with O(container_ended).
  type: list
  elements: dict
  returned: always
faults:
  description: What was found, each with C(class), C(sentence) and C(pod).
  type: list
  elements: dict
  returned: always
timed_out:
  description: Whether the time was over first.
  type: bool
  returned: always
elapsed_s:
  description: Seconds waited.
  type: float
  returned: always
requests:
  description: Requests that were sent to the API server.
  type: int
  returned: always
"""
