# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Outlast a connection that breaks while a load is waited for; documented in plugins/modules/load_wait.py."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from ansible_collections.katabench.scylla.plugins.plugin_utils.load_contact import describe_contact
from ansible_collections.katabench.scylla.plugins.plugin_utils.reconnect import NoAnswer, ask_patiently

PATIENCE_S = 600


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        args = self._task.args
        given = args.get("reconnect_timeout_s", PATIENCE_S)
        try:
            patience_s = float(given)
        except (TypeError, ValueError) as error:
            raise AnsibleActionFail(f"reconnect_timeout_s is {given!r}; seconds are expected.") from error
        answer = ask_patiently(lambda: self._ask(task_vars), patience_s)
        return describe_contact(
            answer,
            host=str(self._task.delegate_to or (task_vars or {}).get("inventory_hostname")),
            workload=str(args.get("workload") or ""),
            started_at=str(args.get("started_at")),
            now=datetime.now(UTC),
        )

    def _ask(self, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        try:
            # A copy of the arguments, since Ansible adds its own.
            result = self._execute_module(
                module_name="katabench.scylla.load_wait", module_args=dict(self._task.args), task_vars=task_vars
            )
        except AnsibleConnectionFailure as error:
            # Over the old connection, and with files where a reboot removes them, nothing would be asked again.
            self._connection.reset()
            self._connection._shell.tmpdir = None
            raise NoAnswer(" ".join(str(error).split())) from error
        if result.get("going_down"):
            raise NoAnswer("it is going down")
        return result
