# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_pods import is_ready
from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_wait import wait_for_pods


def pod(name, *, ready=False, waiting=None):
    state = {"waiting": waiting} if waiting else {"running": {}}
    return {
        "metadata": {"name": name},
        "status": {
            "phase": "Pending" if waiting else "Running",
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [{"name": "database", "image": "database:1", "state": state}],
        },
    }


class Pods:
    """An API server: a list of pods for each time that it is asked, and the changes that follow that."""

    def __init__(self, *passes):
        self.passes, self.asked = list(passes), []

    def get(self, path, **_query):
        self.asked.append(f"list {path}")
        self.listed = self.passes.pop(0) if len(self.passes) > 1 else self.passes[0]
        return {"metadata": {"resourceVersion": "7"}, "items": self.listed[0]}

    def changes(self, _path, version, _seconds, **_query):
        self.asked.append(f"watch from {version}")
        yield from self.listed[1]

    def items(self, path, **_query):
        self.asked.append(f"list {path}")
        return []


def wait(api, count, timeout_s=60):
    return wait_for_pods(
        api,
        "bench",
        "katabench.role=node",
        count=count,
        done=is_ready,
        timeout_s=timeout_s,
        schedule_timeout_s=math.inf,
    )


def names(waited):
    return [one["metadata"]["name"] for one in waited["pods"]]


def test_pods_that_are_there_cost_one_request():
    api = Pods(([pod("a", ready=True)], []))
    waited = wait(api, 1)
    assert (waited["done"], waited["faults"], waited["timed_out"], names(waited)) == (True, [], False, ["a"])
    assert api.asked == ["list /api/v1/namespaces/bench/pods"]


def test_what_changes_is_watched_from_the_version_that_was_listed():
    api = Pods((
        [pod("b")],
        [
            {"type": "ADDED", "object": pod("a", ready=True)},
            {"type": "MODIFIED", "object": pod("b", ready=True)},
            {"type": "DELETED", "object": pod("a")},  # after the end: not looked at any more
        ],
    ))  # fmt: skip
    waited = wait(api, 2)
    assert (waited["done"], names(waited)) == (True, ["a", "b"])
    assert api.asked == ["list /api/v1/namespaces/bench/pods", "watch from 7"]


def test_a_version_that_is_too_old_is_listed_anew():
    gone = {"type": "ERROR", "object": {"kind": "Status", "code": 410}}
    api = Pods(([pod("a")], [gone]), ([pod("a", ready=True)], []))
    assert wait(api, 1)["done"]


def test_a_fault_ends_the_waiting():
    waiting = {"reason": "ErrImageNeverPull", "message": "Container image is not present with pull policy of Never"}
    waited = wait(Pods(([pod("a", waiting=waiting)], [])), 1)
    assert not waited["done"]
    assert [fault["class"] for fault in waited["faults"]] == ["provisioning"]
    assert "has no image database:1 (ErrImageNeverPull)" in waited["faults"][0]["sentence"]


def test_time_ends_it_too():
    waited = wait(Pods(([pod("a")], [])), 1, timeout_s=0)
    assert (waited["done"], waited["timed_out"], waited["faults"]) == (False, True, [])
