# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Look what became of pods; documented in plugins/modules/kubernetes_look.py."""

from __future__ import annotations

import time
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_api import Api, KubernetesError
from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_pods import (
    events_in_words,
    pod_evidence,
    pod_faults,
    restart_faults,
)

ARGUMENT_SPEC = {
    "kubeconfig": {"type": "path"},
    "context": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "nodes": {"type": "list", "elements": "str", "required": True},
    "reconnect_timeout_s": {"type": "float", "default": 600},
}


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _validation, args = self.validate_argument_spec(ARGUMENT_SPEC)
        path = f"/api/v1/namespaces/{args['namespace']}"
        try:
            api = Api(args["kubeconfig"], args["context"], patience_s=args["reconnect_timeout_s"])
            pods = api.items(f"{path}/pods", labelSelector=f"katabench.cluster={args['name']},katabench.role=node")
            events = api.items(f"{path}/events")
        except KubernetesError as error:
            raise AnsibleActionFail(str(error)) from error
        there = {pod["metadata"]["name"] for pod in pods}
        lost = [
            {"class": "node-lost", "sentence": f"The pod {name} is gone.", "pod": name}
            for name in args["nodes"]
            if name not in there
        ]
        faults = [*lost, *pod_faults(pods, events, now_s=time.time()), *restart_faults(pods)]
        return {
            "changed": False,
            "pods": [pod_evidence(pod) for pod in pods],
            "events": events_in_words(events, [f"{args['name']}-"]),
            "faults": faults,
            "requests": api.requests,
        }
