# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Remove what campaigns made of Kubernetes: what carries our label, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Protocol

from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_objects import LABEL, MANAGED_BY

Object = Mapping[str, Any]

PAUSE_S = 0.5
# In this order: first what would make pods anew.
_KINDS = {
    "StatefulSet": "/apis/apps/v1/namespaces/{}/statefulsets",
    "Job": "/apis/batch/v1/namespaces/{}/jobs",
    "Pod": "/api/v1/namespaces/{}/pods",
    "Service": "/api/v1/namespaces/{}/services",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
    "PodDisruptionBudget": "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
    "PersistentVolumeClaim": "/api/v1/namespaces/{}/persistentvolumeclaims",
}
# What others may have put into a namespace that we made.
_OTHERS = {
    **_KINDS,
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "Secret": "/api/v1/namespaces/{}/secrets",
}
# Kubernetes puts it into every namespace.
_OF_EVERY_NAMESPACE = {("ConfigMap", "kube-root-ca.crt")}


class RemovalError(ValueError):
    """What did not go away, in a sentence."""


class Asked(Protocol):
    """What is asked of plugin_utils.kubernetes_api.Api."""

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """Return what a path answers."""

    def items(self, path: str, **query: str) -> list[dict[str, Any]]:
        """Return the objects of a list."""

    def delete(self, path: str, body: Object, **query: str) -> dict[str, Any]:
        """Delete what a path names."""


def remove_objects(api: Asked, namespace: str, name: str, timeout_s: float) -> int:
    """Remove what carries the label of the cluster `name` in a namespace; return how many objects that were.

    Returns when the last pod and claim are gone. Raises RemovalError when they are not within `timeout_s` seconds.
    """
    selector = f"{LABEL}={name}"
    removed = 0
    for path in _KINDS.values():
        # Pods that go are given a second: their data is not wanted any more.
        answer = api.delete(
            path.format(namespace),
            {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background", "gracePeriodSeconds": 1},
            labelSelector=selector,
        )
        removed += len(answer.get("items") or [])
    deadline_s = time.monotonic() + timeout_s
    for kind in ("Pod", "PersistentVolumeClaim"):
        while left := api.items(_KINDS[kind].format(namespace), labelSelector=selector):
            if time.monotonic() > deadline_s:
                names = ", ".join(one["metadata"]["name"] for one in left)
                raise RemovalError(f"{kind} {names} of {namespace} is still there after {timeout_s:g} s.")
            time.sleep(PAUSE_S)
    return removed


def remove_namespaces(api: Asked, name: str, timeout_s: float) -> dict[str, Any]:
    """Remove all that carries the label of the cluster `name`, in every namespace, and the namespaces that we made.

    A namespace in which somebody else has put something stays, and a note names that. Returns ``{removed, notes}``.
    """
    removed, notes = 0, []
    for namespace in api.items("/api/v1/namespaces", labelSelector=f"{LABEL}={name}"):
        metadata = namespace["metadata"]
        its_name = metadata["name"]
        removed += remove_objects(api, its_name, name, timeout_s)
        if not MANAGED_BY.items() <= metadata["labels"].items():
            continue
        others = _others_in(api, its_name)
        if others:
            notes.append(f"The namespace {its_name} stays, for somebody else has something there: {', '.join(others)}.")
            continue
        api.delete(f"/api/v1/namespaces/{its_name}", {"kind": "DeleteOptions", "apiVersion": "v1"})
        _wait_until_gone(api, its_name, timeout_s)
        removed += 1
    return {"removed": removed, "notes": notes}


def _others_in(api: Asked, namespace: str) -> list[str]:
    return [
        f"{kind} {one['metadata']['name']}"
        for kind, path in _OTHERS.items()
        for one in api.items(path.format(namespace))
        if (kind, one["metadata"]["name"]) not in _OF_EVERY_NAMESPACE
    ]


def _wait_until_gone(api: Asked, namespace: str, timeout_s: float) -> None:
    deadline_s = time.monotonic() + timeout_s
    while api.items("/api/v1/namespaces", fieldSelector=f"metadata.name={namespace}"):
        if time.monotonic() > deadline_s:
            raise RemovalError(f"The namespace {namespace} is still there after {timeout_s:g} s.")
        time.sleep(PAUSE_S)
