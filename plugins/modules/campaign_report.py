#!/usr/bin/python
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
# Documentation only: the work is done on the controller, by plugins/action/campaign_report.py.

from __future__ import annotations

DOCUMENTATION = r"""
module: campaign_report
short_description: Write a campaign's summary, charts and page
version_added: 0.1.0
description:
  - Runs on the controller and touches no host and no network.
  - Reads C(campaign.json) and the records of a campaign's folder, and writes beside them the self-contained page
    C(report.html) and its charts, C(charts/*.svg), C(charts/*.png) and C(charts/*.csv).
  - The same figures for machines are in C(summary.json), whose form is C(plugin_utils/schemas/summary.json),
    C(summary.csv), C(metrics.txt) (OpenMetrics, for a push gateway) and C(summary.md) (a Markdown table, for a paste).
  - Holds the raw files against the SHA-256 sums in the records and writes these to C(SHA256SUMS).
  - The same records give the same bytes. A file that holds them already is not written again.
  - A cell that does not count or has not run, a record that cannot be read, and a raw file that was altered or lost
    are no failure of this task. The report says so.
author: katabench authors (@katabench)
options:
  campaign_dir:
    description:
      - Folder of the campaign, as RV(katabench.scylla.campaign_open#module:dir) gives it.
      - A symbolic link is followed, so that C(results/latest) is the newest campaign.
      - A relative path starts at the working directory of C(ansible-playbook).
    type: path
    required: true
requirements:
  - altair, hdrhistogram, jinja2, jsonschema, pyyaml, scipy and vl-convert-python on the controller
attributes:
  check_mode:
    support: full
    description: Builds the report, says what would be written, and writes nothing. Skips when there is no campaign.
  diff_mode:
    description: Shows no difference.
    support: none
"""

EXAMPLES = r"""
- name: Write the report of the newest campaign
  katabench.scylla.campaign_report:
    campaign_dir: results/latest
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
written:
  description: Files whose bytes differ from what was there, relative to the campaign's folder.
  type: list
  elements: str
  returned: success
  sample: [summary.json, summary.csv, charts/op_rate.svg, charts/op_rate.png, charts/op_rate.csv, report.html]
verdict:
  description: The campaign's answer in words.
  type: str
  returned: success
  sample: >-
    Op rate of gvisor against runc: write 0.504 times (-49.6 %, 95 % interval 0.462 to 0.550, n = 3 blocks).
invalid_cells:
  description: Cells that do not count or have no record.
  type: list
  elements: str
  returned: success
  sample: [db1/block-02/gvisor]
report:
  description: Absolute path of the page.
  type: str
  returned: success
katabench_event:
  description: What the callback P(katabench.scylla.campaign#callback) shows of it.
  type: dict
  returned: success
"""
