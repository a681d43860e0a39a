# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess

import pytest

from ansible_collections.katabench.scylla.plugins.modules.load_wait import (
    list_files,
    read_last_line,
    read_time,
    wait_for_status,
)


def test_the_status_is_what_the_command_prints():
    assert wait_for_status(["sh", "-c", "echo 137"], wait_s=10) == 137


def test_a_command_that_goes_on_has_no_status():
    assert wait_for_status(["sleep", "30"], wait_s=0.1) is None


def test_a_command_that_fails_is_an_error():
    with pytest.raises(subprocess.CalledProcessError):
        wait_for_status(["sh", "-c", "echo no such container >&2; exit 1"], wait_s=10)


@pytest.mark.parametrize("text", ["2026-01-31T12:00:59.123456789Z", "2026-01-31T12:00:59Z"])
def test_times_are_read_as_engines_print_them(text):
    assert read_time(text).isoformat() == "2026-01-31T12:00:59+00:00"


def test_the_last_line_is_the_last_one_with_text(tmp_path):
    path = tmp_path / "stdout"
    assert read_last_line(path) == ""
    path.write_bytes(b"x" * 10000 + b"\nfirst\n  total,  1464\n\n")
    assert read_last_line(path) == "total,  1464"


def test_files_come_with_their_sizes(tmp_path):
    (tmp_path / "stdout").write_text("12345")
    (tmp_path / "stderr").touch()
    assert list_files(tmp_path) == [{"name": "stderr", "bytes": 0}, {"name": "stdout", "bytes": 5}]
