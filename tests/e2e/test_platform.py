# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Docker keeps the contract of a platform."""

from __future__ import annotations

import subprocess

import pytest

from ansible_collections.katabench.scylla.tests.platform_contract import NAME, Platform, PlatformContract


def left() -> list[str]:
    """Return the containers, volumes and networks of the cluster."""
    label = f"label=katabench.cluster={NAME}"
    lists = (["ps", "--all"], ["volume", "ls"], ["network", "ls"])
    asked = [["docker", *command, "--quiet", "--filter", label] for command in lists]
    return [
        line
        for command in asked
        for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    ]


class TestDocker(PlatformContract):
    """The contract, on this machine's engine."""

    @pytest.fixture(scope="class")
    def platform(self):
        variables = {
            "scylla_cql_port": 29043,
            "scylla_settle_cpu_busy_share": 1,
            "images_embedded_java_options": ["-XX:TieredStopAtLevel=1"],  # as in molecule/shared
        }
        return Platform(name="docker", variables=variables, reached_by="name", left=left)
