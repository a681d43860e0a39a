# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""A campaign's result in Markdown, for a paste into an issue or a README: question, verdict, a table per cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.wording import P99, arm_label

HEADINGS = ("workload", "arm", "op/s", "p99 ms", "compared", "ratio", "95 % interval", "change", "n", "verdict")
WORDS = ("workload", "arm", "compared", "verdict")


def markdown_text(summary: Mapping[str, Any]) -> str:
    """Return question, verdict and A/A control of a summary and a table of each cluster's rows as Markdown.

    The percentile of a load at a rate is that of all its blocks in one histogram; of a closed loop it is the median of
    what the replicates printed.
    """
    parts = [f"**{_plain(summary['question'])}**", _plain(summary["verdict"]), _plain(summary["aa"])]
    for cluster in summary["clusters"]:
        parts.append(f"{_plain(cluster['cluster'])}: {_plain(cluster['host'])}")
        parts.append(_table(cluster["rows"], summary["baseline"]))
    cells = summary["cells"]
    parts.append(
        f"{cells['valid']} of {cells['planned']} cells count. Campaign {_plain(summary['run_id'])}, "
        f"{_plain(summary['engine'] or 'unknown engine')}."
    )
    return "\n\n".join(parts) + "\n"


def _table(rows: Sequence[Mapping[str, Any]], baseline: str) -> str:
    rules = [":--" if heading in WORDS else "--:" for heading in HEADINGS]
    cells = [HEADINGS, rules, *([_plain(cell) for cell in _cells(row, baseline)] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def _cells(row: Mapping[str, Any], baseline: str) -> list[str]:
    target = row["target_ops_per_s"]
    missed = f", missed in {row['targets_missed']} of {row['replicates_valid']}" if row["targets_missed"] else ""
    rate = _number(row["op_rate"], 0) + (f" of {target:,.0f}{missed}" if target else "")
    low, high = row["ratio_low"], row["ratio_high"]
    return [
        row["workload"],
        arm_label(row),
        rate,
        _number(_p99_ms(row), 1),
        "" if row["ratio"] is None else "p99" if row["figure"] == P99 else "op/s",
        _number(row["ratio"], 3),
        "" if low is None or high is None else f"{low:.3f} to {high:.3f}",
        "" if row["change_percent"] is None else f"{row['change_percent']:+.1f} %",
        str(row["blocks"]) if row["ratio"] is not None else "",
        _verdict(row, baseline),
    ]


def _verdict(row: Mapping[str, Any], baseline: str) -> str:
    if not row["valid"]:
        return str(row["sentence"])
    return "baseline" if row["arm"] == baseline else str(row["verdict"] or "no interval")


def _p99_ms(row: Mapping[str, Any]) -> float | None:
    merged = row["hdr"]["percentiles"]["99"] if row["hdr"] else None
    value = merged if row["figure"] == P99 else row["latency_p99_ms"]
    return None if value is None else float(value)


def _number(value: float | None, decimals: int) -> str:
    return "" if value is None else f"{value:,.{decimals}f}"


def _plain(text: str) -> str:
    """Keep what comes from settings and hosts from being read as Markdown or HTML, and in one line."""
    escaped = "".join(f"\\{character}" if character in "\\`*_[]|<>#~" else character for character in text)
    return " ".join(escaped.split())
