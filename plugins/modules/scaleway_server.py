#!/usr/bin/python
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
# Documentation only: the work is done on the controller, by plugins/action/scaleway_server.py.

from __future__ import annotations

DOCUMENTATION = r"""
module: scaleway_server
short_description: Order and delete bare-metal servers at Scaleway
version_added: 0.4.0
description:
  - Runs on the controller and touches no host. Servers of Elastic Metal are ordered by the hour, each with its
    operating system, SSH keys and tags in one order, and are waited for until they are ready and installed.
  - A server is known again by its name and by O(tag). One that exists is not ordered again, also when the answer to its
    order was lost. It keeps its operating system. Its tags become those of O(servers).
  - Nothing is ever ordered that is billed by the month, and nothing without O(tag) is ever deleted.
  - A failure says which servers with O(tag) exist in the zone at that moment, and what they cost an hour.
  - Who one is comes from E(SCW_ACCESS_KEY), E(SCW_SECRET_KEY) and E(SCW_DEFAULT_PROJECT_ID), or from the configuration
    file of Scaleway's own tools. The identity needs the permissions C(ElasticMetalFullAccess) and, where a key is to be
    registered, C(SSHKeysFullAccess).
author: katabench authors (@katabench)
requirements:
  - scaleway (Python package, on the controller)
options:
  state:
    description:
      - V(present) orders what is missing of O(servers) and waits until all of them are ready.
      - V(absent) deletes the servers of O(servers) that carry O(tag), or all that carry it when O(servers) is empty,
        and waits until they are gone. Protected ones stay, and make the task fail after the others were deleted.
      - V(planned) says what V(present) would order and what that would cost, checks all that can be checked before, and
        is never a change.
    type: str
    choices: [present, absent, planned]
    default: present
  servers:
    description:
      - The servers that are wanted, or that are to be deleted.
      - Required unless O(state=absent).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the server, and its hostname.
        type: str
        required: true
      tags:
        description: Tags beside O(tag), such as C(cluster=three) and C(role=loader).
        type: list
        elements: str
        default: []
  zone:
    description: Where the servers are, such as V(fr-par-2).
    type: str
    required: true
  offer:
    description:
      - Name of the offer, such as V(EM-A610R-NVME), in any case of letters.
      - Required unless O(state=absent).
    type: str
  os:
    description:
      - The operating system, by name and the beginning of its version (V(Debian 12)), or by its id.
      - Required unless O(state=absent).
    type: str
  ssh_key_file:
    description: File on the controller with the public SSH keys that open the servers.
    type: str
  ssh_keys:
    description:
      - Public SSH keys that open the servers, beside those in O(ssh_key_file).
      - A key that the account does not know is registered under O(tag) and the key's comment.
    type: list
    elements: str
    default: []
  tag:
    description: What marks a server as one that this module ordered and may delete.
    type: str
    default: katabench
  project:
    description: Id of the project. Without it that of the credentials.
    type: str
  profile:
    description: Name of the profile in Scaleway's configuration file.
    type: str
  max_hourly_cost_eur:
    description: What all servers with O(tag) in the zone may cost an hour together. Beyond that nothing is ordered.
    type: float
    default: 2.0
  timeout_s:
    description: How long to wait until servers are ready, or gone.
    type: float
    default: 3600
  poll_s:
    description: Pause between two looks at the beginning. It grows to six times that.
    type: float
    default: 10
attributes:
  check_mode:
    support: full
    description: Asks, and says what would be ordered or deleted and what it would cost.
  diff_mode:
    support: full
    description: Shows the servers with the tag, before and after.
"""

EXAMPLES = r"""
- name: Say what three nodes and a loader would cost
  katabench.scylla.scaleway_server:
    state: planned
    zone: fr-par-2
    offer: EM-A610R-NVME
    os: Debian 12
    ssh_key_file: ~/.ssh/id_ed25519.pub
    servers:
      - {name: node-1, tags: [cluster=three]}
      - {name: node-2, tags: [cluster=three]}
      - {name: node-3, tags: [cluster=three]}
      - {name: load-1, tags: [cluster=three, role=loader]}
  register: plan

- name: Show it
  ansible.builtin.debug:
    msg: "{{ plan.lines }}"

- name: Order one server
  katabench.scylla.scaleway_server:
    zone: fr-par-2
    offer: EM-A610R-NVME
    os: Debian 12
    ssh_key_file: ~/.ssh/id_ed25519.pub
    servers:
      - {name: bench-1}
    max_hourly_cost_eur: 0.5

- name: Delete all that carry our tag
  katabench.scylla.scaleway_server:
    state: absent
    zone: fr-par-2
"""

RETURN = r"""
servers:
  description:
    - The servers with O(tag) that exist in the zone. With O(state=absent) those that are left.
    - The price is V(null) where Scaleway tells none by the hour.
  type: list
  elements: dict
  returned: when the account could be asked, also on failure
  sample:
    - name: node-1
      id: 5b1f0c4e-6c1b-4d0f-8f0e-2f4c5a9d7e11
      zone: fr-par-2
      offer: EM-A610R-NVME
      status: ready
      install_status: completed
      address: 192.0.2.10
      hourly_cost_eur: 0.233
      tags: [katabench, cluster=three]
      protected: false
hourly_cost_eur:
  description: What they cost an hour together, in check mode and when planned with what would be ordered.
  type: float
  returned: when the account could be asked, also on failure
to_order:
  description: What was missing, with name, zone, offer, os, hourly_cost_eur and tags.
  type: list
  elements: dict
  returned: success
lines:
  description: The same in sentences.
  type: list
  elements: str
  returned: success
"""
