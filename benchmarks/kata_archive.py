#!/usr/bin/env python3
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""How long a release archive of Kata takes to check and unpack, beside sha256sum and tar alone.

    benchmarks/kata_archive.py [MEGABYTES [ROUNDS]]

Makes an archive of the given compressed size (300), once with xz and once with zstd, of what a release holds: programs,
a kernel, an initrd that is compressed already, and a big image with empty space. The bytes of programs come from this
machine's libraries. Both ways run in turns (5 rounds), so that a drift of the machine's speed meets both; what is
printed are medians and their ratio. The goal is 1.3.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import itertools
import os
import random
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MEGABYTE = 1_000_000
GOAL = 1.3
# What a release is made of, in parts of its size before compression: name, part, and what the bytes are like.
MEMBERS = [
    ("bin/qemu-system-x86_64", 10, "program"),
    ("bin/cloud-hypervisor", 1, "program"),
    ("bin/containerd-shim-kata-v2", 8, "program"),
    ("bin/kata-runtime", 8, "program"),
    ("libexec/virtiofsd", 1, "program"),
    ("share/kata-containers/vmlinux", 6, "program"),
    ("share/kata-containers/vmlinuz", 1, "random"),
    ("share/kata-containers/kata-containers-initrd.img", 8, "random"),
    ("share/kata-containers/kata-containers.img", 25, "program"),
    ("share/kata-containers/kata-containers.img.end", 10, "empty"),
]
SMALL_FILES, SMALL_BYTES = 300, 20_000  # QEMU's firmware and tables
COMPRESSORS = {"xz": ["xz", "-1"], "zstd": ["zstd", "-q"]}


def program_bytes() -> Iterator[bytes]:
    """Give the bytes of this machine's shared libraries, again and again."""
    paths = [path for path in sorted(Path("/usr/lib").rglob("*.so*")) if path.is_file() and not path.is_symlink()]
    for path in itertools.cycle(paths):
        yield path.read_bytes()


def take(source: Iterator[bytes], size: int) -> bytes:
    parts, missing = [], size
    while missing > 0:
        parts.append(next(source)[:missing])
        missing -= len(parts[-1])
    return b"".join(parts)


def write_archive(path: Path, command: list[str], raw_bytes: int) -> None:
    whole = sum(part for _name, part, _kind in MEMBERS)
    programs, generator = program_bytes(), random.Random(2018)
    make = {"program": lambda size: take(programs, size), "random": generator.randbytes, "empty": bytes}
    plain = path.with_suffix(".tar")
    with tarfile.open(plain, "w") as archive:
        for name, part, kind in MEMBERS:
            add(archive, name, make[kind](raw_bytes * part // whole))
        for number in range(SMALL_FILES):
            add(archive, f"share/kata-qemu/qemu/{number}.bin", take(programs, SMALL_BYTES))
    with plain.open("rb") as source, path.open("wb") as target:
        subprocess.run(command, stdin=source, stdout=target, check=True)
    plain.unlink()


def add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(f"./opt/kata/{name}")
    info.size, info.mode = len(content), 0o755
    archive.addfile(info, io.BytesIO(content))


def by_hand(archive: Path, folder: Path) -> None:
    subprocess.run(["sha256sum", archive], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["tar", "--extract", "--file", archive, "--directory", folder], check=True)


def ours(archive: Path, folder: Path, sha256: str) -> None:
    module = importlib.import_module("ansible_collections.katabench.scylla.plugins.module_utils.kata_archive")
    with module.open_verified(str(archive), sha256) as source:
        module.unpack(source, str(folder), os.uname().machine)


def timed_s(folder: Path, run: Callable[[], None]) -> float:
    """Time one unpacking into a fresh folder; what it has written is gone from memory and disk before the next."""
    folder.mkdir()
    started = time.monotonic()
    run()
    elapsed_s = time.monotonic() - started
    shutil.rmtree(folder)
    os.sync()
    return elapsed_s


def compare(folder: Path, compressor: str, megabytes: int, rounds: int) -> str:
    archive, unpacked = folder / f"archive.{compressor}", folder / "unpacked"
    # How much gives an archive of the size asked for, is found with a part of it.
    write_archive(archive, COMPRESSORS[compressor], megabytes * MEGABYTE)
    write_archive(archive, COMPRESSORS[compressor], (megabytes * MEGABYTE) ** 2 // archive.stat().st_size)
    with archive.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    hand_s, ours_s = [], []
    for _ in range(rounds):
        hand_s.append(timed_s(unpacked, lambda: by_hand(archive, unpacked)))
        ours_s.append(timed_s(unpacked, lambda: ours(archive, unpacked, sha256)))
    hand, our = statistics.median(hand_s), statistics.median(ours_s)
    size = archive.stat().st_size / MEGABYTE
    return f"{compressor:4} {size:4.0f} MB  by hand {hand:5.1f} s  ours {our:5.1f} s  ratio {our / hand:.2f}"


def main(megabytes: int, rounds: int) -> None:
    sys.path.insert(0, str(ROOT / ".ansible" / "collections"))
    for compressor in COMPRESSORS:
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            print(compare(Path(folder), compressor, megabytes, rounds), f"(goal: {GOAL})")


if __name__ == "__main__":
    main(*[int(argument) for argument in sys.argv[1:]], *[300, 5][len(sys.argv) - 1 :])
