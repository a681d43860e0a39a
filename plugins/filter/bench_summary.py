# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Filter: a campaign's figures."""

from __future__ import annotations

DOCUMENTATION = r"""
name: bench_summary
short_description: A campaign's figures
version_added: 0.1.0
description:
  - Compares the arms of a campaign, block by block, from its records.
  - Only valid cells enter figures; what does not count is listed with its class and a sentence.
author: katabench authors (@katabench)
positional: _input, campaign
options:
  _input:
    description: The contents of the campaign's C(record.json) files, in any order.
    type: list
    elements: dict
    required: true
  campaign:
    description: The content of its C(campaign.json).
    type: dict
    required: true
requirements:
  - hdrhistogram and scipy on the controller
seealso:
  - plugin: katabench.scylla.campaign_report
    plugin_type: module
    description: Writes the summary, the charts and the page.
"""

EXAMPLES = r"""
- name: Show the verdict
  ansible.builtin.debug:
    msg: "{{ (records | katabench.scylla.bench_summary(campaign)).verdict }}"
"""

RETURN = r"""
_value:
  description: >-
    The content of C(summary.json), among it C(question), C(verdict), C(cells), C(problems), and C(clusters) with a row
    per workload and arm (C(op_rate) in operations per second, C(latency_mean_ms), C(latency_p99_ms), C(ratio) of what
    C(figure) names with C(ratio_low) and C(ratio_high), C(change_percent), C(verdict) in a word, C(hdr) with the
    percentiles of all replicates, and C(emulated) where the arm ran under software emulation, so that its figures tell
    nothing of the cost). Its form is C(plugin_utils/schemas/summary.json).
  type: dict
"""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils.summary import summarise


def bench_summary(records, campaign):
    """Translate summarise for Jinja."""
    if not isinstance(records, list) or not all(isinstance(record, Mapping) for record in records):
        raise AnsibleFilterError(f"bench_summary takes a list of records, not a {type(records).__name__}")
    if not isinstance(campaign, Mapping):
        raise AnsibleFilterError(
            f"bench_summary takes the content of campaign.json as campaign, not a {type(campaign).__name__}"
        )
    try:
        return summarise(campaign, records)
    except KeyError as error:
        raise AnsibleFilterError(
            f"bench_summary: the campaign or a record has no key {error}; give them as campaign.json and record.json "
            "hold them"
        ) from error
    except ValueError as error:
        raise AnsibleFilterError(f"bench_summary: {error}") from error


class FilterModule:
    """Filters of this file."""

    def filters(self):
        return {"bench_summary": bench_summary}
