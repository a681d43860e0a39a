# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What a version of Kata Containers is called, where its archive is, and where an installation has its parts.

Sources: the release scripts of kata-containers/packaging (1.x: release/kata-deploy-binaries.sh) and of
kata-containers/kata-containers (.github/workflows/release.yaml, later tools/packaging/release/release.sh), and the
Makefiles of the runtimes, each read at the tags that are named below.
"""

from __future__ import annotations

import re
from typing import TypedDict

# The numbers of a version, and of what comes before its release: 1.12.0-rc0 is (1, 12, 0, -1, 0).
Version = tuple[int, int, int, int, int]
_BEFORE_RELEASE = {"alpha": -3, "beta": -2, "rc": -1}

METHODS = ("developer_guide", "release")
IMPLEMENTATIONS = ("go", "rust")

_FORM = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-(alpha|beta|rc)(\d+))?")
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "s390x": "s390x", "ppc64le": "ppc64le"}
_ALIASES = {"amd64": "x86_64", "arm64": "aarch64"}

# Lines that have ended, by their last tag; a version beyond it does not exist.
_LAST_OF_LINE = {0: (0, 3, 0, 0, 0), 1: (1, 13, 0, -3, 0), 2: (2, 5, 2, 0, 0)}
_FIRST_RELEASED = (1, 2, 0, 0, 0)
_FIRST_TABLE_FILE_PER_HYPERVISOR = (1, 5, 0, 0, 0)  # configuration-qemu.toml beside configuration.toml
_FIRST_IN_ONE_REPOSITORY = (2, 0, 0, -3, 1)
_FIRST_GO_DROPINS = (2, 5, 0, 0, 0)
_FIRST_DEBIAN_ARCHITECTURES = (3, 2, 0, -3, 1)  # amd64 instead of x86_64, and others beside it
_FIRST_PPC64LE = (3, 3, 0, 0, 0)
_FIRST_RUST_QEMU = (3, 3, 0, 0, 0)  # runtime-rs before knew Dragonball only
_FIRST_RUST_FILE_SUFFIX = (3, 4, 0, 0, 0)  # configuration-qemu-runtime-rs.toml
_FIRST_ZSTD = (3, 21, 0, 0, 0)
_FIRST_RUST_DEFAULT = (4, 0, 0, 0, 0)
_FIRST_SPLIT = (4, 1, 0, 0, 0)  # Go's part is an archive of its own

_UPSTREAM = "https://github.com/kata-containers"
_PREFIX = "/opt/kata"


class Release(TypedDict):
    """A version as it is installed by one of the methods; paths are absolute, None is what there is not."""

    version: str
    line: str  # "1.x": one OCI runtime, a proxy and a shim; "2+": a shim of containerd
    implementation: str  # "go" or "rust"
    archive: str | None  # name of the release's archive
    base_url: str | None  # directory of the archive
    dropins: bool  # reads config.d/*.toml beside its configuration
    runtime_path: str | None
    shim_path: str | None
    vendor_config_path: str
    hypervisor_table: str  # the table [hypervisor.X] of the configuration
    env_command: list[str] | None  # prints what the runtime sees of its host, as JSON


class KataReleaseError(ValueError):
    """A version, method, architecture or implementation that there is not; the message says what there is."""


def parse_version(text: str) -> Version:
    """Read a version like 1.11.5, 1.12.0-rc0 or 3.0.0-alpha1, so that versions can be compared."""
    read = _FORM.fullmatch(text)
    if not read:
        raise KataReleaseError(
            f"'{text}' is no version of Kata: three numbers are expected, as in 1.11.5, 1.12.0-rc0 or 3.32.0."
        )
    major, minor, patch, stage, number = read.groups(default="0")
    version = (int(major), int(minor), int(patch), _BEFORE_RELEASE.get(stage, 0), int(number))
    last = _LAST_OF_LINE.get(version[0])
    if last is not None and version > last:
        raise KataReleaseError(
            f"There is no Kata {text}: the line {major}.x ended before it. "
            "Its last versions are 0.3.0, 1.12.1 and 2.5.2; newer are 3.0.0 to 3.32.0 and 4.0.0 on."
        )
    return version


def dotted(version: tuple[int, ...]) -> str:
    """Write the numbers of a version that was released, as in 3.32.0."""
    return ".".join(str(number) for number in version[:3])


def describe(text: str, method: str, architecture: str, implementation: str = "") -> Release:
    """Say what the version `text` is made of when `method` installs it on a host of that architecture.

    `architecture` is what `uname -m` says, or its name in Debian. An empty `implementation` is the version's own
    default: rust from 4.0.0 on, go before. Raises KataReleaseError.
    """
    version = parse_version(text)
    if method not in METHODS:
        raise KataReleaseError(f"'{method}' is no way to install Kata; there are {' and '.join(METHODS)}.")
    machine = _ALIASES.get(architecture, architecture)
    if machine not in _ARCHITECTURES:
        raise KataReleaseError(
            f"The host is of the architecture '{architecture}'; Kata is made for {', '.join(_ARCHITECTURES)}."
        )
    chosen = _choose_implementation(text, version, implementation)
    if method == "developer_guide":
        return _from_developer_guide(text, version)
    if version < _FIRST_RELEASED:
        raise KataReleaseError(
            f"Kata {text} was never released as an archive, the first was {dotted(_FIRST_RELEASED)}: "
            "choose a newer kata_version, or kata_install_method: developer_guide."
        )
    return _from_archive(text, version, machine, chosen)


def _choose_implementation(text: str, version: Version, wanted: str) -> str:
    if wanted not in ("", *IMPLEMENTATIONS):
        raise KataReleaseError(
            f"'{wanted}' is no implementation of Kata's runtime; there are {' and '.join(IMPLEMENTATIONS)}, "
            "or an empty text for the version's own default."
        )
    if wanted == "rust" and version < _FIRST_RUST_QEMU:
        raise KataReleaseError(
            f"The Rust runtime of Kata {text} cannot drive QEMU, or is not there at all: "
            f"it can from {dotted(_FIRST_RUST_QEMU)} on. Choose a newer kata_version, or kata_implementation: go."
        )
    return wanted or ("rust" if version >= _FIRST_RUST_DEFAULT else "go")


def _from_developer_guide(text: str, version: Version) -> Release:
    if version >= _FIRST_IN_ONE_REPOSITORY:
        raise KataReleaseError(
            f"The developer guide's way builds Kata 1.x, and kata_version is {text}: choose "
            "kata_install_method: release, or a version such as 1.11.5."
        )
    return {
        "version": text,
        "line": "1.x",
        "implementation": "go",
        "archive": None,
        "base_url": None,
        "dropins": False,
        "runtime_path": "/usr/local/bin/kata-runtime",
        "shim_path": None,
        "vendor_config_path": "/usr/share/defaults/kata-containers/configuration.toml",
        "hypervisor_table": "qemu",
        "env_command": ["/usr/local/bin/kata-runtime", "kata-env", "--json"],
    }


def _from_archive(text: str, version: Version, machine: str, implementation: str) -> Release:
    unified = version >= _FIRST_IN_ONE_REPOSITORY
    go = implementation == "go"
    shim_dir = "bin" if go else "runtime-rs/bin"
    repository = "kata-containers" if unified else "runtime"
    return {
        "version": text,
        "line": "2+" if unified else "1.x",
        "implementation": implementation,
        "archive": _archive_name(text, version, machine, implementation),
        "base_url": f"{_UPSTREAM}/{repository}/releases/download/{text}",
        "dropins": version >= _FIRST_GO_DROPINS,  # of Rust: from its first version on
        # kata-runtime reads the Go runtime's configuration only.
        "runtime_path": f"{_PREFIX}/bin/kata-runtime" if go else None,
        "shim_path": f"{_PREFIX}/{shim_dir}/containerd-shim-kata-v2" if unified else None,
        "vendor_config_path": f"{_PREFIX}/share/defaults/kata-containers/{_vendor_config(version, implementation)}",
        "hypervisor_table": "qemu",
        "env_command": [f"{_PREFIX}/bin/kata-runtime", "kata-env", "--json"] if go else None,
    }


def _archive_name(text: str, version: Version, machine: str, implementation: str) -> str:
    if version < _FIRST_DEBIAN_ARCHITECTURES:
        there = ["x86_64"]
    elif version < _FIRST_PPC64LE:
        there = ["x86_64", "aarch64", "s390x"]
    else:
        there = list(_ARCHITECTURES)
    if machine not in there:
        raise KataReleaseError(
            f"There is no archive of Kata {text} for {machine}, only for {', '.join(there)}: "
            f"{dotted(_FIRST_PPC64LE)} is the first version with one for every architecture."
        )
    architecture = machine if version < _FIRST_DEBIAN_ARCHITECTURES else _ARCHITECTURES[machine]
    part = "kata-go-static" if version >= _FIRST_SPLIT and implementation == "go" else "kata-static"
    return f"{part}-{text}-{architecture}.tar.{'zst' if version >= _FIRST_ZSTD else 'xz'}"


def _vendor_config(version: Version, implementation: str) -> str:
    """Name the real file: configuration.toml beside it is a link, and may name another hypervisor or dangle (4.1)."""
    if implementation == "rust":
        suffix = "-runtime-rs" if version >= _FIRST_RUST_FILE_SUFFIX else ""
        return f"runtime-rs/configuration-qemu{suffix}.toml"
    return "configuration-qemu.toml" if version >= _FIRST_TABLE_FILE_PER_HYPERVISOR else "configuration.toml"
