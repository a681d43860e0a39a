# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What tells one start of a host from another, from texts as /proc has them."""

from __future__ import annotations

import os
from pathlib import Path

from ansible_collections.katabench.scylla.plugins.module_utils.host_boot import read_boot, read_start_age_s

SYSTEMD = "1 (systemd) S 0 1 1 0 -1 4194560 12 0 21 0 5 7 9 9 20 0 1 0 {started} 171638784 3270"


def proc(root: Path, boot_id: str | None, started: str | None) -> str:
    (root / "1").mkdir(parents=True)
    (root / "sys/kernel/random").mkdir(parents=True)
    if started:
        (root / "1/stat").write_text(SYSTEMD.format(started=started))
    if boot_id:
        (root / "sys/kernel/random/boot_id").write_text(f"{boot_id}\n")
    return str(root)


def test_a_start_is_the_kernels_and_that_of_process_1(tmp_path):
    assert read_boot(proc(tmp_path, "0e2a-11", "14")) == "0e2a-11/14"


def test_a_container_that_is_started_again_has_another_start_under_the_same_kernel(tmp_path):
    before, after = proc(tmp_path / "before", "0e2a-11", "8812"), proc(tmp_path / "after", "0e2a-11", "99120")
    assert read_boot(before) != read_boot(after)


def test_what_a_host_does_not_tell_is_the_same_each_time(tmp_path):
    assert read_boot(proc(tmp_path, None, None)) == "-/-"


def test_this_host_has_one_start():
    assert read_boot() == read_boot() != "-/-"


def test_the_age_of_a_start_is_that_of_process_1(tmp_path):
    root = proc(tmp_path, "0e2a-11", str(88 * os.sysconf("SC_CLK_TCK")))
    (tmp_path / "uptime").write_text("100.50 190.11\n")
    assert read_start_age_s(root) == 12.5


def test_without_process_1_or_an_uptime_there_is_no_age(tmp_path):
    assert read_start_age_s(proc(tmp_path / "a", "0e2a-11", "8812")) is None
    assert read_start_age_s(proc(tmp_path / "b", "0e2a-11", None)) is None


def test_this_host_was_started_before_now():
    assert 0 < read_start_age_s() <= float(Path("/proc/uptime").read_text().split()[0])
