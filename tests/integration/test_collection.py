# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The collection as a user gets it: built, installed, and run from an empty directory."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from ansible_collections.katabench.scylla.tests.integration.conftest import Stranger

# Everything that a user of the collection has a use for; what else is in a clone is of use in a clone.
SHIPPED = {
    "CHANGELOG.md",
    "FILES.json",
    "LICENSE",
    "MANIFEST.json",
    "README.md",
    "changelogs",
    "docs",
    "inventories",
    "meta",
    "playbooks",
    "plugins",
    "requirements.txt",
    "requirements.yml",
    "roles",
}


@pytest.fixture(scope="module")
def installed(stranger: Stranger) -> Stranger:
    """A stranger with an inventory of one host."""
    (stranger.directory / "hosts.yml").write_text("bench: {hosts: {localhost: {ansible_connection: local}}}\n")
    return stranger


def test_archive_holds_what_a_user_needs_and_nothing_else(archive: Path) -> None:
    with tarfile.open(archive) as built:
        names = built.getnames()
    assert {name.split("/")[0] for name in names} == SHIPPED
    assert [name for name in names if name.startswith("changelogs/") and name != "changelogs/changelog.yaml"] == []
    assert [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".orig", "~"))] == []


@pytest.mark.parametrize("playbook", ["bench", "provision", "campaign", "report", "compare", "teardown"])
def test_playbooks_are_found_by_name(installed: Stranger, playbook: str) -> None:
    done = installed.run("ansible-playbook", f"katabench.scylla.{playbook}", "-i", "hosts.yml", "--syntax-check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""


def test_plan_is_shown_without_touching_the_host(installed: Stranger) -> None:
    unreachable = "bench: {hosts: {far: {ansible_connection: ssh, ansible_host: 192.0.2.1}}}\n"
    (installed.directory / "far.yml").write_text(unreachable)
    done = installed.run("ansible-playbook", "katabench.scylla.bench", "-i", "far.yml", "--tags", "plan")
    assert done.returncode == 0, done.stdout + done.stderr
    for arm in ("runc", "runc-again", "gvisor"):
        assert arm in done.stdout
    assert "unreachable=0" in done.stdout
    assert not (installed.directory / "results").exists()


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("callback", "campaign"),
        ("filter", "cassandra_stress"),
        ("filter", "nodetool_status"),
        ("filter", "bench_summary"),
        ("role", "bench"),
        ("role", "scylla"),
        ("role", "stress"),
    ],
)
def test_documentation_is_found_by_name(installed: Stranger, kind: str, name: str) -> None:
    done = installed.run("ansible-doc", "--type", kind, f"katabench.scylla.{name}")
    assert done.returncode == 0, done.stderr
    assert name in done.stdout
    assert done.stderr == ""
