#!/usr/bin/python
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
# Documentation only: the work is done on the controller, by plugins/action/block_open.py.

from __future__ import annotations

DOCUMENTATION = r"""
module: block_open
short_description: Open a block of a campaign and tell what is left to do in it
version_added: 0.3.0
description:
  - Runs on the controller and touches no host.
  - Where the campaign's settings have C(until), tells from the blocks before it whether the block is needed. That it is
    not is written to C(cells/<cluster>/stop.json).
  - Where a workload's rate is a fraction of the slowest arm's maximum, gives it its operations per second, which are
    read from C(cells/<cluster>/rates.json). That is written from the pilot (block 0) when the first block after it is
    opened.
author: katabench authors (@katabench)
options:
  campaign_dir:
    description: Folder of the campaign, as RV(katabench.scylla.campaign_open#module:dir) gives it.
    type: path
    required: true
  cluster:
    description: One of the campaign's clusters.
    type: str
    required: true
  block:
    description: Number of the block. 0 is the pilot.
    type: int
    required: true
  again:
    description:
      - Ask instead for the cells that may be run once more and were not yet. These are, of the pilot, those that do not
        count, since the rates of all blocks hang on them; and where the campaign's settings have C(disturbed=repeat),
        those that count but were disturbed.
      - What they left moves to C(attempts/<cell>/<k>/).
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    description: Does nothing.
  diff_mode:
    description: Shows no difference.
    support: none
"""

EXAMPLES = r"""
- name: Open the third block
  katabench.scylla.block_open:
    campaign_dir: "{{ campaign.dir }}"
    cluster: "{{ inventory_hostname }}"
    block: 3
  register: opened
"""

RETURN = r"""
go_on:
  description: Whether the block is needed.
  type: bool
  returned: when O(again) is false
reason:
  description: >-
    Why not, C(narrow), C(max-replicates), C(max-minutes), C(will-not-converge) or C(planned). Null when it is needed.
  type: str
  returned: when O(again) is false
sentence:
  description: The same in a sentence.
  type: str
  returned: when O(again) is false
cells:
  description: The cells that are left to do, in their order.
  type: list
  elements: dict
  returned: always
workloads:
  description: What each of them runs, in order, each in the form that the role C(stress) takes.
  type: list
  elements: dict
  returned: when O(again) is false
katabench_event:
  description: What the callback P(katabench.scylla.campaign#callback) shows of it.
  type: dict
  returned: when the block is not needed
"""
