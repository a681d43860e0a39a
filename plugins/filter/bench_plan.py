# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Show a campaign's plan."""

from __future__ import annotations

DOCUMENTATION = r"""
name: bench_plan
short_description: Say in lines what a campaign would do
version_added: 0.1.0
description:
  - Checks the settings of a campaign and returns its plan as a list of lines, touching neither host nor file.
author: katabench authors (@katabench)
positional: _input, clusters, run_id, seed
options:
  _input:
    description:
      - Settings, in the form that M(katabench.scylla.campaign_open) takes.
      - C(arms_where_able), a list of arms that join only where the hosts can carry them, may stand beside C(arms) and
        share no name with it. These arms are checked like the others, named in a line of their own, and are no part
        of the cells, because whether they join is seen on the hosts.
    type: dict
    required: true
  clusters:
    description: Names of the clusters to measure on.
    type: list
    elements: str
    required: true
  run_id:
    description: Name of the campaign, from which O(seed) is derived when that is not given.
    type: str
    default: ""
  seed:
    description:
      - Decides the random order of the arms within each block.
      - With neither O(seed) nor O(run_id) the order is not known before the campaign begins and is not shown.
    type: int
seealso:
  - module: katabench.scylla.campaign_open
"""

EXAMPLES = r"""
- name: Show the plan
  ansible.builtin.debug:
    msg: "{{ settings | katabench.scylla.bench_plan(ansible_play_hosts_all, seed=7) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: The plan, a line for what is common and one for each block.
  type: list
  elements: str
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils.plan import PlanError, seed_from
from ansible_collections.katabench.scylla.plugins.plugin_utils.plan_words import plan_lines


def bench_plan(settings, clusters, run_id="", seed=None):
    """Translate plan_lines for Jinja."""
    if not isinstance(settings, dict):
        raise AnsibleFilterError(f"bench_plan expects the settings as a dictionary, found {type(settings).__name__}")
    if not isinstance(clusters, list):
        raise AnsibleFilterError(f"bench_plan expects the clusters as a list, found {type(clusters).__name__}")
    if seed is None and run_id:
        seed = seed_from(run_id)
    try:
        return plan_lines(settings, clusters, seed)
    except PlanError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Filters of this file."""

    def filters(self):
        return {"bench_plan": bench_plan}
