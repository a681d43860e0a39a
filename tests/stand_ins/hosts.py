# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Hosts for tests and benchmarks: containers on this machine, each reached over SSH and in no other way.

A fresh host boots systemd and has nothing but SSH and Python. A stand-in host has an engine that answers at once and
runs nothing (`host/`). Keys are made for the run, and the hosts' own are known beforehand.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = ROOT / "tests" / "stand_ins" / "host"
RECORDED = ROOT / "tests" / "data" / "stress-logs"
TRUSTED = Path("/etc/ssl/certs/ca-certificates.crt")
START_TIMEOUT_S = 30
# What the roles would install on a Debian host, beside what they name themselves: xz and zstd unpack Kata's releases.
PACKAGES = ["xz-utils", "zstd"]
PACKAGE_LISTS = {"host": "__host_packages_of_system", "docker": "__docker_libraries"}
# A campaign on stand-in hosts: the size that the recorded loads have, and nothing to wait for.
NO_LOAD = {
    "images_source": "pull",
    "bench_arms": ["runc"],
    "bench_profile": "no-load",
    "bench_profiles": {"no-load": {"replicates": 1, "operations": 20000, "threads": 50, "attribution": False}},
    "bench_quiet": {"cpu_busy_share": None, "steal_share": None, "clock_synchronised": None},
    "bench_quiet_timeout_s": 0,
    "scylla_settle_timeout_s": 0,
    "host_sysctls": {},
}
# A host of molecule's (molecule/shared/tasks/host.yml), started by hand.
FRESH_OPTIONS = [
    *("--cap-add", "ALL", "--cap-drop", "SYS_RESOURCE"),
    *("--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"),
    *("--device-cgroup-rule", "a *:* rwm", "--cgroupns", "private", "--tmpfs", "/run", "--tmpfs", "/tmp"),  # noqa: S108  # a file system in a container
]


