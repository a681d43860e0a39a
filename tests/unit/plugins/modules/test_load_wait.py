# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import os
import subprocess
import time
from datetime import UTC, datetime, timedelta

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.katabench.scylla.plugins.module_utils.host_boot import read_boot
from ansible_collections.katabench.scylla.plugins.modules import load_wait
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


@pytest.fixture
def systemctl(tmp_path, monkeypatch):
    """Put a systemctl on PATH that says what a test wants."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")

    def say(state):
        script = directory / "systemctl"
        script.write_text(f'#!/bin/sh\n[ "$1" = is-system-running ] && echo {state}\nexit 1\n')
        script.chmod(0o755)

    say("running")
    return say


@pytest.fixture
def run_module(capsys, tmp_path, monkeypatch):
    """Run the module; of a load that was started now, unless a test says for how long it has been going on."""
    (tmp_path / "output").mkdir()
    monkeypatch.setattr(load_wait, "read_start_age_s", lambda: 86400.0)  # a test machine may be younger than its loads

    def run(*argv, since_s=0.0, **arguments):
        started = datetime.now(UTC) - timedelta(seconds=since_s)
        arguments = {
            "argv": list(argv),
            "dir": str(tmp_path / "output"),
            "wait_s": 0.3,
            "started_at": started.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "timeout_s": 3600,
            **arguments,
        }
        with patch_module_args(arguments), pytest.raises(SystemExit):
            load_wait.main()
        return json.loads(capsys.readouterr().out)

    return run


def test_a_load_that_goes_on_is_asked_again(run_module):
    result = run_module("sleep", "30")
    assert (result["finished"], result["timed_out"], result["fault"], result["rebooted"]) == (False, False, "", False)
    assert result["boot"] == read_boot()


def test_a_load_past_its_time_is_timed_out(run_module, monkeypatch):
    monkeypatch.setattr(load_wait, "_MOMENT_S", 0.3)
    result = run_module("sleep", "30", since_s=20, timeout_s=10)
    assert (result["finished"], result["timed_out"]) == (False, True)


def test_a_load_that_ended_in_time_while_nobody_could_ask_counts_and_ended_when_it_wrote_last(run_module, tmp_path):
    stdout = tmp_path / "output/stdout"
    stdout.write_text("END\n")
    ended = time.time() - 900
    os.utime(stdout, (ended, ended))
    result = run_module("sh", "-c", "sleep 0.5; echo 0", since_s=1000, timeout_s=500)
    assert (result["finished"], result["exit_status"], result["timed_out"]) == (True, 0, False)
    assert result["elapsed_s"] == pytest.approx(100, abs=2)
    assert result["finished_at"] == datetime.fromtimestamp(ended, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_load_that_ends_while_it_is_waited_for_ends_now(run_module, tmp_path):
    stdout = tmp_path / "output/stdout"
    result = run_module("sh", "-c", f"echo END >{stdout}; echo 0", since_s=7, wait_s=5)
    assert result["elapsed_s"] == pytest.approx(7, abs=2)
    assert (result["finished"], result["last_line"]) == (True, "END")


def test_after_a_reboot_nothing_is_asked_any_more(run_module):
    result = run_module("sh", "-c", "echo 0", boot="another/14")
    assert (result["rebooted"], result["finished"], result["exit_status"]) == (True, False, None)
    assert result["boot"] == read_boot()


@pytest.mark.parametrize(("age_s", "rebooted"), [(3.0, True), (20.0, False), (20.9, False), (None, False)])
def test_a_reboot_before_anybody_asked_is_known_by_its_time(run_module, monkeypatch, age_s, rebooted):
    monkeypatch.setattr(load_wait, "read_start_age_s", lambda: age_s)
    assert run_module("sh", "-c", "echo 255", since_s=20)["rebooted"] is rebooted


def test_without_a_reboot_the_load_is_asked_for(run_module):
    result = run_module("sh", "-c", "echo 0", boot=read_boot())
    assert (result["rebooted"], result["finished"]) == (False, True)


@pytest.mark.parametrize("script", ["echo 143", "echo cannot connect to the engine >&2; exit 1"])
def test_what_ends_because_the_host_goes_down_is_no_end_yet(run_module, systemctl, script):
    systemctl("stopping")
    result = run_module("sh", "-c", script)
    assert (result["going_down"], result["finished"], result["fault"]) == (True, False, "")


def test_a_load_that_a_signal_ended_has_ended(run_module, systemctl):
    systemctl("degraded")
    result = run_module("sh", "-c", "echo 137")
    assert (result["finished"], result["exit_status"], result["interrupted"], result["going_down"]) == (
        True, 137, True, False,
    )  # fmt: skip


def test_an_engine_that_does_not_answer_is_a_fault_with_its_words(run_module, systemctl):
    systemctl("running")
    result = run_module("sh", "-c", "echo cannot connect to the engine >&2; exit 1")
    assert result["fault"].endswith("did not say how the load ended: cannot connect to the engine")
    assert not result["timed_out"]
    assert "failed" not in result


def test_a_host_without_systemd_is_not_going_down(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert not load_wait.is_going_down()


def test_a_wrong_time_is_refused(run_module):
    result = run_module("true", started_at="yesterday")
    assert "started_at is 'yesterday'" in result["msg"]
