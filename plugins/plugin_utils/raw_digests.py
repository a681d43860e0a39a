# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Whether the raw files of a campaign are still those that its records were made of."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

# Reading from a disk that is slow gains from more threads than there are processors; beyond this nothing does.
MOST_THREADS = 8
# Below, handing a file to a thread takes longer than to read it.
WORTH_A_THREAD_BYTES = 1_000_000
NAMED_PATHS = 3


class _RawFile(NamedTuple):
    """A raw file as a record names it, its path from the campaign's folder on."""

    path: str
    size: int
    sha256: str


def verify_raw_files(campaign_dir: Path, records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Hold the raw files of a campaign's folder against the digests in its records.

    Files are read in flat memory, large ones in as many threads as there are processors: hashlib works outside the
    interpreter's lock. Returns::

        raw_files  how many the records name
        altered    [path] of those that are another size or have another digest, cannot be read, are named with two
                   digests, or whose path leads out of the campaign's folder (these are not opened)
        lost       [path] of those that are not there
        sentence   what was found
    """
    named = _named_files(records)
    root = campaign_dir.resolve()
    large = [path for path, said in named.items() if max(file.size for file in said) >= WORTH_A_THREAD_BYTES]
    with ThreadPoolExecutor(max_workers=min(MOST_THREADS, os.cpu_count() or 1)) as pool:
        states = dict(zip(large, pool.map(lambda path: _state(root, named[path]), large), strict=True))
    faults: dict[str, list[str]] = {"altered": [], "lost": [], "outside": []}
    for path, said in named.items():
        state = states[path] if path in states else _state(root, said)
        if state:
            faults[state].append(path)
    return {
        "raw_files": len(named),
        "altered": sorted(faults["altered"] + faults["outside"]),
        "lost": faults["lost"],
        "sentence": _sentence(len(named), faults),
    }


def sha256sums_text(records: Iterable[Mapping[str, Any]]) -> str:
    """Return the text of a file SHA256SUMS for ``sha256sum --check`` in the campaign's folder, sorted by path.

    Paths that lead out of the folder are left out. A path with a backslash or a line break is written as sha256sum
    writes it.
    """
    named = _named_files(records)
    files = [file for path in named for file in sorted(named[path]) if not _leads_out(path)]
    return "".join(_sum_line(file) for file in files)


def _named_files(records: Iterable[Mapping[str, Any]]) -> dict[str, set[_RawFile]]:
    """Return what the records say of each path, sorted by path; two records may name one."""
    named: dict[str, set[_RawFile]] = {}
    for record in records:
        for workload in record["workloads"]:
            for raw in (workload["raw"] or {}).values():
                if raw:
                    named.setdefault(raw["path"], set()).add(_RawFile(raw["path"], raw["bytes"], raw["sha256"]))
    return dict(sorted(named.items()))


def _state(root: Path, said: set[_RawFile]) -> str | None:
    """Return what is wrong with a file, None when nothing is."""
    file = next(iter(said))
    try:
        path = (root / file.path).resolve()
        if _leads_out(file.path) or not path.is_relative_to(root):
            return "outside"
        with path.open("rb") as content:
            size = os.fstat(content.fileno()).st_size
            same = len(said) == 1 and size == file.size
            same = same and hashlib.file_digest(content, "sha256").hexdigest() == file.sha256
    except FileNotFoundError:
        return "lost"
    except (OSError, ValueError, RuntimeError):
        # A folder in its place, a name that no file can have, a link that leads to itself (pathlib of Python 3.11).
        return "altered"
    return None if same else "altered"


def _leads_out(path: str) -> bool:
    return PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts


def _sentence(count: int, faults: Mapping[str, list[str]]) -> str:
    parts = [
        *_part(faults["altered"], "was altered", "were altered"),
        *_part(faults["lost"], "is lost", "are lost"),
        *_part(faults["outside"], "is named outside the campaign's folder", "are named outside the campaign's folder"),
    ]
    if parts:
        return f"Of {count:,} raw files {'; '.join(parts)}."
    if not count:
        return "The records name no raw files."
    return f"All {count:,} raw files are as they were when the records were written (SHA-256)."


def _part(paths: list[str], one: str, many: str) -> Iterator[str]:
    if not paths:
        return
    more = f" and {len(paths) - NAMED_PATHS} more" if len(paths) > NAMED_PATHS else ""
    yield f"{len(paths)} {one if len(paths) == 1 else many}: {', '.join(paths[:NAMED_PATHS])}{more}"


def _sum_line(file: _RawFile) -> str:
    escaped = file.path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    mark = "" if escaped == file.path else "\\"
    return f"{mark}{file.sha256}  {escaped}\n"
