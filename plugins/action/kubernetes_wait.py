# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Wait for pods from the controller; documented in plugins/modules/kubernetes_wait.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_api import Api, KubernetesError
from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_pods import (
    exit_status,
    is_ready,
    pod_evidence,
    start_of,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_wait import wait_for_pods

ARGUMENT_SPEC = {
    "kubeconfig": {"type": "path"},
    "context": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "selector": {"type": "str", "required": True},
    "count": {"type": "int", "required": True},
    "container_ended": {"type": "str", "default": ""},
    "timeout_s": {"type": "float", "required": True},
    "schedule_timeout_s": {"type": "float", "default": 60},
    "reconnect_timeout_s": {"type": "float", "default": 600},
}


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _validation, args = self.validate_argument_spec(ARGUMENT_SPEC)
        if self._task.check_mode:
            return {"changed": False, "pods": [], "faults": [], "elapsed_s": 0.0, "timed_out": False, "requests": 0}
        container = args["container_ended"]
        try:
            api = Api(args["kubeconfig"], args["context"], patience_s=args["reconnect_timeout_s"])
            waited = wait_for_pods(
                api,
                args["namespace"],
                args["selector"],
                count=args["count"],
                done=_has_ended(container) if container else is_ready,
                timeout_s=args["timeout_s"],
                schedule_timeout_s=args["schedule_timeout_s"],
            )
        except KubernetesError as error:
            raise AnsibleActionFail(str(error)) from error
        return {
            "changed": False,
            "requests": api.requests,
            **waited,
            "pods": [_describe(pod, container) for pod in waited["pods"]],
            "starts": [start_of(pod, waited["faults"]) for pod in waited["pods"] if not container],
            **_failure(waited, args),
        }


def _has_ended(container: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda pod: exit_status(pod, container) is not None


def _describe(pod: Mapping[str, Any], container: str) -> dict[str, Any]:
    ended = {}
    if container:
        states = {one["name"]: one["state"] for one in pod.get("status", {}).get("containerStatuses") or []}
        terminated = states.get(container, {}).get("terminated") or {}
        ended = {
            "index": int(pod["metadata"].get("annotations", {}).get("batch.kubernetes.io/job-completion-index", 0)),
            "exit_status": terminated.get("exitCode"),
            "started_at": terminated.get("startedAt") or states.get(container, {}).get("running", {}).get("startedAt"),
            "finished_at": terminated.get("finishedAt"),
        }
    return {**pod_evidence(pod), **ended}


def _failure(waited: Mapping[str, Any], args: Mapping[str, Any]) -> dict[str, Any]:
    """Return what makes the task fail: a fault, or pods that are not ready in time; a load may be late."""
    if waited["faults"]:
        return {"failed": True, "msg": " ".join(dict.fromkeys(fault["sentence"] for fault in waited["faults"]))}
    if waited["timed_out"] and not args["container_ended"]:
        ready = sum(is_ready(pod) for pod in waited["pods"])
        return {
            "failed": True,
            "msg": f"Of {args['count']} pods with {args['selector']} {ready} were ready after {args['timeout_s']:g} s.",
        }
    return {}
