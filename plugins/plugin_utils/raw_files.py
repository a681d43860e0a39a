# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What a workload left on disk: its files named and digested, its stress log read as a stream."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from pathlib import Path
from typing import Any, TextIO, cast

from ansible_collections.katabench.scylla.plugins.plugin_utils.stress_log import StressLogError, read_stress_log

STREAMS = ("stdout", "stderr")


def read_raw(campaign_dir: Path, cell_id: str, workload: str) -> dict[str, Any]:
    """Read ``cells/<cell_id>/raw/<workload>/{stdout,stderr}[.gz]`` below a campaign's folder.

    Returns ``files`` (per stream ``{path, bytes, sha256}`` of the file as it is stored, or None when there is none),
    ``log`` (what ``read_stress_log`` makes of stdout, or None) and ``log_error`` (why there is no log, or None).
    """
    folder = campaign_dir / "cells" / cell_id / "raw" / workload
    found = {stream: _stored(folder, stream) for stream in STREAMS}
    log, log_error = _read_log(campaign_dir, found["stdout"])
    files = {stream: _describe(campaign_dir, path) if path else None for stream, path in found.items()}
    return {"files": files, "log": log, "log_error": log_error}


def _stored(folder: Path, stream: str) -> Path | None:
    # The plain file first: a compression that was cut short leaves both, and then the plain one is whole.
    candidates = (folder / stream, folder / f"{stream}.gz")
    return next((path for path in candidates if path.is_file()), None)


def _describe(campaign_dir: Path, path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"path": str(path.relative_to(campaign_dir)), "bytes": path.stat().st_size, "sha256": digest}


def _read_log(campaign_dir: Path, path: Path | None) -> tuple[dict[str, Any] | None, str | None]:
    if path is None:
        return None, "the load generator left no stdout"
    try:
        with _open_text(path) as lines:
            return read_stress_log(lines), None
    except StressLogError as error:
        return None, str(error)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        return None, f"{path.relative_to(campaign_dir)} is not a whole gzip file ({error})"


def _open_text(path: Path) -> TextIO:
    # Bytes that are not UTF-8 occur (a French thousands separator in Latin-1): they must not stop the reader.
    if path.suffix == ".gz":
        return cast(TextIO, gzip.open(path, "rt", encoding="utf-8", errors="replace"))
    return path.open(encoding="utf-8", errors="replace")
