# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Shows a campaign while it runs, and its figures when it has ended."""

from __future__ import annotations

DOCUMENTATION = r"""
name: campaign
type: aggregate
short_description: Shows a campaign while it runs, and its figures when it has ended
version_added: 0.1.0
author: katabench authors (@katabench)
description:
  - Says which cell of how many runs, what the loader's latest interval row says and how much time is left.
  - At the end, shows per cluster the rate and the latencies of each workload and arm, the ratio to the baseline with
    its interval, what does not count and why, the verdict and the report's path.
  - Only shows. Tasks write the results; switched off, nothing is lost.
  - Reads nothing but the dictionary C(katabench_event) in the results of tasks, and the fact C(bench_event).
requirements:
  - enable in configuration (C(callbacks_enabled = katabench.scylla.campaign))
  - rich on the controller, for the closing table
"""

import shutil
from typing import TYPE_CHECKING

from ansible.plugins.callback import CallbackBase

from ansible_collections.katabench.scylla.plugins.plugin_utils.progress import Progress

if TYPE_CHECKING:
    from ansible.executor.stats import AggregateStats
    from ansible.executor.task_result import CallbackTaskResult


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "katabench.scylla.campaign"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._progress = Progress()

    def v2_runner_on_ok(self, result: CallbackTaskResult) -> None:
        self._observe(result)

    def v2_runner_on_failed(self, result: CallbackTaskResult, ignore_errors: bool = False) -> None:
        self._observe(result)

    def v2_runner_retry(self, result: CallbackTaskResult) -> None:
        self._observe(result)

    def v2_runner_item_on_ok(self, result: CallbackTaskResult) -> None:
        self._observe(result)

    def v2_runner_item_on_failed(self, result: CallbackTaskResult) -> None:
        self._observe(result)

    def v2_playbook_on_stats(self, stats: AggregateStats) -> None:
        self._show(self._progress.close(shutil.get_terminal_size().columns))

    def _observe(self, result: CallbackTaskResult) -> None:
        # The role bench has no plugin to say that a cell begins; it sets a fact.
        facts = result.result.get("ansible_facts") or {}
        event = result.result.get("katabench_event", facts.get("bench_event"))
        if isinstance(event, dict):
            self._show(self._progress.observe(result.host.name, event))

    def _show(self, lines: list[str]) -> None:
        for line in lines:
            self._display.display(line)
