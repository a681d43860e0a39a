# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a process still runs, with real ones."""

from __future__ import annotations

import os
import socket
import subprocess
import time

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils import processes


@pytest.fixture
def sleeper():
    process = subprocess.Popen(["sleep", "600"])
    yield process
    process.kill()
    process.wait()


def test_a_process_runs_until_it_has_ended(sleeper):
    started = processes.process_started(sleeper.pid)
    assert started.isdigit()
    assert processes.is_running(sleeper.pid, started)
    sleeper.kill()
    sleeper.wait()
    assert not processes.is_running(sleeper.pid, started)


def test_a_later_process_of_the_same_number_is_another_one(sleeper):
    started = int(processes.process_started(sleeper.pid))
    assert not processes.is_running(sleeper.pid, str(started - 1))


def test_what_nobody_knows_the_start_of_counts_by_its_number(sleeper):
    assert processes.is_running(sleeper.pid, "")


def test_a_process_that_has_ended_and_was_not_waited_for_runs_no_more(sleeper):
    started = processes.process_started(sleeper.pid)
    sleeper.kill()
    deadline = time.monotonic() + 10
    while processes.is_running(sleeper.pid, started) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not processes.is_running(sleeper.pid, started)


def test_a_name_may_hold_blanks_and_brackets(tmp_path):
    script = tmp_path / "a (b) c"
    script.symlink_to("/bin/sleep")
    process = subprocess.Popen([script, "600"])
    try:
        time.sleep(0.2)
        assert processes.process_started(process.pid).isdigit()
    finally:
        process.kill()
        process.wait()


def test_this_controller_is_named_with_its_user(monkeypatch):
    monkeypatch.setattr(processes.getpass, "getuser", lambda: "anna")
    assert processes.user_and_controller() == f"anna@{socket.gethostname()}"


def test_a_user_without_a_name_has_a_number(monkeypatch):
    def nobody():
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr(processes.getpass, "getuser", nobody)
    assert processes.user_and_controller() == f"uid{os.getuid()}@{socket.gethostname()}"
