# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Remove what campaigns made of Kubernetes; documented in plugins/modules/kubernetes_absent.py."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_api import Api, KubernetesError
from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_removal import (
    RemovalError,
    remove_namespaces,
    remove_objects,
)

ARGUMENT_SPEC = {
    "kubeconfig": {"type": "path"},
    "context": {"type": "str", "required": True},
    "namespace": {"type": "str", "default": ""},
    "name": {"type": "str", "required": True},
    "timeout_s": {"type": "float", "default": 300},
    "reconnect_timeout_s": {"type": "float", "default": 600},
}


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _validation, args = self.validate_argument_spec(ARGUMENT_SPEC)
        if self._task.check_mode:
            return {"changed": False, "removed": 0, "notes": [], "requests": 0}
        try:
            api = Api(args["kubeconfig"], args["context"], patience_s=args["reconnect_timeout_s"])
            if args["namespace"]:
                removed = remove_objects(api, args["namespace"], args["name"], args["timeout_s"])
                done = {"removed": removed, "notes": []}
            else:
                done = remove_namespaces(api, args["name"], args["timeout_s"])
        except (KubernetesError, RemovalError) as error:
            raise AnsibleActionFail(str(error)) from error
        return {"changed": done["removed"] > 0, "requests": api.requests, **done}
