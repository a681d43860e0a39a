# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Look at a Kubernetes from the controller; documented in plugins/modules/kubernetes_check.py."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_api import Api, KubernetesError
from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_cluster import look_at_cluster

ARGUMENT_SPEC = {
    "kubeconfig": {"type": "path"},
    "context": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "arms": {"type": "list", "elements": "dict", "required": True},
    "nodes": {"type": "int", "required": True},
    "node_cpus": {"type": "float", "required": True},
    "node_memory_mib": {"type": "float", "required": True},
    "placement": {"type": "dict", "required": True},
    "storage_class": {"type": "str", "default": ""},
}


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _validation, args = self.validate_argument_spec(ARGUMENT_SPEC)
        try:
            api = Api(args["kubeconfig"], args["context"])
            looked = look_at_cluster(api, args)
        except KubernetesError as error:
            raise AnsibleActionFail(str(error)) from error
        if looked["faults"]:
            raise AnsibleActionFail("\n".join(looked["faults"]))
        return {"changed": False, "cluster": looked["cluster"], "notes": looked["notes"], "requests": api.requests}
