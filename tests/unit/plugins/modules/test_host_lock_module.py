# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The module as the controller calls it: who gets the lock, what changes, and what is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.katabench.scylla.plugins.modules import host_lock

ANNA = {"owner": "anna@desk", "run_id": "r1", "pid": 4711, "pid_started": "900"}
BERT = {"owner": "bert@attic", "run_id": "r2", "pid": 77, "pid_started": "12"}


@pytest.fixture
def moment(monkeypatch):
    """The moment at which the module runs; a test moves it."""
    now = {"at": "2026-11-27T12:00:00Z", "boot": "b1/14", "uptime_s": 1000.0}
    monkeypatch.setattr(host_lock, "read_now", lambda: dict(now))
    return now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "katabench/campaign.lock"


@pytest.fixture
def run_module(capsys, moment, path):  # noqa: ARG001 - every run is at that moment
    def run(check_mode: bool = False, **arguments: object) -> dict:
        arguments = {"path": str(path), "name": "db1", "stale_s": 3600, "_ansible_check_mode": check_mode, **arguments}
        with patch_module_args(arguments), pytest.raises(SystemExit):
            host_lock.main()
        return json.loads(capsys.readouterr().out)

    return run


def test_the_first_one_gets_it_and_the_file_says_who(run_module, path):
    result = run_module(**ANNA)
    assert (result["changed"], result["taken_over"], result["msg"]) == (True, False, "db1 is locked.")
    assert json.loads(path.read_text())["owner"] == "anna@desk"
    assert result["diff"]["before"] == ""
    assert '"owner": "anna@desk"' in result["diff"]["after"]


def test_the_second_one_is_refused_and_the_file_stays(run_module, moment, path):
    run_module(**ANNA)
    before = path.read_bytes()
    moment["uptime_s"] = 1600.0
    result = run_module(**BERT)
    assert result["failed"] is True
    assert result["msg"].startswith("db1 is locked by anna@desk (campaign r1, process 4711) for 10 min, with the last")
    assert result["lock"]["pid"] == 4711
    assert not result["same_campaign"]
    assert path.read_bytes() == before


def test_a_renewal_is_no_change_and_keeps_others_out_for_longer(run_module, moment):
    run_module(**ANNA)
    moment["uptime_s"] = 4000.0
    renewed = run_module(**ANNA)
    assert (renewed["changed"], "diff" in renewed) == (False, False)
    moment["uptime_s"] = 7000.0  # more than an hour after it was taken, less than that after it was renewed
    assert run_module(**BERT)["failed"] is True


def test_a_lock_without_a_sign_of_life_is_taken_over_and_that_is_said(run_module, moment):
    run_module(**ANNA)
    moment["uptime_s"] = 4601.0
    result = run_module(**BERT)
    assert (result["changed"], result["taken_over"], result["lock"]["owner"]) == (True, True, "bert@attic")
    assert result["msg"] == (
        "db1 was locked by anna@desk (campaign r1, process 4711) for 1 h, with the last sign of life 1 h ago. That was "
        "left behind and is taken over."
    )
    # Whoever comes back finds it gone.
    assert run_module(**ANNA)["failed"] is True


def test_a_lock_from_before_a_reboot_is_taken_over(run_module, moment):
    run_module(**ANNA)
    moment.update(boot="b2/14", uptime_s=30.0)
    assert run_module(**BERT)["taken_over"] is True


def test_the_campaign_itself_outlasts_a_reboot(run_module, moment):
    run_module(**ANNA)
    moment.update(boot="b2/14", uptime_s=30.0, at="2026-11-27T12:30:00Z")
    result = run_module(**ANNA)
    assert (result["changed"], result["taken_over"]) == (False, False)
    assert result["lock"]["taken_at"] == "2026-11-27T12:30:00Z"
    assert run_module(**BERT)["failed"] is True


def test_another_process_of_the_campaign_gets_it_once_the_first_has_ended(run_module):
    run_module(**ANNA)
    later = {**ANNA, "pid": 4800, "pid_started": "1000"}
    refused = run_module(**later)
    assert (refused["failed"], refused["same_campaign"]) == (True, True)
    resumed = run_module(**later, ended_pid=4711, ended_pid_started="900")
    assert (resumed["changed"], resumed["taken_over"], resumed["lock"]["pid"]) == (True, False, 4800)


def test_it_is_given_back_by_its_owner_alone(run_module, path):
    run_module(**ANNA)
    for stranger in (BERT, {**ANNA, "pid": 4800, "pid_started": "1000"}):
        result = run_module(**stranger, state="absent")
        assert (result.get("failed", False), result["changed"]) == (False, False)
        assert result["msg"].endswith("That lock stays.")
        assert path.exists()
    result = run_module(**ANNA, state="absent")
    assert (result["changed"], result["lock"], result["diff"]["after"]) == (True, None, "")
    assert not path.exists()
    again = run_module(**ANNA, state="absent")
    assert (again["changed"], again["msg"]) == (False, "db1 was not locked.")


def test_check_mode_says_the_same_and_writes_nothing(run_module, path):
    assert run_module(check_mode=True, **ANNA)["changed"] is True
    assert not path.parent.exists()
    run_module(**ANNA)
    assert run_module(check_mode=True, **BERT)["failed"] is True
    assert run_module(check_mode=True, **ANNA, state="absent")["changed"] is True
    assert path.exists()


def test_a_file_that_is_no_lock_is_left_alone(run_module, path):
    path.parent.mkdir()
    path.write_text("mine")
    result = run_module(**ANNA)
    assert result["failed"] is True
    assert f"{path} is not the lock of a campaign" in result["msg"]
    assert path.read_text() == "mine"


def test_a_place_where_nothing_can_be_written_is_named(run_module, path):
    path.parent.write_text("a file where a directory should be")
    result = run_module(**ANNA)
    assert result["failed"] is True
    assert result["msg"].startswith(f"db1 cannot be locked with {path}: ")


def test_patience_of_nothing_is_refused(run_module):
    assert "stale_s is 0; it has to be greater than 0" in run_module(**ANNA, stale_s=0)["msg"]


def test_the_moment_is_this_hosts():
    now = host_lock.read_now()
    assert now["uptime_s"] == pytest.approx(float(Path("/proc/uptime").read_text().split()[0]), abs=5)
