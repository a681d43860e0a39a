# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Latencies of a row: each block's 99th percentile, and one histogram over all blocks, never an average."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.histograms import HistogramError
from ansible_collections.katabench.scylla.plugins.plugin_utils.latency import (
    PERCENTILES,
    merge_latencies,
    percentile_ms,
    response_tags,
)

Hdr = Mapping[str, Any]

COMPARED_PERCENTILE = "99"


def block_p99_ms(hdr: Hdr | None, rate_mode: str) -> float | None:
    """Return the 99th percentile (ms) of the steady part of one run, whose `hdr` in its record is given.

    None without a whole histogram, or where its count does not support the percentile.
    """
    tag = _tag([hdr], rate_mode)
    if hdr is None or tag is None or not hdr["complete"]:
        return None
    found = hdr["tags"][tag]
    try:
        p99_ms: float | None = percentile_ms(found.get("steady_histogram") or found["histogram"], COMPARED_PERCENTILE)
    except HistogramError:
        return None  # The merged histogram of the row says so.
    return p99_ms


def row_latencies(hdrs: Mapping[str, Hdr | None], rate_mode: str) -> dict[str, Any] | None:
    """Merge the steady parts of one arm's runs of one workload, given by cell: a row's `hdr` in summary.json.

    None when no run was asked for histograms. When one of them is missing or not whole, no percentile is told, as it
    would be that of the other runs only; `complete` is False and `sentence` says why.
    """
    if all(hdr is None for hdr in hdrs.values()):
        return None
    tag = _tag(hdrs.values(), rate_mode)
    if tag is None:
        nothing = {"tag": None, "count": 0, "percentiles": dict.fromkeys(PERCENTILES)}
        return _refused(nothing, "The histograms have no service times.")
    merged = dict(merge_latencies(hdrs, tag))
    if not merged["complete"]:
        return _refused(merged, f"The merged histogram is incomplete, so no percentile is told. {merged['sentence']}")
    others = sorted({*_tags(hdrs.values(), rate_mode)} - {tag})
    if others:
        merged["sentence"] = f"These are {tag}; histograms of {', '.join(others)} are kept in the records."
    return merged


def _tag(hdrs: Iterable[Hdr | None], rate_mode: str) -> str | None:
    """Return the tag that a row shows: of several operations that which was done most."""
    counts = _tags(hdrs, rate_mode)
    return max(sorted(counts), key=lambda tag: counts[tag], default=None)


def _tags(hdrs: Iterable[Hdr | None], rate_mode: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for hdr in hdrs:
        for tag, found in (hdr or {}).get("tags", {}).items():
            counts[tag] = counts.get(tag, 0) + found["count"]
    return {tag: counts[tag] for tag in response_tags(counts, rate_mode)}


def _refused(merged: Mapping[str, Any], sentence: str) -> dict[str, Any]:
    return {
        **merged,
        "complete": False,
        "sentence": sentence,
        "percentiles": dict.fromkeys(merged["percentiles"]),
        "curve": [],
        "max_ms": None,
    }