def run(*command: str | Path, text: str | None = None) -> str:
    """Run a command and return what it prints; what it says of a failure is in the exception."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {done.returncode}: {done.stderr or done.stdout}")
    return done.stdout.strip()


@dataclass(frozen=True)
class Host:
    """A host: its name, its address, its container, and its public key."""

    name: str
    address: str
    container: str
    key: str


@dataclass(frozen=True)
class Hosts:
    """Hosts that run, and the directory with the key for them and whom to expect behind which address."""

    directory: Path
    hosts: list[Host] = field(default_factory=list)

    @property
    def key(self) -> Path:
        """Return the key that they let in."""
        return self.directory / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        """Return the file with their own keys."""
        return self.directory / "known_hosts"

    def ssh_options(self) -> list[str]:
        """Return the options of ssh with which they are known."""
        known = ["-o", f"UserKnownHostsFile={self.known_hosts}", "-o", "StrictHostKeyChecking=yes"]
        return [*known, "-o", "IdentitiesOnly=yes"]

    def write_inventory(self, name: str = "hosts.yml", *, group: str = "bench", **variables: Any) -> Path:
        """Write an inventory of one group, with these variables for all of them."""
        connection = {
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self.key),
            "ansible_ssh_common_args": " ".join(self.ssh_options()),
        }
        # A later host may have the same address, and must not be reached through this one's connection.
        hosts = {
            host.name: {"ansible_host": host.address, "ansible_control_path": f"%(directory)s/{host.container[:12]}"}
            for host in self.hosts
        }
        path = self.directory / name
        path.write_text(yaml.safe_dump({group: {"hosts": hosts, "vars": {**connection, **variables}}}))
        return path


@functools.cache
def fresh_image() -> str:
    """Build the image of a fresh host, or find it."""
    with tempfile.NamedTemporaryFile("r") as name:
        play = [Path(sys.executable).with_name("ansible-playbook"), ROOT / "molecule" / "shared" / "image.yml"]
        run(*play, "-e", json.dumps({"test_image_name_path": name.name}))
        return Path(name.name).read_text()


@functools.cache
def stand_in_image() -> str:
    """Build the image of a stand-in host, or find it."""
    packages = list(PACKAGES)
    for role, name in PACKAGE_LISTS.items():
        packages += yaml.safe_load((ROOT / "roles" / role / "vars" / "Debian.yml").read_text())[name]
    recipe = [fresh_image(), *packages, (STAND_IN / "Dockerfile").read_text(), (STAND_IN / "serve").read_text()]
    image = f"katabench/stand-in-host:{hashlib.sha256(' '.join(recipe).encode()).hexdigest()[:12]}"
    if not run("docker", "images", "--quiet", image):
        arguments = {"BASE": fresh_image(), "PACKAGES": " ".join(packages)}
        options = [word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")]
        run("env", "DOCKER_BUILDKIT=0", "docker", "build", "--tag", image, *options, STAND_IN)
    return image


@contextlib.contextmanager
def stand_in_hosts(count: int) -> Iterator[Hosts]:
    """Run hosts on which every task returns at once."""
    mounts = {
        STAND_IN / "dockerd.py": "/usr/sbin/dockerd",
        STAND_IN / "docker.py": "/usr/bin/docker",
        STAND_IN / "usercustomize.py": "/usr/lib/python3/dist-packages/usercustomize.py",
        RECORDED: "/usr/local/share/stress-logs",
    }
    options = [word for here, there in mounts.items() for word in ("--volume", f"{here}:{there}:ro")]
    with started("stand-in", count, [*options, stand_in_image(), "/sbin/stand-in-host"]) as hosts:
        yield hosts


@contextlib.contextmanager
def fresh_hosts(count: int) -> Iterator[Hosts]:
    """Run hosts that were just installed: systemd, SSH, Python, and room for an engine."""
    options = [*FRESH_OPTIONS, "--volume", "/var/lib/docker", fresh_image(), "/sbin/test-host-init", "/sbin/init"]
    with started("fresh", count, options) as hosts:
        yield hosts


@contextlib.contextmanager
def started(kind: str, count: int, arguments: list[str]) -> Iterator[Hosts]:
    """Run containers, and remove them."""
    directory = Path(tempfile.mkdtemp(prefix=f"katabench-{kind}-"))
    hosts = Hosts(directory)
    try:
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", hosts.key)
        label = ["--label", f"katabench.test={directory.name}"]
        names = [f"{kind}-{number:02}" for number in range(1, count + 1)]
        containers = [run("docker", "run", "--detach", "--hostname", name, *label, *arguments) for name in names]
        hosts.hosts.extend(introduce(hosts, name, one) for name, one in zip(names, containers, strict=True))
        hosts.known_hosts.write_text("".join(f"{host.address} {host.key}\n" for host in hosts.hosts))
        yield hosts
    finally:
        left = run("docker", "ps", "--all", "--quiet", "--filter", f"label=katabench.test={directory.name}").split()
        if left:
            run("docker", "rm", "--force", "--volumes", *left)
        shutil.rmtree(directory)


def introduce(hosts: Hosts, name: str, container: str) -> Host:
    """Let the run's key into a host, have it trust whom this machine trusts, and ask it for its own key."""
    inside = ["docker", "exec", "--interactive", container, "sh", "-c"]
    run(*inside, "umask 077; mkdir -p /root/.ssh; cat >/root/.ssh/authorized_keys", text=public_key(hosts))
    if TRUSTED.exists():
        run("docker", "cp", TRUSTED, f"{container}:{TRUSTED}")
    address = run("docker", "inspect", "--format", "{{ .NetworkSettings.Networks.bridge.IPAddress }}", container)
    return Host(name, address, container, wait_for_key([*inside, "cat /etc/ssh/ssh_host_ed25519_key.pub"]))


def public_key(hosts: Hosts) -> str:
    """Return the public half of the key that the hosts let in."""
    return hosts.key.with_suffix(".pub").read_text()


def wait_for_key(command: list[str]) -> str:
    """Ask until the host has made its key."""
    until = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            return run(*command)
        except RuntimeError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
