# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The record of a cell on disk: its form is schemas/record.json, kept on write and on read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.json_files import write_json

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

# jsonschema is imported where it is used: ansible-doc and ansible-test load this file in environments without it.

SCHEMA = 1
_SCHEMA_FILE = Path(__file__).parent / "schemas" / "record.json"


class RecordError(ValueError):
    """A record that does not have the form of schemas/record.json; the text names the file and the place in it."""


def check_record(record: Any, source: str) -> None:
    """Raise RecordError, beginning with ``source`` and naming the place, unless a record has the schema's form."""
    from jsonschema.exceptions import best_match

    error = best_match(_validator().iter_errors(record))
    if error is not None:
        raise RecordError(f"{source} is no record of schema {SCHEMA}: at {error.json_path}, {error.message}.")


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Write a record whole or not at all; raise RecordError, and write nothing, when it lacks the schema's form."""
    check_record(record, str(path))
    write_json(path, record)


def read_record(path: Path) -> dict[str, Any]:
    """Read a record; raise RecordError when it is not JSON, of another schema version, or lacks the schema's form."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RecordError(f"{path} is not JSON ({error}).") from error
    version = record.get("schema") if isinstance(record, dict) else None
    if isinstance(version, int) and version != SCHEMA:
        raise RecordError(
            f"{path} has record schema {version}; this version of the collection reads schema {SCHEMA}. "
            "Use the version of the collection that wrote it (see its key 'versions')."
        )
    check_record(record, str(path))
    return dict(record)


def headline(record: Mapping[str, Any]) -> str | None:
    """Return in a sentence why a cell does not count, or None when it does."""
    failures = record["validity"]["failures"]
    if not failures:
        return None
    more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    return f"{failures[0]['sentence']}{more}"


def workload_figures(workload: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``{name, op_rate, latency_mean_ms, latency_p99_ms, valid}`` of a recorded workload.

    The figures (operations per second, milliseconds) are None unless the log holds exactly one block: of a run that
    steps through thread counts no block is the result.
    """
    blocks = workload["result"]["blocks"] if workload["result"] else []
    total = blocks[0]["total"] if len(blocks) == 1 else {}
    return {
        "name": workload["name"],
        **{key: total.get(key) for key in ("op_rate", "latency_mean_ms", "latency_p99_ms")},
        "valid": workload["validity"]["valid"],
    }


@cache
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads(_SCHEMA_FILE.read_text(encoding="utf-8")))
