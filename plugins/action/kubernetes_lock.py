# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Take or give back the lock on a Kubernetes; documented in plugins/modules/kubernetes_lock.py."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.katabench.scylla.plugins.plugin_utils import kubernetes_lease
from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_api import Api, KubernetesError
from ansible_collections.katabench.scylla.plugins.plugin_utils.processes import (
    is_running,
    process_started,
    user_and_controller,
)

ARGUMENT_SPEC = {
    "kubeconfig": {"type": "path"},
    "context": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "stale_s": {"type": "float", "default": 7200},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _validation, args = self.validate_argument_spec(ARGUMENT_SPEC)
        if self._task.check_mode:
            return {"changed": False}
        # This is a worker of ansible-playbook; the campaign is the process that all workers come from.
        pid = os.getppid()
        ours = {"owner": user_and_controller(), "process": (pid, process_started(pid))}
        try:
            api = Api(args["kubeconfig"], args["context"])
            if args["state"] == "absent":
                return {"changed": kubernetes_lease.give_back(api, args["namespace"], **ours)}
            kubernetes_lease.take(
                api,
                args["namespace"],
                args["name"],
                **ours,
                is_running=is_running,
                stale_s=args["stale_s"],
                now=datetime.now(UTC),
            )
        except (KubernetesError, kubernetes_lease.LeaseError) as error:
            raise AnsibleActionFail(str(error)) from error
        return {"changed": True}
