# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Compare a host's clock with the controller's; documented in plugins/modules/host_clock.py."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.katabench.scylla.plugins.plugin_utils.clocks import READ_COMMAND, ClockError, compare_clock

ARGUMENT_SPEC = {
    "readings": {"type": "int", "default": 5},
    "enough_s": {"type": "float", "default": 0.05},
}


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _validation, args = self.validate_argument_spec(ARGUMENT_SPEC)
        try:
            clock = compare_clock(self._read, args["readings"], args["enough_s"])
        except ClockError as error:
            host = self._task.delegate_to or (task_vars or {}).get("inventory_hostname")
            raise AnsibleActionFail(f"The clock of {host} cannot be read: {error}") from error
        return {"changed": False, "clock": clock}

    def _read(self) -> str:
        # No module, which takes longer to start than a clock may be off, and no sudo.
        answer = self._low_level_execute_command(READ_COMMAND, sudoable=False)
        return str(answer["stdout"] if answer["rc"] == 0 else answer["stderr"])
