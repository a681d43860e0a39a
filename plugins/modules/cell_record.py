#!/usr/bin/python
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
# Documentation only: the work is done on the controller, by plugins/action/cell_record.py.

from __future__ import annotations

DOCUMENTATION = r"""
module: cell_record
short_description: Judge a cell and write its record
version_added: 0.1.0
description:
  - Runs on the controller and touches no host.
  - Reads the raw files C(cells/<cell>/raw/<workload>/{stdout,stderr}), compressed with gzip (C(.gz)) or not, judges
    each workload and the parity of the nodes, and writes C(cells/<cell>/record.json), whole or not at all.
  - An invalid cell is no failure of this task. Its record says why it does not count.
author: katabench authors (@katabench)
options:
  campaign_dir:
    description: Folder of the campaign, as RV(katabench.scylla.campaign_open#module:dir) gives it.
    type: path
    required: true
  cell:
    description: One of the cells of RV(katabench.scylla.campaign_open#module:cells).
    type: dict
    required: true
  facts:
    description:
      - What the play saw. Its form is that of the record, C(plugins/plugin_utils/schemas/record.json).
      - C(arm), C(host), C(cluster), C(started_at) and C(finished_at) are recorded as they are, and so are C(engine),
        C(image), C(sandbox), C(starts) and C(timings_s), which may be missing.
      - C(sandbox) is what the arm really ran in, as it was proven on the host, or null. Its C(accelerator) (C(kvm),
        C(tcg) for software emulation, or null when that is not known) is required and marks the cell. The nodes must
        have its C(guest_kernel), when that is given.
      - C(starts) lists every attempt to start a node, in order, with C(node), C(attempt) (from 1), C(elapsed_s) (may
        be missing), C(failed), C(sentence) (why it failed, else null) and C(last_words) (lines of its log; may be
        missing).
      - C(parity.nodes) lists what each node measured inside itself (C(node), C(kernel_release), C(cpus),
        C(memory_mib), C(data_filesystem)). It may be missing when O(failure) is given. C(parity_band) is the share by
        which processors and memory may differ from what was asked, C(arm.node_cpus) and C(arm.node_memory_mib), or
        else those of C(cluster).
      - C(workloads) lists those that were started, with C(name), C(operation), C(command), C(tool), C(asked), C(rc),
        C(timed_out), C(started_at), C(finished_at), C(nodes_before) and C(nodes_after) (as the filter
        P(katabench.scylla.nodetool_status#filter) gives them, or null), and where they apply C(interrupted)
        and C(containers_died) (a list of names). C(elapsed_s) is taken from the times when it is not given.
    type: dict
    required: true
  failure:
    description:
      - What stopped the cell, a dictionary with C(class) and C(sentence).
      - Null when the cell ran to its end.
    type: dict
attributes:
  check_mode:
    support: full
    description: Says that the record would be written; nothing is read or written.
  diff_mode:
    description: Shows no difference.
    support: none
"""

EXAMPLES = r"""
- name: Write the record
  katabench.scylla.cell_record:
    campaign_dir: "{{ campaign.dir }}"
    cell: "{{ cell }}"
    facts: "{{ cell_facts }}"
    failure: "{{ cell_failure | default(none) }}"
"""

RETURN = r"""
path:
  description: The record's file.
  type: str
  returned: success
valid:
  description: Whether the cell counts.
  type: bool
  returned: when not in check mode
failures:
  description: Why it does not, each with C(class) and C(sentence).
  type: list
  elements: dict
  returned: when not in check mode
marks:
  description: What a reader should know of a cell that counts all the same.
  type: list
  returned: when not in check mode
katabench_event:
  description: What the callback P(katabench.scylla.campaign#callback) shows of it.
  type: dict
  returned: when not in check mode
"""
