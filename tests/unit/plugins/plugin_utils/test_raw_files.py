# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.raw_files import read_raw

LOGS = Path(__file__).parents[3] / "data" / "stress-logs"
CELL = "db1/block-01/runc"


@pytest.fixture
def raw(tmp_path):
    folder = tmp_path / "cells" / CELL / "raw" / "write"
    folder.mkdir(parents=True)
    return folder


def test_files_are_named_from_the_campaign_on_and_digested(tmp_path, raw):
    (raw / "stdout").write_bytes((LOGS / "write" / "stdout").read_bytes())
    (raw / "stderr").write_bytes(b"")
    found = read_raw(tmp_path, CELL, "write")
    stdout = (LOGS / "write" / "stdout").read_bytes()
    assert found["files"] == {
        "stdout": {
            "path": "cells/db1/block-01/runc/raw/write/stdout",
            "bytes": len(stdout),
            "sha256": hashlib.sha256(stdout).hexdigest(),
        },
        "stderr": {
            "path": "cells/db1/block-01/runc/raw/write/stderr",
            "bytes": 0,
            # What sha256sum prints for an empty file.
            "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        },
    }
    assert found["log"]["blocks"][0]["total"]["op_rate"] == 1453
    assert found["log_error"] is None


def test_a_compressed_log_is_read_and_digested_as_it_is_stored(tmp_path, raw):
    stored = gzip.compress((LOGS / "write" / "stdout").read_bytes())
    (raw / "stdout.gz").write_bytes(stored)
    found = read_raw(tmp_path, CELL, "write")
    assert found["log"]["blocks"][0]["total"]["latency_p99_ms"] == 231.7
    assert found["files"]["stdout"]["path"].endswith("/stdout.gz")
    assert found["files"]["stdout"]["sha256"] == hashlib.sha256(stored).hexdigest()


@pytest.mark.parametrize("stored", [gzip.compress(b"x" * 99999)[:-9], b"no gzip at all"])
def test_a_broken_compressed_log_is_an_error_in_a_sentence(tmp_path, raw, stored):
    (raw / "stdout.gz").write_bytes(stored)
    found = read_raw(tmp_path, CELL, "write")
    assert found["log"] is None
    assert found["log_error"].startswith("cells/db1/block-01/runc/raw/write/stdout.gz is not a whole gzip file (")


def test_beside_a_plain_log_a_half_compressed_one_does_not_count(tmp_path, raw):
    (raw / "stdout").write_bytes((LOGS / "write" / "stdout").read_bytes())
    (raw / "stdout.gz").write_bytes(b"\x1f\x8b")
    assert read_raw(tmp_path, CELL, "write")["log"]["outcome"] == "results"


def test_bytes_that_are_no_utf8_do_not_stop_the_reader(tmp_path, raw):
    (raw / "stdout").write_bytes(b"\xff\xa0\n" + (LOGS / "write" / "stdout").read_bytes())
    assert read_raw(tmp_path, CELL, "write")["log"]["outcome"] == "results"


def test_without_stdout_there_is_no_log_and_it_is_said(tmp_path):
    found = read_raw(tmp_path, CELL, "write")
    assert found["files"] == {"stdout": None, "stderr": None}
    assert found["log"] is None
    assert found["log_error"] == "the load generator left no stdout"


def test_a_log_that_can_be_read_in_two_ways_is_an_error_with_its_line(tmp_path, raw):
    text = (LOGS / "write" / "stdout").read_text()
    (raw / "stdout").write_text(text.replace("   33.6 ms [WRITE: 33.6 ms]", "   33,6.1 ms [WRITE: 33.6 ms]"))
    found = read_raw(tmp_path, CELL, "write")
    assert found["log"] is None
    assert "line" in found["log_error"]
