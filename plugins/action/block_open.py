# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Open a block of a cluster's campaign on the controller; documented in plugins/modules/block_open.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.katabench.scylla.plugins.plugin_utils.block import cells_to_repeat, open_block
from ansible_collections.katabench.scylla.plugins.plugin_utils.campaign import CampaignError
from ansible_collections.katabench.scylla.plugins.plugin_utils.ladder import LadderError

ARGUMENT_SPEC = {
    "campaign_dir": {"type": "path", "required": True},
    "cluster": {"type": "str", "required": True},
    "block": {"type": "int", "required": True},
    "again": {"type": "bool", "default": False},
}


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _validation, args = self.validate_argument_spec(ARGUMENT_SPEC)
        directory, cluster, block = Path(args["campaign_dir"]), args["cluster"], args["block"]
        if self._task.check_mode:
            # Check mode has no campaign to open a block of.
            return {"changed": False, "skipped": True, "msg": "No block is opened in check mode."}
        try:
            if args["again"]:
                cells = cells_to_repeat(directory, cluster, block)
                return {"changed": bool(cells), "cells": cells}
            opened = open_block(directory, cluster, block)
        except (CampaignError, LadderError) as error:
            raise AnsibleActionFail(str(error)) from error
        result = {"changed": False, **opened}
        if not opened["go_on"]:
            result["katabench_event"] = {"event": "stop", "cluster": cluster, "sentence": opened["sentence"]}
        return result
