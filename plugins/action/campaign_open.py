# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Open a campaign on the controller; documented in plugins/modules/campaign_open.py."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.katabench.scylla.plugins.plugin_utils.campaign import CampaignError, open_campaign
from ansible_collections.katabench.scylla.plugins.plugin_utils.collection_version import collection_version
from ansible_collections.katabench.scylla.plugins.plugin_utils.json_files import json_text
from ansible_collections.katabench.scylla.plugins.plugin_utils.plan import PlanError, item_name

ARGUMENT_SPEC = {
    "results_dir": {"type": "path", "required": True},
    "run_id": {"type": "str", "default": ""},
    "settings": {"type": "dict", "required": True},
    "clusters": {"type": "list", "elements": "str", "required": True},
    "seed": {"type": "int"},
}


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _validation, args = self.validate_argument_spec(ARGUMENT_SPEC)
        try:
            opened = open_campaign(
                Path(args["results_dir"]),
                args["run_id"],
                args["settings"],
                args["clusters"],
                datetime.now(UTC),
                seed=args["seed"],
                collection_version=collection_version(),
                check_only=self._task.check_mode,
            )
        except (PlanError, CampaignError) as error:
            raise AnsibleActionFail(str(error)) from error
        campaign = opened["campaign"]
        result = {
            "run_id": campaign["run_id"],
            "seed": campaign["seed"],
            **{key: opened[key] for key in ("dir", "resumed", "changed", "attempts_kept", "cells")},
            "katabench_event": _plan_event(opened),
        }
        if self._task.diff:
            result["diff"] = _diff(opened)
        return result


def _plan_event(opened: dict[str, Any]) -> dict[str, Any]:
    campaign = opened["campaign"]
    settings = campaign["settings"]
    return {
        "event": "plan",
        "run_id": campaign["run_id"],
        "dir": opened["dir"],
        "resumed": opened["resumed"],
        "arms": [item_name(arm) for arm in settings["arms"]],
        "workloads": [item_name(workload) for workload in settings["workloads"]],
        "baseline": settings["baseline"],
        "cells": [{key: cell[key] for key in ("id", "cluster", "state")} for cell in opened["cells"]],
    }


def _diff(opened: dict[str, Any]) -> list[dict[str, str]]:
    moves = [{"before": f"cells/{cell_id}\n", "after": f"attempts/{cell_id}\n"} for cell_id in opened["attempts_kept"]]
    if opened["resumed"]:
        return moves
    path = f"{opened['dir']}/campaign.json"
    return [{"before": "", "after": json_text(opened["campaign"]), "before_header": path, "after_header": path}, *moves]
