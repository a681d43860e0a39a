# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Write a campaign's report on the controller; documented in plugins/modules/campaign_report.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.katabench.scylla.plugins.plugin_utils.campaign import CampaignError
from ansible_collections.katabench.scylla.plugins.plugin_utils.progress import summary_event
from ansible_collections.katabench.scylla.plugins.plugin_utils.report import (
    ReportError,
    build_report,
    differing,
    find_campaign,
    write_files,
)

ARGUMENT_SPEC = {"campaign_dir": {"type": "path", "required": True}}


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _validation, args = self.validate_argument_spec(ARGUMENT_SPEC)
        try:
            directory = find_campaign(Path(args["campaign_dir"]))
        except ReportError as error:
            if self._task.check_mode:
                # Check mode begins no campaign, so there may be none to report on.
                return {"changed": False, "skipped": True, "msg": str(error)}
            raise AnsibleActionFail(str(error)) from error
        try:
            summary, files = build_report(directory)
        except CampaignError as error:
            raise AnsibleActionFail(str(error)) from error
        written = differing(directory, files)
        if not self._task.check_mode:
            write_files(directory, {name: files[name] for name in written})
        report = str(directory / "report.html")
        return {
            "changed": bool(written),
            "written": written,
            "verdict": summary["verdict"],
            "invalid_cells": _invalid_cells(summary),
            "report": report,
            "katabench_event": summary_event(summary, report),
        }


def _invalid_cells(summary: dict[str, Any]) -> list[str]:
    cells = {cell["id"] for cell in summary["grid"]}
    return [name for name in dict.fromkeys(problem["cell"] for problem in summary["problems"]) if name in cells]
