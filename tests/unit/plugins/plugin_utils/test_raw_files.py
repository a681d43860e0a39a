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
SAMPLES = (
    b"sampler 1 hz 100 processors 2 throttled -\n"
    b"sample 1.00 0 0 0 0 0 0 0 0 0\nsample 2.00 50 0 0 150 0 0 0 0 500000\nend 0.010 throttled -\n"
)
# A row: its total of operations, its rate, other columns, its time, other columns.
SLOW_START = [(50, 10, 5), (250, 40, 10), *((250 + 580 * row, 116, 10 + 5 * row) for row in range(1, 11))]
REST = ",     376,     376,    22.9,     3.0,   140.1,   216.9,   398.7,   424.1,"
END = ",  0.00000,      0,      0,       0,       0,       0,       0\n"


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


def test_hdr_log_and_samples_are_named_only_where_they_are(tmp_path, raw):
    for stream in ("stdout", "stderr"):
        (raw / stream).write_bytes((LOGS / "fixed-hdr" / stream).read_bytes())
    found = read_raw(tmp_path, CELL, "write")
    assert set(found["files"]) == {"stdout", "stderr"}
    assert (found["hdr"], found["host_load"], found["host_load_error"]) == (None, None, None)
    (raw / "hdr").write_bytes((LOGS / "fixed-hdr" / "fixed.hdr").read_bytes())
    (raw / "samples.gz").write_bytes(gzip.compress(SAMPLES))
    found = read_raw(tmp_path, CELL, "write", rate_mode="fixed")
    assert found["files"]["hdr"]["bytes"] == 15426
    assert found["files"]["samples"]["sha256"] == hashlib.sha256(gzip.compress(SAMPLES)).hexdigest()
    assert found["files"]["samples"]["path"].endswith("/raw/write/samples.gz")
    assert {tag: each["count"] for tag, each in found["hdr"]["tags"].items()} == {
        "WRITE-rt": 6050,
        "WRITE-st": 6050,
        "WRITE-wt": 6050,
    }
    assert (found["hdr"]["complete"], found["hdr"]["sentence"]) == (True, None)
    assert (found["host_load"]["cpu_busy_share"], found["host_load"]["loader_cpu_s"]) == (0.25, 0.5)
    assert found["host_load_error"] is None


@pytest.mark.parametrize(
    ("name", "rate_mode", "complete"),
    [
        ("fixed-hdr/fixed.hdr", "fixed", True),
        ("throttle-hdr/throttle.hdr", "throttle", True),
        ("fixed-overload/over.hdr", "fixed", True),
        ("unlimited-hdr/mixed.hdr", "closed", True),
        ("unlimited-hdr/mixed.hdr", "fixed", False),  # no response times
        ("hdr-thread-dies/fixed.hdr", "fixed", False),  # no rows
    ],
)
def test_an_hdr_log_is_held_against_the_load_that_wrote_it(tmp_path, raw, name, rate_mode, complete):
    (raw / "stdout").write_bytes((LOGS / name).with_name("stdout").read_bytes())
    (raw / "hdr").write_bytes((LOGS / name).read_bytes())
    assert read_raw(tmp_path, CELL, "write", rate_mode=rate_mode)["hdr"]["complete"] is complete


def test_operations_that_failed_may_be_missing_in_the_hdr_log(tmp_path, raw):
    stdout = (LOGS / "fixed-hdr" / "stdout").read_text()
    (raw / "hdr").write_bytes((LOGS / "fixed-hdr" / "fixed.hdr").read_bytes())
    for errors, complete in ((20, True), (19, False)):
        told = stdout.replace("total,          6050,", "total,          6070,")
        (raw / "stdout").write_text(told.replace("          0 [WRITE: 0]", f"         {errors} [WRITE: {errors}]"))
        assert read_raw(tmp_path, CELL, "write", rate_mode="fixed")["hdr"]["complete"] is complete


def test_the_hdr_log_of_another_load_is_not_complete(tmp_path, raw):
    (raw / "stdout").write_bytes((LOGS / "throttle-hdr" / "stdout").read_bytes())
    (raw / "hdr").write_bytes((LOGS / "fixed-hdr" / "fixed.hdr").read_bytes())
    hdr = read_raw(tmp_path, CELL, "write", rate_mode="fixed")["hdr"]
    assert hdr["sentence"] == "The HDR log has 6,050 operations, the load reports 6,055."


def test_without_results_an_hdr_log_cannot_be_complete(tmp_path, raw):
    (raw / "hdr").write_bytes((LOGS / "fixed-hdr" / "fixed.hdr").read_bytes())
    hdr = read_raw(tmp_path, CELL, "write", rate_mode="fixed")["hdr"]
    assert hdr["sentence"] == "The load has no results that the HDR log could be held against."
    assert (hdr["complete"], hdr["tags"]["WRITE-st"]["count"]) == (False, 6050)


def test_the_steady_part_cuts_rows_and_histograms_alike(tmp_path, raw):
    # The load of fixed-hdr as if it had gone on for twelve intervals, of which the first two were slow. Of its four
    # rows the last two, with 2,000 and 158 operations, begin at 10 s or later.
    rows = [f"total,{total:>14},{rate:>8}{REST}{time:>8.1f}{END}" for total, rate, time in SLOW_START]
    lines = (LOGS / "fixed-hdr" / "stdout").read_text().splitlines(keepends=True)
    first = next(number for number, line in enumerate(lines) if line.startswith("total,"))
    (raw / "stdout").write_text("".join([*lines[:first], *rows, *lines[first + 4 :]]))
    (raw / "hdr").write_bytes((LOGS / "fixed-hdr" / "fixed.hdr").read_bytes())
    found = read_raw(tmp_path, CELL, "write", rate_mode="fixed")
    assert (found["steady"]["rule"], found["steady"]["from_s"], found["steady"]["rows_cut"]) == ("MSER-1", 10.0, 2)
    assert found["hdr"]["tags"]["WRITE-st"]["steady_count"] == 2158


def test_what_is_sound_of_samples_that_were_cut_is_used(tmp_path, raw):
    lines = [f"sample {second}.00 {second * 50} 0 0 {second * 150} 0 0 0 0 -\n" for second in range(2000)]
    stored = gzip.compress(SAMPLES.splitlines()[0] + b"\n" + "".join(lines).encode())
    (raw / "samples.gz").write_bytes(stored[: len(stored) // 2])
    found = read_raw(tmp_path, CELL, "write")
    assert found["host_load"]["cpu_busy_share"] == 0.25
    assert found["host_load_error"].startswith(
        "cells/db1/block-01/runc/raw/write/samples.gz is not a whole gzip file ("
    )
