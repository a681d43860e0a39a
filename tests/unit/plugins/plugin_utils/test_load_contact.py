# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What is said of a load whose host was not there all the time."""

from __future__ import annotations

from datetime import UTC, datetime

from ansible_collections.katabench.scylla.plugins.plugin_utils.load_contact import describe_contact
from ansible_collections.katabench.scylla.plugins.plugin_utils.reconnect import Answer

STARTED_AT = "2026-11-27T12:00:00.123456789Z"
NOW = datetime(2026, 11, 27, 12, 20, 30, tzinfo=UTC)
RUNS = {"finished": False, "rebooted": False, "fault": "", "exit_status": None, "files": []}


def describe(answer, workload="write"):
    return describe_contact(answer, "db1", workload, STARTED_AT, NOW)


def test_a_host_that_was_there_all_the_time_is_not_spoken_of():
    result = describe(Answer({**RUNS, "finished": True, "exit_status": 0}, 0.0, ""))
    assert (result["finished"], result["exit_status"], result["fault"], result["lost"]) == (True, 0, "", False)
    assert "warnings" not in result


def test_a_host_that_came_back_is_told_and_its_load_counts():
    result = describe(Answer({**RUNS, "finished": True, "exit_status": 0, "warnings": ["w"]}, 37.4, "refused"))
    assert (result["fault"], result["lost"], result["silent_s"]) == ("", False, 37.4)
    assert result["warnings"] == [
        "w",
        "db1 could not be reached for about 37 s during the load write, which went on meanwhile.",
    ]


def test_a_silence_that_ssh_gets_over_is_not_worth_a_word():
    assert "warnings" not in describe(Answer(RUNS, 0.3, "refused"))


def test_a_host_that_was_started_anew_has_no_load_any_more():
    result = describe(Answer({**RUNS, "rebooted": True}, 95.0, "refused"))
    assert result["fault"] == (
        "db1 was started anew during the load write: its containers have ended, the load and the nodes with them. Look "
        "for the reason in its log; the same command runs this cell again."
    )
    assert not result["lost"]
    assert "warnings" not in result


def test_a_host_that_stays_away_is_lost_with_the_reason():
    result = describe(Answer(None, 600.2, "ssh: connect to host 192.0.2.7 port 22: Connection refused."))
    assert result["fault"] == (
        "db1 could not be reached for 600 s during the load write (ssh: connect to host 192.0.2.7 port 22: Connection "
        "refused). See to the host and its network; the same command goes on with the campaign and runs this cell "
        "again."
    )
    assert result["warnings"] == [result["fault"]]
    assert (result["lost"], result["finished"], result["exit_status"], result["files"]) == (True, False, None, [])
    assert (result["started_at"], result["finished_at"]) == ("2026-11-27T12:00:00Z", "2026-11-27T12:20:30Z")
    assert result["elapsed_s"] == 1230.0


def test_a_load_without_a_name_is_the_load():
    assert "during the load (gone)" in describe(Answer(None, 600, "gone"), workload="")["fault"]


def test_a_failure_of_the_module_stays_one():
    result = describe(Answer({"failed": True, "msg": "started_at is 'x'"}, 0.0, ""))
    assert (result["failed"], result["msg"], result["fault"]) == (True, "started_at is 'x'", "")
