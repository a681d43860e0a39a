# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Roles in a stranger's hands: the playbook in each README, run as it stands there with the installed collection.

The host has just been installed, and is reached over SSH. It has no KVM, so Kata comes from an archive that stands in
for its release (molecule/kata_release): installed, configured and registered as a real one is, but not proven.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from ansible_collections.katabench.scylla.tests.integration.conftest import CLONE, Stranger
from ansible_collections.katabench.scylla.tests.stand_ins.hosts import Hosts, fresh_hosts, run

# What the stranger's own inventory says, beside how the host is reached.
SIZES = {
    "scylla_nodes": 1,
    "scylla_settle_cpu_busy_share": 1,  # other tests run beside this one
    "stress_results_dir": "{{ lookup('ansible.builtin.env', 'PWD') }}/loads",
    "stress_workloads": [{"name": "write", "operation": "write", "operations": 2000, "threads": 10}],
}
SAVE_IMAGE = """\
- name: Save the database's image
  hosts: localhost
  connection: local
  gather_facts: false
  vars: {ansible_python_interpreter: /usr/bin/python3}
  roles:
    - role: katabench.scylla.images
  tasks:
    - name: Save it
      ansible.builtin.command:
        argv: [docker, save, --output, database.tar, "{{ images_facts.database.reference }}"]
        chdir: "{{ playbook_dir }}"
"""


@pytest.fixture(scope="module")
def host() -> Iterator[Hosts]:
    with fresh_hosts(1) as hosts:
        yield hosts


@pytest.fixture(scope="module")
def images(stranger: Stranger) -> dict[str, Any]:
    """Variables that bring the images from an archive: a fresh host has none, and need not build them."""
    (stranger.directory / "save.yml").write_text(SAVE_IMAGE)
    # With what molecule's scenarios share the image was built.
    saved = stranger.run(
        "ansible-playbook", "save.yml", "-e", f"@{CLONE / 'molecule' / 'shared' / 'vars' / 'main.yml'}"
    )
    assert saved.returncode == 0, saved.stdout + saved.stderr
    path = stranger.directory / "database.tar"
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    named = {f"images_{what}_archive": str(path) for what in ("database", "loader")}
    return {"images_source": "archive", **named, **{f"{name}_sha256": sha256 for name in named}}


@pytest.fixture(scope="module")
def kata(stranger: Stranger) -> dict[str, Any]:
    """Variables that bring Kata from an archive that stands in for a release, for a host without KVM."""
    directory = stranger.directory / "releases"
    run(sys.executable, CLONE / "molecule" / "kata_release" / "files" / "stand_in.py", directory)
    name = "kata-static-1.11.4-x86_64.tar.xz"
    return {
        "kata_version": "1.11.4",
        "kata_release_archive": str(directory / name),
        "kata_release_sha256": json.loads((directory / "sha256.json").read_text())[name],
        "kata_hypervisor_path": "",
        "kata_checks": "warn",
        "kata_proof": "never",
    }


def play(stranger: Stranger, host: Hosts, role: str, **variables: Any) -> str:
    """Run the playbook of a role's README, and a second time, which has to change nothing; return what it printed."""
    collection = stranger.directory / "collections" / "ansible_collections" / "katabench" / "scylla"
    text = (collection / "roles" / role / "README.md").read_text()
    (playbook, *_others) = re.findall(r"^```yaml\n(- name: .*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert len(playbook.splitlines()) <= 10
    (stranger.directory / f"{role}.yml").write_text(f"---\n{playbook}")
    (group,) = {one["hosts"] for one in yaml.safe_load(playbook)}
    command = ["ansible-playbook", f"{role}.yml", "-i", host.write_inventory(group=group), "-e", json.dumps(variables)]
    first = stranger.run(*command)
    assert first.returncode == 0, first.stdout + first.stderr
    if role != "stress":  # a second load is a second load
        again = stranger.run(*command)
        assert again.returncode == 0, again.stdout + again.stderr
        assert "changed=0" in again.stdout, again.stdout
    return first.stdout


def ask(host: Hosts, command: str) -> str:
    return run("ssh", "-i", host.key, *host.ssh_options(), f"root@{host.hosts[0].address}", command)


def test_docker(stranger: Stranger, host: Hosts) -> None:
    play(stranger, host, "docker")
    assert json.loads(ask(host, "cat /etc/docker/daemon.json")) == {
        "log-opts": {"max-size": "10m"},
        "runtimes": {"gvisor": {"path": "/usr/bin/runsc", "runtimeArgs": ["--platform=ptrace"]}},
    }
    assert "gvisor" in json.loads(ask(host, "docker info --format '{{ json .Runtimes }}'"))


def test_kata(stranger: Stranger, host: Hosts, kata: dict[str, Any]) -> None:
    play(stranger, host, "kata", **kata)
    assert {"kata", "kata-large"} <= set(json.loads(ask(host, "docker info --format '{{ json .Runtimes }}'")))
    configured = ask(host, "grep -hE '^default_(vcpus|memory) ' /etc/kata-containers/kata-large/configuration.toml")
    assert configured.splitlines() == ["default_vcpus = 4", "default_memory = 4096"]


def test_scylla(stranger: Stranger, host: Hosts, images: dict[str, Any]) -> None:
    play(stranger, host, "scylla", **images, **SIZES)
    assert re.findall(r"^UN ", ask(host, "docker exec katabench-node1 nodetool status"), re.MULTILINE) == ["UN "]


def test_stress(stranger: Stranger, host: Hosts, images: dict[str, Any]) -> None:
    play(stranger, host, "stress", **images, **SIZES)
    printed = (stranger.directory / "loads" / "write" / "stdout").read_text()
    assert re.search(r"^Total partitions +: +2,000 ", printed, re.MULTILINE)
    assert printed.rstrip().endswith("END")
