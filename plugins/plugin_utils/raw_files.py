# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What a workload left on disk: its files named and digested, its logs read as streams."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO, cast

from ansible_collections.katabench.scylla.plugins.plugin_utils.hdr_log import read_hdr_log
from ansible_collections.katabench.scylla.plugins.plugin_utils.host_samples import read_host_samples
from ansible_collections.katabench.scylla.plugins.plugin_utils.steady_state import steady_state
from ansible_collections.katabench.scylla.plugins.plugin_utils.stress_log import StressLogError, read_stress_log

STREAMS = ("stdout", "stderr")
# Not every load has these: they are named only where they are.
OPTIONAL_STREAMS = ("hdr", "samples")


def read_raw(campaign_dir: Path, cell_id: str, workload: str, *, rate_mode: str = "closed") -> dict[str, Any]:
    """Read ``cells/<cell_id>/raw/<workload>/{stdout,stderr,hdr,samples}[.gz]`` below a campaign's folder.

    `rate_mode` is how the load's rate was set (closed, fixed or throttle): it says what the HDR log must hold.

    Returns::

        files            per stream ``{path, bytes, sha256}`` of the file as it is stored, or None when there is none;
                         hdr and samples only where they are
        log              what ``read_stress_log`` makes of stdout, or None
        log_error        why there is no log, or None
        steady           what ``steady_state`` makes of the log's interval rows; None without such rows
        hdr              ``{complete, sentence, tags}`` of ``read_hdr_log``; None where there is no hdr
        host_load        what ``read_host_samples`` makes of samples; None where there are none that can be used
        host_load_error  what is wrong with the samples, or None
    """
    folder = campaign_dir / "cells" / cell_id / "raw" / workload
    found = {stream: _stored(folder, stream) for stream in (*STREAMS, *OPTIONAL_STREAMS)}
    log, log_error = _read_log(campaign_dir, found["stdout"])
    steady = steady_state(log["intervals"]) if log and log["intervals"] else None
    host_load, host_load_error = _read_samples(campaign_dir, found["samples"])
    return {
        "files": {
            stream: _describe(campaign_dir, path) if path else None
            for stream, path in found.items()
            if path or stream in STREAMS
        },
        "log": log,
        "log_error": log_error,
        "steady": steady,
        "hdr": _read_hdr(found["hdr"], log, steady, rate_mode) if found["hdr"] else None,
        "host_load": host_load,
        "host_load_error": host_load_error,
    }


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


def _read_hdr(
    path: Path, log: Mapping[str, Any] | None, steady: Mapping[str, Any] | None, rate_mode: str
) -> dict[str, Any]:
    """Read an HDR log and hold it against what the load itself printed."""
    # In a run that steps through thread counts the loader begins its HDR log anew with each step.
    block = len(log["blocks"]) - 1 if log else -1
    rows = [row for row in (log["intervals"] if log else []) if row["type"] == "total" and row["block"] == block]
    total = log["blocks"][block]["total"] if log and log["blocks"] else {}
    found = read_hdr_log(
        path,
        steady_from_s=steady["from_s"] if steady else None,
        first_time_s=rows[0].get("time_s") if rows else None,
        expected_s=rows[-1].get("time_s") if rows else None,
        expected_count=rows[-1].get("total_ops") if rows else total.get("total_partitions"),
        failed_count=total.get("total_errors") or 0,
        is_rate_limited=rate_mode != "closed",
    )
    hdr = {key: found[key] for key in ("complete", "sentence", "tags")}
    if not total:
        without = "The load has no results that the HDR log could be held against."
        hdr |= {"complete": False, "sentence": f"{hdr['sentence']} {without}" if hdr["sentence"] else without}
    return hdr


def _read_samples(campaign_dir: Path, path: Path | None) -> tuple[dict[str, Any] | None, str | None]:
    if path is None:
        return None, None
    faults: list[str] = []
    host_load, sentence = read_host_samples(_lines_until_broken(path, campaign_dir, faults))
    return host_load, " ".join([*faults, *([sentence] if sentence else [])]) or None


def _lines_until_broken(path: Path, campaign_dir: Path, faults: list[str]) -> Iterator[str]:
    try:
        with _open_text(path) as lines:
            yield from lines
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        faults.append(f"{path.relative_to(campaign_dir)} is not a whole gzip file ({error}).")


def _open_text(path: Path) -> TextIO:
    # Bytes that are not UTF-8 occur (a French thousands separator in Latin-1): they must not stop the reader.
    if path.suffix == ".gz":
        return cast(TextIO, gzip.open(path, "rt", encoding="utf-8", errors="replace"))
    return path.open(encoding="utf-8", errors="replace")
