# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""A summary as files for machines: JSON of schemas/summary.json, and its rows as CSV, flat."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.json_files import json_text
from ansible_collections.katabench.scylla.plugins.plugin_utils.latency import PERCENTILES
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary import rows_of

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

# jsonschema is imported where it is used: ansible-doc and ansible-test load this file in environments without it.

_SCHEMA_FILE = Path(__file__).parent / "schemas" / "summary.json"

CHECK_KEYS = ("hodges_lehmann", "bootstrap_low", "bootstrap_high", "steady_ratio")
HDR_KEYS = ("tag", "complete", "count", "max_ms")
# What a row holds that is no single value.
NESTED_KEYS = ("check", "unlike", "undeclared", "hdr")


class SummaryError(ValueError):
    """A summary that does not have the form of schemas/summary.json; the text names the place in it."""


def summary_json(summary: Mapping[str, Any]) -> str:
    """Return the text of summary.json; raise SummaryError when the summary lacks the schema's form."""
    from jsonschema.exceptions import best_match

    error = best_match(_validator().iter_errors(summary))
    if error is not None:
        raise SummaryError(f"The summary is none of schema 1: at {error.json_path}, {error.message}.")
    return str(json_text(summary))


def summary_csv(summary: Mapping[str, Any]) -> str:
    """Return the rows of all clusters as CSV with a header; what is not known is empty."""
    rows = [_flat(row) for row in rows_of(summary)]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    check, hdr = row["check"] or {}, row["hdr"] or {}
    percentiles = hdr.get("percentiles") or {}
    return {
        **{key: value for key, value in row.items() if key not in NESTED_KEYS},
        "unlike": "; ".join(row["unlike"]),
        "undeclared": "; ".join(row["undeclared"]),
        **{f"check_{key}": check.get(key) for key in CHECK_KEYS},
        **{f"hdr_{key}": hdr.get(key) for key in HDR_KEYS},
        **{f"hdr_p{percent}_ms": percentiles.get(percent) for percent in PERCENTILES},
    }


@cache
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads(_SCHEMA_FILE.read_text(encoding="utf-8")))
