# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What runs in the loader's container, run outside of it: any directory stands in for its output."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

FILES = Path(__file__).parents[2] / "roles" / "stress" / "files"
# A load that goes on until the sampler has written its first sample, so that no test depends on who is faster.
UNTIL_SAMPLED = 'until grep -qs ^sample "$1/samples"; do sleep 0.02; done; '
NUMBER = r"\d+(\.\d+)?"


def command(output: Path, load: str, start_at_s: int = 0) -> list[str]:
    loader, sampler = ((FILES / f"{name}.sh").read_text() for name in ("loader", "sampler"))
    return ["sh", "-c", loader, "loader", sampler, str(output), str(start_at_s), "sh", "-c", load, "load", str(output)]


def run(output: Path, load: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(output, load), capture_output=True, text=True, timeout=30, check=False)


def samples(output: Path) -> list[str]:
    return (output / "samples").read_text().splitlines()


def test_the_load_is_watched_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    assert run(tmp_path, UNTIL_SAMPLED).returncode == 0
    first, *middle, last = samples(tmp_path)
    assert re.fullmatch(rf"sampler 1 hz 100 processors {os.cpu_count()} throttled (\d+|-)", first)
    assert len(middle) >= 2
    assert [line for line in middle if not re.fullmatch(rf"sample {NUMBER}( \d+){{8}} (\d+|-)", line)] == []
    assert re.fullmatch(r"end \d+\.\d{3} throttled (\d+|-)", last)


def test_what_the_load_takes_is_in_the_samples_of_the_host(tmp_path: Path) -> None:
    before = Path("/proc/stat").read_text().split()[1:9]
    run(tmp_path, UNTIL_SAMPLED)
    after = Path("/proc/stat").read_text().split()[1:9]
    for line in samples(tmp_path)[1:-1]:
        ticks = line.split()[2:10]
        # Idle time and waiting may go backwards by a tick (proc(5)), what was done does not.
        for place in (0, 1, 2, 5, 6, 7):
            assert int(before[place]) <= int(ticks[place]) <= int(after[place])


def test_a_load_begins_when_it_is_to_begin(tmp_path: Path) -> None:
    start_at_s = int(time.time()) + 2
    asked = command(tmp_path, "date +%s%N", start_at_s)
    assert subprocess.run(asked, timeout=30, check=False).returncode == 0
    assert int((tmp_path / "stdout").read_text()) >= start_at_s * 10**9


@pytest.mark.parametrize("status", [0, 1, 7, 137])
def test_the_exit_status_is_that_of_the_load(tmp_path: Path, status: int) -> None:
    assert run(tmp_path, f"exit {status}").returncode == status


def test_a_load_that_cannot_be_started_is_told_by_the_status_of_the_shell(tmp_path: Path) -> None:
    asked = command(tmp_path, "")[:7]
    assert subprocess.run([*asked, "/no/such/load"], timeout=30, check=False).returncode == 127
    assert "no/such/load" in (tmp_path / "stderr").read_text()


def test_what_the_load_prints_is_kept_apart_and_what_an_earlier_one_left_is_gone(tmp_path: Path) -> None:
    (tmp_path / "hdr").write_text("of an earlier load")
    run(tmp_path, "echo said; echo complained >&2")
    assert (tmp_path / "stdout").read_text() == "said\n"
    assert (tmp_path / "stderr").read_text() == "complained\n"
    assert not (tmp_path / "hdr").exists()


@pytest.mark.parametrize(
    ("load", "status"),
    [
        (UNTIL_SAMPLED + "echo loads; exec sleep 60", 128 + signal.SIGTERM),
        # A load that ends in its own time, with its own status, is waited for.
        (UNTIL_SAMPLED + 'trap "sleep 0.1; exit 9" TERM; echo loads; while :; do sleep 0.02; done', 9),
    ],
)
def test_a_signal_ends_the_load_and_the_sampler_says_so(tmp_path: Path, load: str, status: int) -> None:
    with subprocess.Popen(command(tmp_path, load)) as loader:
        deadline = time.monotonic() + 30
        while "loads" not in ((tmp_path / "stdout").read_text() if (tmp_path / "stdout").exists() else ""):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        loader.send_signal(signal.SIGTERM)
        assert loader.wait(timeout=30) == status
    assert samples(tmp_path)[-1].startswith("end ")


def test_a_sampler_that_cannot_run_leaves_the_load_alone(tmp_path: Path) -> None:
    asked = command(tmp_path, "echo loads; exit 3")
    asked[4] = "exit 1"
    assert subprocess.run(asked, timeout=30, check=False).returncode == 3
    assert (tmp_path / "stdout").read_text() == "loads\n"
