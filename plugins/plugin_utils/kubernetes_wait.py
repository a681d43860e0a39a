# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Wait for pods: until all of them are where they should be, or something says that they never will."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_pods import pod_faults

Object = Mapping[str, Any]

LOOK_S = 15.0
"""So often events are read while nothing changes for the better."""


class Asked(Protocol):
    """What is asked of plugin_utils.kubernetes_api.Api."""

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """Return what a path answers."""

    def items(self, path: str, **query: str) -> list[dict[str, Any]]:
        """Return the objects of a list."""

    def changes(self, path: str, version: str, seconds: float, **query: str) -> Iterator[dict[str, Any]]:
        """Yield changes since a version."""


def wait_for_pods(
    api: Asked,
    namespace: str,
    selector: str,
    *,
    count: int,
    done: Callable[[Object], bool],
    timeout_s: float,
    schedule_timeout_s: float,
    ends_on_fault: bool = True,
) -> dict[str, Any]:
    """Wait until `count` pods with the labels `selector` are `done`, a fault is found, or the time is over.

    One request lists the pods and one watches them; events are read every LOOK_S seconds. Returns ``{pods, done,
    faults, timed_out, elapsed_s}``, the pods in order of name.
    """
    began_s = time.monotonic()
    path = f"/api/v1/namespaces/{namespace}/pods"
    pods: dict[str, Object] = {}

    def seen(faults: list[dict[str, str]], *, timed_out: bool) -> dict[str, Any]:
        return {
            "pods": [pods[name] for name in sorted(pods)],
            "done": _are_done(pods, count, done),
            "faults": faults,
            "timed_out": timed_out,
            "elapsed_s": round(time.monotonic() - began_s, 3),
        }

    while True:
        listed = api.get(path, labelSelector=selector)
        pods = {pod["metadata"]["name"]: pod for pod in listed["items"]}
        left_s = timeout_s - (time.monotonic() - began_s)
        if not _are_done(pods, count, done) and left_s > 0:
            version = listed["metadata"]["resourceVersion"]
            for change in api.changes(path, version, min(LOOK_S, left_s), labelSelector=selector):
                if change["type"] == "ERROR":  # the version is too old by now
                    break
                _apply(change, pods)
                if _are_done(pods, count, done):
                    break
        if _are_done(pods, count, done):
            return seen([], timed_out=False)
        events = api.items(f"/api/v1/namespaces/{namespace}/events") if ends_on_fault else []
        faults = pod_faults(pods.values(), events, now_s=time.time(), schedule_timeout_s=schedule_timeout_s)
        over = time.monotonic() - began_s >= timeout_s
        if (faults and ends_on_fault) or over:
            return seen(faults, timed_out=over and not faults)


def _are_done(pods: Mapping[str, Object], count: int, done: Callable[[Object], bool]) -> bool:
    return len(pods) >= count and all(done(pod) for pod in pods.values())


def _apply(change: Mapping[str, Any], pods: dict[str, Object]) -> None:
    name = change["object"]["metadata"]["name"]
    if change["type"] == "DELETED":
        pods.pop(name, None)
    else:
        pods[name] = change["object"]
