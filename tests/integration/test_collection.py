# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The collection as a user gets it: built, installed, and run from an empty directory."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

CLONE = Path(__file__).parents[2]
BIN = Path(sys.executable).parent

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


def run(command: list[str | Path], directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=directory,
        env={
            "ANSIBLE_CALLBACKS_ENABLED": "katabench.scylla.campaign",
            "ANSIBLE_COLLECTIONS_PATH": str(directory / "collections"),
            "HOME": str(directory),
            "LC_ALL": "C.UTF-8",
            "PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("build")
    built = run(["ansible-galaxy", "collection", "build", CLONE, "--output-path", directory], directory)
    assert built.returncode == 0, built.stderr
    return next(directory.glob("katabench-scylla-*.tar.gz"))


@pytest.fixture(scope="module")
def installed(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty directory with nothing but the installed collection and an inventory of one host."""
    directory = tmp_path_factory.mktemp("installed")
    collections = directory / "collections"
    # The collections that it needs come with the Python package `ansible` of requirements.txt.
    install = ["ansible-galaxy", "collection", "install", "--no-deps", "--offline", archive, "-p", collections]
    done = run(install, directory)
    assert done.returncode == 0, done.stderr
    (directory / "hosts.yml").write_text("bench: {hosts: {localhost: {ansible_connection: local}}}\n")
    return directory


def test_archive_holds_what_a_user_needs_and_nothing_else(archive: Path) -> None:
    with tarfile.open(archive) as built:
        names = built.getnames()
    assert {name.split("/")[0] for name in names} == SHIPPED
    assert [name for name in names if name.startswith("changelogs/") and name != "changelogs/changelog.yaml"] == []
    assert [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".orig", "~"))] == []


@pytest.mark.parametrize("playbook", ["bench", "provision", "campaign", "report", "compare", "teardown"])
def test_playbooks_are_found_by_name(installed: Path, playbook: str) -> None:
    done = run(["ansible-playbook", f"katabench.scylla.{playbook}", "-i", "hosts.yml", "--syntax-check"], installed)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""


def test_plan_is_shown_without_touching_the_host(installed: Path) -> None:
    unreachable = "bench: {hosts: {far: {ansible_connection: ssh, ansible_host: 192.0.2.1}}}\n"
    (installed / "far.yml").write_text(unreachable)
    done = run(["ansible-playbook", "katabench.scylla.bench", "-i", "far.yml", "--tags", "plan"], installed)
    assert done.returncode == 0, done.stdout + done.stderr
    for arm in ("runc", "runc-again", "gvisor"):
        assert arm in done.stdout
    assert "unreachable=0" in done.stdout
    assert not (installed / "results").exists()


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
def test_documentation_is_found_by_name(installed: Path, kind: str, name: str) -> None:
    done = run(["ansible-doc", "--type", kind, f"katabench.scylla.{name}"], installed)
    assert done.returncode == 0, done.stderr
    assert name in done.stdout
    assert done.stderr == ""
