# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Which Kata works with which Docker and which QEMU, and how Docker is told of it.

Docker before 23.0 runs OCI runtimes only; 23.0 finds shims of containerd by name and cannot hand them a configuration;
24.0 can (moby b0eed5ade6). 26.0 makes a container's network after its task (moby/moby#47626), which Kata's Go runtime
follows since 3.29.0 (f7878cc385) and the Rust one since 3.30.0 (19bb8746f8). Kata 4.0.0 takes KATA_CONF_FILE for
shipped configurations only (ab2e7f0c58).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypedDict

from ansible_collections.katabench.scylla.plugins.plugin_utils.kata_release import (
    KataReleaseError,
    Release,
    Version,
    dotted,
    parse_version,
)

_NUMBERS = re.compile(r"\d+(\.\d+){1,2}")
_PROFILE = re.compile(r"[a-z0-9][a-z0-9_-]*")
_WRAPPER_DIR = "/usr/local/bin"

_FIRST_DOCKER_WITH_SHIMS = (23, 0)
_FIRST_DOCKER_WITH_SHIM_OPTIONS = (24, 0)
_FIRST_DOCKER_WITH_LATE_NETWORK = (26, 0)
_FIRST_KATA_WITH_LATE_NETWORK = {"go": (3, 29, 0, 0, 0), "rust": (3, 30, 0, 0, 0)}
_FIRST_KATA_WITH_SHIPPED_CONF_ONLY = (4, 0, 0, 0, 0)
_MULTIDEVS = ((1, 12, 0, -3, 1), (2, 0, 0, -3, 1))  # from, and up to
_FIRST_QEMU_WITH_MULTIDEVS = (4, 2)


class DockerRuntime(TypedDict):
    """How a profile is known to Docker."""

    name: str  # what `docker run --runtime` takes
    daemon_json: dict[str, Any] | None  # the entry of "runtimes" in daemon.json; None where there is to be none
    wrapper: str | None  # path of a shim that sets KATA_CONF_FILE, where Docker finds it by the name


def pairing_faults(release: Release, docker_version: str, vhost_vsock: bool) -> list[str]:
    """Name why this Kata cannot work with this Docker on this host: what was found, and what would work.

    `docker_version` is the engine's own, such as 20.10.24+dfsg1. An empty list is a pair not known to fail.
    """
    kata, docker = parse_version(release["version"]), _docker(docker_version)
    faults = []
    if docker >= _FIRST_DOCKER_WITH_LATE_NETWORK:
        faults += _late_network_faults(release, kata, docker_version)
    if release["line"] == "1.x":
        return faults
    if docker < _FIRST_DOCKER_WITH_SHIMS:
        faults.append(
            f"Docker is {docker_version} and Kata {_name(release)}: Docker before 23.0 cannot run Kata 2 and "
            "later. Take Docker 24.0 or newer, or Kata 1.x."
        )
    elif docker < _FIRST_DOCKER_WITH_SHIM_OPTIONS and kata >= _FIRST_KATA_WITH_SHIPPED_CONF_ONLY:
        faults.append(
            f"Docker is {docker_version} and Kata {_name(release)}: Docker 23 cannot name a configuration, and "
            "Kata 4.0.0 and later take none of ours from KATA_CONF_FILE. Take Docker 24.0 or newer, or Kata 3.x."
        )
    if not vhost_vsock:
        faults.append(
            f"The host has no /dev/vhost-vsock, through which Kata {_name(release)} talks to its virtual machines. "
            "Load the module vhost_vsock (modprobe vhost_vsock), or take Kata 1.x."
        )
    return faults


def docker_runtimes(release: Release, docker_version: str, profiles: Mapping[str, str]) -> dict[str, DockerRuntime]:
    """Say how each profile is registered with Docker; `profiles` is {name: path of its configuration}.

    Where the pair is one that pairing_faults refuses, the answer is the nearest that there is. Raises KataReleaseError
    for a name that Docker does not take.
    """
    docker = _docker(docker_version)
    return {name: _docker_runtime(release, docker, name, path) for name, path in profiles.items()}


def hypervisor_faults(version: str, qemu_version: str) -> list[str]:
    """Name why this Kata cannot drive this QEMU; `qemu_version` is the first line of its `--version`."""
    numbers = _NUMBERS.search(qemu_version)
    first, end = _MULTIDEVS
    if (
        numbers is None
        or not first <= parse_version(version) < end
        or _numbers(numbers[0]) >= _FIRST_QEMU_WITH_MULTIDEVS
    ):
        return []
    return [
        f"The hypervisor is QEMU {numbers[0]} and Kata {version}: since 1.12.0 Kata passes multidevs=remap, which QEMU "
        f"before {dotted(_FIRST_QEMU_WITH_MULTIDEVS)} refuses. Take Kata 1.11.5, a newer QEMU, or remove the option "
        "with kata_hypervisor_wrapper."
    ]


def _name(release: Release) -> str:
    """3.32.0 (Go), as messages name it."""
    return f"{release['version']} ({release['implementation'].capitalize()})"


def _late_network_faults(release: Release, kata: Version, docker_version: str) -> list[str]:
    first = _FIRST_KATA_WITH_LATE_NETWORK[release["implementation"]]
    if kata >= first:
        return []
    return [
        f"Docker is {docker_version} and Kata {_name(release)}: Docker 26.0 and later make a container's network "
        f"after Kata has looked for it, so that it would have none. Take Docker before 26.0, or Kata "
        f"{dotted(first)} or newer ({release['implementation'].capitalize()})."
    ]


def _docker_runtime(release: Release, docker: tuple[int, ...], name: str, config_path: str) -> DockerRuntime:
    if not _PROFILE.fullmatch(name) or name == "runc":
        raise KataReleaseError(
            f"The profile '{name}' cannot be a runtime of Docker: small letters, digits, - and _ are expected, "
            "and runc is taken."
        )
    if release["line"] == "1.x":
        entry = {"path": release["runtime_path"], "runtimeArgs": ["--kata-config", config_path]}
        return {"name": name, "daemon_json": entry, "wrapper": None}
    if docker >= _FIRST_DOCKER_WITH_SHIM_OPTIONS:
        entry = {"runtimeType": release["shim_path"], "options": {"ConfigPath": config_path}}
        return {"name": name, "daemon_json": entry, "wrapper": None}
    return {
        "name": f"io.containerd.{name}.v2",
        "daemon_json": None,
        "wrapper": f"{_WRAPPER_DIR}/containerd-shim-{name}-v2",
    }


def _docker(text: str) -> tuple[int, ...]:
    numbers = _NUMBERS.match(text)
    if numbers is None:
        raise KataReleaseError(f"'{text}' is no version of Docker; one like 26.1.5 or 20.10.24+dfsg1 is expected.")
    return _numbers(numbers[0])


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split("."))
