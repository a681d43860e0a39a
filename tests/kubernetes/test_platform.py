# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Kubernetes keeps the contract of a platform."""

from __future__ import annotations

import os

import pytest

from ansible_collections.katabench.scylla.tests.platform_contract import NAME, Platform, PlatformContract


class TestKubernetes(PlatformContract):
    """The contract, on the cluster of the tests."""

    @pytest.fixture(scope="class")
    def platform(self, kubernetes, database_image):
        os.environ["PATH"] = f"{kubernetes.kubectl_path.parent}:{os.environ['PATH']}"
        selector = ["--selector", f"katabench.cluster={NAME}", "--output", "name"]
        kinds = "statefulsets,jobs,pods,services,networkpolicies,poddisruptionbudgets,persistentvolumeclaims"
        return Platform(
            name="kubernetes",
            variables={
                "kubernetes_kubeconfig": str(kubernetes.kubeconfig),
                "kubernetes_context": kubernetes.context,
                "kubernetes_namespace": NAME,
                "kubernetes_name": NAME,
                "kubernetes_database_image": database_image,
                "kubernetes_loader_image": database_image,
                "kubernetes_pull_policy": "Never",
            },
            reached_by="address",
            left=lambda: kubernetes.kubectl("get", kinds, "--all-namespaces", *selector).splitlines(),
        )
