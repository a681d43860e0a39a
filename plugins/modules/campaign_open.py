#!/usr/bin/python
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
# Documentation only: the work is done on the controller, by plugins/action/campaign_open.py.

from __future__ import annotations

DOCUMENTATION = r"""
module: campaign_open
short_description: Open a campaign and tell which of its cells are left to do
version_added: 0.1.0
description:
  - Runs on the controller and touches no host.
  - Begins a campaign below O(results_dir), or takes one up again, and lists its cells as done or to do.
  - A cell is done when its C(record.json) is valid. What any other cell left behind moves to
    C(attempts/<cell>/<k>/), so that the cell can run anew and nothing is lost.
  - Writes C(campaign.json) (settings, seed, plan) and points the symbolic link C(latest) to the campaign.
author: katabench authors (@katabench)
options:
  results_dir:
    description:
      - Folder that holds the campaigns, made when missing.
      - A relative path starts at the working directory of C(ansible-playbook).
    type: path
    required: true
  run_id:
    description:
      - Name of the campaign and of its folder.
      - When it exists, its settings must be those of O(settings); what differs is listed in the error.
      - When empty, the newest campaign with the same settings in which a cell of O(clusters) has no record is
        taken up. When there is none, a campaign begins whose name is the time in UTC (C(20261122T223000Z)).
    type: str
    default: ""
  settings:
    description:
      - What is measured and how. The campaign is bound to all of it.
      - C(arms) and C(workloads) are lists of names or of dictionaries with a C(name), C(replicates) is the number
        of blocks, and C(baseline) is the name of one of the arms. Other keys are recorded as they are.
      - An arm may say where its data lies (C(storage), one of C(volume), C(rootfs), C(block)), and in C(differs), a
        sentence, what besides its runtime is unlike the other arms on purpose. The report shows both beside its
        figures. An arm with C(node_cpus) or C(node_memory_mib) of its own is refused without C(differs).
      - C(arm_catalogue_names), C(workload_catalogue_names) and C(profile_catalogue_names), lists of the names that
        exist, are optional. A name that is not among them is refused. They are not recorded, and neither is
        C(arms_where_able) (see P(katabench.scylla.bench_plan#filter)).
    type: dict
    required: true
  clusters:
    description:
      - Names of the clusters that this run measures on.
      - With an existing O(run_id), a cluster that is new to the campaign is added to its plan.
    type: list
    elements: str
    required: true
  seed:
    description:
      - Decides the random order of the arms within each block.
      - Derived from the run_id when not given.
    type: int
attributes:
  check_mode:
    support: full
    description: Tells what it would do and writes nothing.
  diff_mode:
    support: full
    description: Shows C(campaign.json) and the attempts that are kept.
"""

EXAMPLES = r"""
- name: Open the campaign
  katabench.scylla.campaign_open:
    results_dir: results
    settings:
      profile: local
      arms:
        - {name: runc, runtime: runc}
        - {name: gvisor, runtime: gvisor}
      workloads:
        - {name: write, operation: write, operations: 200000, threads: 50}
      replicates: 3
      baseline: runc
    clusters: "{{ ansible_play_hosts_all }}"
  run_once: true
  register: campaign
"""

RETURN = r"""
run_id:
  description: Name of the campaign.
  type: str
  returned: success
  sample: 20261122T223000Z
dir:
  description: Absolute path of the campaign's folder.
  type: str
  returned: success
seed:
  description: Seed of the plan.
  type: int
  returned: success
resumed:
  description: Whether the campaign had been begun before.
  type: bool
  returned: success
attempts_kept:
  description: Cells whose remains were moved to C(attempts/).
  type: list
  elements: str
  returned: success
cells:
  description: The cells of O(clusters), in the order in which they are to run.
  type: list
  elements: dict
  returned: success
  sample:
    - {id: db1/block-01/gvisor, cluster: db1, block: 1, position: 1, arm: gvisor, state: todo}
katabench_event:
  description: What the callback P(katabench.scylla.campaign#callback) shows of it.
  type: dict
  returned: success
"""
