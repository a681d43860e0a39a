# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Order and delete servers from the controller; documented in plugins/modules/scaleway_server.py."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.basic import missing_required_lib
from ansible.plugins.action import ActionBase

from ansible_collections.katabench.scylla.plugins.plugin_utils.scaleway_account import Account
from ansible_collections.katabench.scylla.plugins.plugin_utils.scaleway_client import (
    ScalewayError,
    client_from_settings,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.scaleway_orders import OrderError, wanted_servers
from ansible_collections.katabench.scylla.plugins.plugin_utils.scaleway_servers import Servers, ServersError, Settings

ARGUMENT_SPEC = {
    "state": {"type": "str", "choices": ["present", "absent", "planned"], "default": "present"},
    "servers": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "tags": {"type": "list", "elements": "str", "default": []},
        },
    },
    "zone": {"type": "str", "required": True},
    "offer": {"type": "str"},
    "os": {"type": "str"},
    "ssh_key_file": {"type": "str"},
    "ssh_keys": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "tag": {"type": "str", "default": "katabench"},
    "project": {"type": "str"},
    "profile": {"type": "str"},
    "max_hourly_cost_eur": {"type": "float", "default": 2.0},
    "timeout_s": {"type": "float", "default": 3600},
    "poll_s": {"type": "float", "default": 10},
}
REQUIRED_IF = [("state", state, ("offer", "os")) for state in ("present", "planned")]
# Longer than this no single question to the API is repeated.
PATIENCE_S = 120.0


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _validation, args = self.validate_argument_spec(ARGUMENT_SPEC, required_if=REQUIRED_IF)
        try:
            result = self._run(args)
        except ServersError as error:
            raise AnsibleActionFail(str(error), result=self._shown(error.result)) from error
        except (OrderError, ScalewayError) as error:
            raise AnsibleActionFail(str(error)) from error
        except ImportError as error:
            raise AnsibleActionFail(missing_required_lib("scaleway")) from error
        return self._shown(result)

    def _run(self, args: dict[str, Any]) -> dict[str, Any]:
        settings = Settings(
            servers=wanted_servers(args["servers"]),
            offer=args["offer"] or "",
            os=args["os"] or "",
            **{
                name: args[name]
                for name in ("tag", "ssh_keys", "ssh_key_file", "max_hourly_cost_eur", "timeout_s", "poll_s")
            },
        )
        client = client_from_settings(profile=args["profile"], project_id=args["project"])
        servers = Servers(Account(client, args["zone"], patience_s=min(PATIENCE_S, args["timeout_s"])), settings)
        if args["state"] == "absent":
            return servers.absent(ask_only=self._task.check_mode)
        planned = args["state"] == "planned"
        result = servers.present(ask_only=planned or self._task.check_mode)
        return {**result, "changed": False} if planned else result

    def _shown(self, result: dict[str, Any]) -> dict[str, Any]:
        """Leave the difference out where nobody asked for it."""
        return {key: value for key, value in result.items() if key != "diff" or self._task.diff}
