# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The programs of Kubernetes, and CoreDNS, compiled from their Go modules and kept: there are no packages of them.

Each go.mod below `go/` names the versions, the go.sum beside it what they must be.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..stand_ins.hosts import run

SOURCES = Path(__file__).resolve().parent / "go"
CACHE = Path.home() / ".cache" / "katabench" / "kubernetes"
# What is compiled in each module; `tool` stands for all that its go.mod lists as tools.
PACKAGES = {"kubernetes": "tool", "coredns": "."}
VERSION_PACKAGE = "k8s.io/component-base/version"


def version() -> str:
    """Return the version of Kubernetes that the programs have."""
    path = SOURCES / "kubernetes" / "go.mod"
    found = re.search(r"^\s*(?:require )?k8s\.io/kubernetes (v\S+)$", path.read_text(), re.MULTILINE)
    if not found:
        raise ValueError(f"{path} names no version of k8s.io/kubernetes")
    return found[1]


def programs() -> Path:
    """Return the directory with the programs; they are compiled when they are not there yet, which takes minutes."""
    with locked(CACHE):
        made = CACHE / cache_key()
        if not made.exists():
            with tempfile.TemporaryDirectory(dir=CACHE) as directory:
                unfinished = Path(directory) / "programs"
                build(unfinished)
                unfinished.rename(made)
    return made


@contextlib.contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Let nobody else into a directory: two who find nothing there would both compile."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def cache_key() -> str:
    """Return a name for what these sources become with this compiler."""
    compiler = run("go", "-C", SOURCES / "kubernetes", "env", "GOVERSION")
    sources = [path.read_bytes() for path in sorted(SOURCES.rglob("*")) if path.is_file()]
    content = b"\0".join([*sources, " ".join(build_options()).encode()])
    return f"{version()}-{compiler}-{hashlib.sha256(content).hexdigest()[:12]}"


def build_options() -> list[str]:
    """Return what makes the programs small, the same wherever they are compiled, and tell their version."""
    major, minor, _patch = version().removeprefix("v").split(".")
    told = {"gitVersion": version(), "gitMajor": major, "gitMinor": minor}
    flags = ["-s", "-w", *(f"-X {VERSION_PACKAGE}.{name}={value}" for name, value in told.items())]
    return ["-trimpath", "-ldflags", " ".join(flags)]


def build(directory: Path) -> None:
    """Compile the programs into a directory."""
    directory.mkdir()
    for module, packages in PACKAGES.items():
        go = ["env", "CGO_ENABLED=0", "go", "-C", str(SOURCES / module), "build"]
        run(*go, *build_options(), "-o", f"{directory}/", packages)
