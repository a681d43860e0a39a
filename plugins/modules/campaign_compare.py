#!/usr/bin/python
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
# Documentation only: the work is done on the controller, by plugins/action/campaign_compare.py.

from __future__ import annotations

DOCUMENTATION = r"""
module: campaign_compare
short_description: Say what changed from one campaign to another
version_added: 0.3.0
description:
  - Runs on the controller and touches no host and no network.
  - Compares, per cluster, arm and workload, what an arm costs against its baseline, and the absolute figures; with an
    interval and the number of blocks on both sides.
  - Refuses to compare campaigns whose hosts or settings differ in what matters.
  - Writes C(compare-<baseline>.json) and C(compare-<baseline>.md) into the candidate's folder. The same records give
    the same bytes.
  - A regression is no failure of this task. It is in the result.
author: katabench authors (@katabench)
options:
  results_dir:
    description:
      - Folder that holds the campaigns.
      - A relative path starts at the working directory of C(ansible-playbook).
    type: path
    required: true
  baseline:
    description:
      - Name of the campaign to compare with. C(latest) is the newest one.
      - V(published-2018) stands for the figures published in 2018. They have no interval, so a change from them cannot
        be shown.
    type: str
    required: true
  candidate:
    description: Name of the campaign that is compared.
    type: str
    required: true
  regression_limit:
    description:
      - Share by which a figure has to be worse to be a regression, if the change's interval does not hold 1.
      - What is judged is the cost of each arm, and the absolute figure of the baseline arm.
    type: float
    default: 0.05
  differences:
    description:
      - V(refuse) compares only what was measured under the same conditions.
      - V(mark) compares all the same, and lists the differences in the result.
    type: str
    choices: [refuse, mark]
    default: refuse
  changed:
    description:
      - Conditions that were changed on purpose, so that they may differ.
      - C(accelerator), C(arms), C(cluster), C(cpu), C(disk), C(engine), C(governor), C(image), C(kernel), C(loader),
        C(memory), C(mitigations), C(parity) or C(workloads).
      - C(sandbox), the versions of the runtimes, and C(collection) always may. What differs is named.
    type: list
    elements: str
    default: []
requirements:
  - hdrhistogram, jsonschema, pyyaml and scipy on the controller
attributes:
  check_mode:
    support: full
    description: Compares, says what would be written, and writes nothing.
  diff_mode:
    description: Shows no difference.
    support: none
"""

EXAMPLES = r"""
- name: Compare the newest campaign with that from before the upgrade
  katabench.scylla.campaign_compare:
    results_dir: results
    baseline: before-upgrade
    candidate: latest
    changed: [kernel]
  delegate_to: localhost
  run_once: true
  register: compared
"""

RETURN = r"""
written:
  description: Absolute paths of the files whose bytes differ from what was there.
  type: list
  elements: str
  returned: success
  sample: [/srv/bench/results/after-upgrade/compare-before-upgrade.json]
verdict:
  description: Whether there is a regression, in words.
  type: str
  returned: success
  sample: No regression past 5 % is shown.
regressions:
  description: The changes past the limit, a sentence for each.
  type: list
  elements: str
  returned: success
  sample: []
lines:
  description: The whole comparison in lines.
  type: list
  elements: str
  returned: success
differences:
  description: In what the two differ, each with C(condition), C(what), C(then), C(now) and C(free).
  type: list
  elements: dict
  returned: success
rows:
  description: The changes, as in the JSON file.
  type: list
  elements: dict
  returned: success
notes:
  description: What is not compared, and what is to be doubted.
  type: list
  elements: str
  returned: success
"""
