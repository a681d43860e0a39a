# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils import kubernetes_removal
from ansible_collections.katabench.scylla.plugins.plugin_utils.kubernetes_removal import (
    RemovalError,
    remove_namespaces,
    remove_objects,
)

OURS = {"katabench.cluster": "kb"}
MADE_BY_US = {**OURS, "app.kubernetes.io/managed-by": "katabench"}


class Objects:
    """The objects of an API server by (namespace, plural, name), with their labels; some do not go away."""

    def __init__(self, objects, *, staying=()):
        self.objects, self.staying = dict(objects), set(staying)

    def _matching(self, path, query):
        namespace, plural, name = re.fullmatch(
            r"/apis?/(?:[^/]+/)?v1/(?:namespaces/([^/]+)/)?([a-z]+)(?:/([^/]+))?", path
        ).groups()
        label = query.get("labelSelector", "=").split("=")
        field = query.get("fieldSelector", "").removeprefix("metadata.name=")
        return [
            key
            for key, labels in self.objects.items()
            if key[:2] == (namespace or "", plural)
            and (not name or key[2] == name)
            and (not label[0] or labels.get(label[0]) == label[1])
            and (not field or key[2] == field)
        ]

    def items(self, path, **query):
        return [{"metadata": {"name": key[2], "labels": self.objects[key]}} for key in self._matching(path, query)]

    def delete(self, path, _body, **query):
        gone = [key for key in self._matching(path, query) if key not in self.staying]
        for key in gone:
            del self.objects[key]
        return {"items": gone}


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch):
    monkeypatch.setattr(kubernetes_removal, "PAUSE_S", 0)


def cluster(**others):
    return {
        ("bench", "statefulsets", "kb-node"): OURS,
        ("bench", "pods", "kb-node-1"): OURS,
        ("bench", "services", "kb-nodes"): OURS,
        ("bench", "persistentvolumeclaims", "data-kb-node-1"): OURS,
        **others,
    }


def test_what_carries_the_label_goes_and_nothing_else():
    strangers = {
        ("bench", "pods", "stranger"): {},
        ("bench", "pods", "another"): {"katabench.cluster": "other"},
        ("elsewhere", "pods", "kb-node-1"): OURS,
    }
    api = Objects(cluster() | strangers)
    assert remove_objects(api, "bench", "kb", 1) == 4
    assert api.objects == strangers


def test_a_pod_that_stays_is_named():
    api = Objects(cluster(), staying=[("bench", "pods", "kb-node-1")])
    with pytest.raises(RemovalError, match=r"Pod kb-node-1 of bench is still there after 0 s\."):
        remove_objects(api, "bench", "kb", 0)


def test_a_namespace_that_we_made_goes_with_what_kubernetes_put_there():
    api = Objects(cluster() | {
        ("", "namespaces", "bench"): MADE_BY_US,
        ("bench", "configmaps", "kube-root-ca.crt"): {},
        ("", "namespaces", "default"): {},
    })  # fmt: skip
    assert remove_namespaces(api, "kb", 1) == {"removed": 5, "notes": []}
    assert ("", "namespaces", "bench") not in api.objects
    assert ("", "namespaces", "default") in api.objects


def test_a_namespace_with_something_of_somebody_else_stays():
    strangers = {("bench", "configmaps", "notes"): {}, ("bench", "pods", "stranger"): {}}
    api = Objects(cluster() | strangers | {("", "namespaces", "bench"): MADE_BY_US})
    assert remove_namespaces(api, "kb", 1) == {
        "removed": 4,
        "notes": ["The namespace bench stays, for somebody else has something there: Pod stranger, ConfigMap notes."],
    }
    assert api.objects == strangers | {("", "namespaces", "bench"): MADE_BY_US}


def test_a_namespace_that_was_given_to_campaigns_stays_empty():
    api = Objects(cluster() | {("", "namespaces", "bench"): OURS})
    assert remove_namespaces(api, "kb", 1) == {"removed": 4, "notes": []}
    assert api.objects == {("", "namespaces", "bench"): OURS}
