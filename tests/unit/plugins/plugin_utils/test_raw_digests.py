# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib
import subprocess

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.raw_digests import sha256sums_text, verify_raw_files

# What sha256sum prints for a file with the three bytes abc, and for an empty one.
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
STDOUT = "cells/db1/block-01/runc/raw/write/stdout"
STDERR = "cells/db1/block-01/runc/raw/write/stderr"


def raw(path, size=3, sha256=ABC):
    return {"path": path, "bytes": size, "sha256": sha256}


def record(*workloads):
    return {"workloads": [{"raw": files} for files in workloads]}


@pytest.fixture
def campaign_dir(tmp_path):
    folder = tmp_path / "run"
    for path, content in ((STDOUT, b"abc"), (STDERR, b"")):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


RECORD = record({"stdout": raw(STDOUT), "stderr": raw(STDERR, 0, EMPTY)})


def test_files_that_are_as_they_were(campaign_dir):
    assert verify_raw_files(campaign_dir, [RECORD]) == {
        "raw_files": 2,
        "altered": [],
        "lost": [],
        "sentence": "All 2 raw files are as they were when the records were written (SHA-256).",
    }


@pytest.mark.parametrize("content", [b"abd", b"ab", b"abcd", b""])
def test_an_altered_file_is_named(campaign_dir, content):
    (campaign_dir / STDOUT).write_bytes(content)
    found = verify_raw_files(campaign_dir, [RECORD])
    assert (found["altered"], found["lost"]) == ([STDOUT], [])
    assert found["sentence"] == f"Of 2 raw files 1 was altered: {STDOUT}."


def test_a_lost_file_is_named(campaign_dir):
    (campaign_dir / STDERR).unlink()
    found = verify_raw_files(campaign_dir, [RECORD])
    assert (found["altered"], found["lost"]) == ([], [STDERR])
    assert found["sentence"] == f"Of 2 raw files 1 is lost: {STDERR}."


def test_a_folder_in_the_place_of_a_file_is_an_alteration(campaign_dir):
    (campaign_dir / STDERR).unlink()
    (campaign_dir / STDERR).mkdir()
    assert verify_raw_files(campaign_dir, [RECORD])["altered"] == [STDERR]


@pytest.mark.parametrize("path", ["../secret", "cells/../../secret", "{outside}/secret", "link/secret"])
def test_a_path_that_leads_out_of_the_folder_is_not_opened(tmp_path, campaign_dir, path):
    (tmp_path / "secret").write_bytes(b"abc")
    (campaign_dir / "link").symlink_to(tmp_path)
    path = path.format(outside=tmp_path)
    found = verify_raw_files(campaign_dir, [record({"stdout": raw(path)})])
    assert (found["altered"], found["lost"]) == ([path], [])
    assert found["sentence"] == f"Of 1 raw files 1 is named outside the campaign's folder: {path}."


@pytest.mark.parametrize("path", ["", ".", "no\0name", "x" * 300, "loop"])
def test_a_path_that_no_file_can_have_is_no_error(campaign_dir, path):
    (campaign_dir / "loop").symlink_to("loop")
    assert verify_raw_files(campaign_dir, [record({"stdout": raw(path)})])["altered"] == [path]


def test_a_file_that_two_records_name_differently_is_altered(campaign_dir):
    assert verify_raw_files(campaign_dir, [RECORD, RECORD])["raw_files"] == 2
    other = record({"stdout": raw(STDOUT, 3, EMPTY)})
    assert verify_raw_files(campaign_dir, [RECORD, other])["altered"] == [STDOUT]


def test_many_faults_are_counted_and_three_of_them_named(tmp_path):
    found = verify_raw_files(tmp_path, [record({"stdout": raw(f"cells/{number}")}) for number in range(9)])
    assert len(found["lost"]) == 9
    assert found["sentence"] == "Of 9 raw files 9 are lost: cells/0, cells/1, cells/2 and 6 more."


def test_records_without_raw_files(tmp_path):
    found = verify_raw_files(tmp_path, [record({"stdout": None, "stderr": None}), record()])
    assert (found["raw_files"], found["sentence"]) == (0, "The records name no raw files.")


def test_a_large_file_is_digested_whole(tmp_path):
    content = b"0123456789abcdef" * 300_000
    (tmp_path / "hdr").write_bytes(content)
    said = raw("hdr", len(content), hashlib.sha256(content).hexdigest())
    assert verify_raw_files(tmp_path, [record({"hdr": said})])["altered"] == []
    (tmp_path / "hdr").write_bytes(content[:-1] + b"x")
    assert verify_raw_files(tmp_path, [record({"hdr": said})])["altered"] == ["hdr"]


def test_the_list_is_sorted_and_each_file_stands_once():
    again = record({"stdout": raw("a"), "stderr": None}, {"stdout": raw("b", 0, EMPTY)})
    assert sha256sums_text([RECORD, again, again]) == (f"{ABC}  a\n{EMPTY}  b\n{EMPTY}  {STDERR}\n{ABC}  {STDOUT}\n")


def test_the_list_names_no_file_outside():
    assert sha256sums_text([record({"stdout": raw("../x")}, {"stdout": raw("/etc/passwd")})]) == ""


def test_sha256sum_accepts_the_list(campaign_dir):
    odd = "cells/a\\b\nc"
    (campaign_dir / odd).write_bytes(b"abc")
    (campaign_dir / "SHA256SUMS").write_text(sha256sums_text([RECORD, record({"stdout": raw(odd)})]))
    check = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    assert subprocess.run(check, cwd=campaign_dir, capture_output=True, check=False).returncode == 0
    (campaign_dir / STDOUT).write_bytes(b"abd")
    failed = subprocess.run(check, cwd=campaign_dir, capture_output=True, check=False, text=True)
    assert failed.returncode == 1
    assert f"{STDOUT}: FAILED" in failed.stdout
