# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Tell the module who asks, and whether whoever has the lock still runs; documented in plugins/modules/host_lock.py."""

from __future__ import annotations

import os
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.katabench.scylla.plugins.plugin_utils.processes import (
    is_running,
    process_started,
    user_and_controller,
)


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        # This is a worker of ansible-playbook; the campaign is the process that all workers come from.
        pid = os.getppid()
        arguments = {
            "owner": user_and_controller(),
            "pid": pid,
            "pid_started": process_started(pid),
            "name": self._task.delegate_to or (task_vars or {}).get("inventory_hostname"),
            **self._task.args,
        }
        result = self._ask(arguments, task_vars)
        holder = result.get("lock")
        # Of one campaign both are processes of this controller, where it can be seen whether the other one still runs.
        if holder and result["same_campaign"] and not is_running(holder["pid"], holder["pid_started"]):
            ended = {"ended_pid": holder["pid"], "ended_pid_started": holder["pid_started"]}
            result = self._ask({**arguments, **ended}, task_vars)
        return result

    def _ask(self, arguments: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        # A copy, since Ansible adds arguments of its own.
        return self._execute_module(
            module_name="katabench.scylla.host_lock", module_args=dict(arguments), task_vars=task_vars
        )
