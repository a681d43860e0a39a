# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The module against real processes and real mounts."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.katabench.scylla.plugins.modules import sandbox_leftovers

SLEEPS = "import time; print('ready', flush=True); time.sleep(600)"
IGNORES_TERM = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPS}"

may_mount = pytest.mark.skipif(os.geteuid() != 0, reason="mounts something, which only root may")


@pytest.fixture
def container_id() -> str:
    return secrets.token_hex(32)


@pytest.fixture
def start():
    """Start a process with an argument on its command line that it does not look at."""
    started = []

    def run(script: str, argument: str) -> subprocess.Popen:
        process = subprocess.Popen([sys.executable, "-c", script, argument], stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def mounted(tmp_path: Path, container_id: str):
    """A mount in a mount, below a directory with the id in its name."""
    outer = tmp_path / container_id
    inner = outer / "rootfs"
    outer.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "katabench-test", outer], check=True)
    inner.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "katabench-test", inner], check=True)
    yield [str(inner), str(outer)]
    for point in (inner, outer):
        if os.path.ismount(point):
            subprocess.run(["umount", "--lazy", point], check=True)


@pytest.fixture
def run_module(capsys):
    def run(check_mode: bool = False, **arguments: object) -> dict:
        with (
            patch_module_args({**arguments, "_ansible_check_mode": check_mode}),
            pytest.raises(SystemExit),
        ):
            sandbox_leftovers.main()
        return json.loads(capsys.readouterr().out)

    return run


def pids(result: dict) -> list[int]:
    return [process["pid"] for process in result["processes"]]


def test_processes_end_even_those_that_do_not_want_to(start, run_module, container_id) -> None:
    obeys, refuses, stranger = start(SLEEPS, container_id), start(IGNORES_TERM, container_id), start(SLEEPS, "f" * 64)
    result = run_module(container_id=container_id, state="absent", patience_s=0.5)
    assert result["changed"] is True
    assert sorted(pids(result)) == sorted([obeys.pid, refuses.pid])
    assert (obeys.wait(10), refuses.wait(10)) == (-15, -9)
    assert stranger.poll() is None


def test_a_report_touches_nothing(start, run_module, container_id) -> None:
    process = start(SLEEPS, container_id)
    result = run_module(container_id=container_id)
    assert (result["changed"], pids(result), result["mounts"], result["taps"]) == (False, [process.pid], [], [])
    assert process.poll() is None


@may_mount
def test_check_mode_says_what_would_go(start, run_module, container_id, mounted) -> None:
    process = start(SLEEPS, container_id)
    result = run_module(check_mode=True, container_id=container_id, state="absent")
    assert (result["changed"], pids(result), result["mounts"]) == (True, [process.pid], mounted)
    assert process.poll() is None
    assert all(os.path.ismount(point) for point in mounted)


@may_mount
def test_mounts_go(run_module, container_id, mounted) -> None:
    result = run_module(container_id=container_id, state="absent")
    assert (result["changed"], result["mounts"]) == (True, mounted)
    assert not any(os.path.ismount(point) for point in mounted)


@may_mount
def test_a_busy_mount_is_detached(run_module, container_id, mounted) -> None:
    with (Path(mounted[0]) / "open").open("w"):
        result = run_module(container_id=container_id, state="absent")
    assert (result["changed"], result["mounts"]) == (True, mounted)
    assert not any(os.path.ismount(point) for point in mounted)


def test_a_second_time_there_is_nothing_to_do(run_module, container_id) -> None:
    result = run_module(container_id=container_id, state="absent")
    assert (result["changed"], result["processes"], result["mounts"]) == (False, [], [])


def test_a_name_is_refused(run_module) -> None:
    result = run_module(container_id="scylla-node1", state="absent")
    assert result["failed"] is True
    assert "'scylla-node1'" in result["msg"]
