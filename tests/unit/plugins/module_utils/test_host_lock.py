# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Whose a lock is, what is said of it, and that of many who want a stale one a single one gets it."""

from __future__ import annotations

import multiprocessing
import stat
from pathlib import Path

import pytest

from ansible_collections.katabench.scylla.plugins.module_utils import host_lock as locks

ANNA = {"owner": "anna@desk", "run_id": "20261127T1200", "pid": 4711, "pid_started": "900"}
BERT = {"owner": "bert@attic", "run_id": "20261127T1230", "pid": 77, "pid_started": "12"}
STALE_S = 3600
LOCK = {
    **ANNA,
    "taken_at": "2026-11-27T12:00:00Z",
    "renewed_at": "2026-11-27T12:40:00Z",
    "boot": "b1/14",
    "taken_uptime_s": 1000.0,
    "renewed_uptime_s": 3400.0,
}


def at(uptime_s: float, boot: str = "b1/14") -> dict:
    return {"at": "2026-11-27T13:00:00Z", "boot": boot, "uptime_s": uptime_s}


@pytest.mark.parametrize(
    ("lock", "claim", "now", "ended", "verdict"),
    [
        (None, ANNA, at(0.0), None, locks.FREE),
        (LOCK, ANNA, at(3412.0), None, locks.OWN),
        (LOCK, ANNA, at(99999.0), None, locks.OWN),
        (LOCK, ANNA, at(5.0, "b2/14"), None, locks.OWN),
        (LOCK, BERT, at(3412.0), None, locks.HELD),
        (LOCK, BERT, at(7000.0), None, locks.HELD),
        (LOCK, BERT, at(7000.1), None, locks.STALE),
        (LOCK, BERT, at(5.0, "b2/14"), None, locks.STALE),
        # The same campaign in another process: only once the process before has ended.
        (LOCK, {**ANNA, "pid": 4800}, at(3412.0), None, locks.HELD),
        (LOCK, {**ANNA, "pid": 4800}, at(3412.0), (4711, "900"), locks.RESUMED),
        (LOCK, {**ANNA, "pid": 4800}, at(3412.0), (4711, "901"), locks.HELD),
        (LOCK, {**ANNA, "pid_started": "901"}, at(3412.0), None, locks.HELD),
        # That somebody else's process has ended is not ours to say.
        (LOCK, BERT, at(3412.0), (4711, "900"), locks.HELD),
        (LOCK, {**ANNA, "run_id": "another"}, at(3412.0), None, locks.HELD),
        (LOCK, {**ANNA, "owner": "anna@laptop"}, at(3412.0), None, locks.HELD),
    ],
)
def test_what_a_lock_is_to_a_claim(lock, claim, now, ended, verdict):
    assert locks.judge(lock, claim, now, STALE_S, ended) == verdict


def test_a_refusal_names_the_owner_the_age_and_what_to_do():
    said = locks.refusal("db1", "/var/lib/katabench/campaign.lock", LOCK, BERT, at(3412.0), 7200)
    assert said == (
        "db1 is locked by anna@desk (campaign 20261127T1200, process 4711) for 40 min, with the last sign of life 12 s "
        "ago. Two campaigns on one host would measure each other: wait for its end, or leave the host out. A lock "
        "without a sign of life for 2 h is taken over; if you know that nothing runs there, remove "
        "/var/lib/katabench/campaign.lock on db1."
    )


def test_a_refusal_of_the_same_campaign_says_so():
    said = locks.refusal("db1", "/lock", LOCK, {**ANNA, "pid": 4800}, at(3412.0), 7200)
    assert "this very campaign in another process" in said
    assert "process 4711" in said


def test_a_lock_from_before_a_reboot_has_no_age_that_could_be_told():
    assert locks.describe(LOCK, at(5.0, "b2/14")) == (
        "by anna@desk (campaign 20261127T1200, process 4711) since 2026-11-27T12:00:00Z, which was before the host was "
        "last started"
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0 s"),
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (125, "2 min"),
        (7200, "2 h"),
        (7500, "2 h 5 min"),
        (90000, "1 d 1 h"),
        (86400, "1 d"),
    ],
)
def test_durations_in_words(seconds, words):
    assert locks.in_words(seconds) == words


def test_a_renewed_lock_keeps_when_it_was_taken():
    renewed = locks.make_lock(ANNA, at(3500.0), LOCK)
    assert (renewed["taken_at"], renewed["taken_uptime_s"]) == ("2026-11-27T12:00:00Z", 1000.0)
    assert (renewed["renewed_at"], renewed["renewed_uptime_s"]) == ("2026-11-27T13:00:00Z", 3500.0)


def test_a_lock_is_read_as_it_was_written_and_everybody_may_read_it(tmp_path):
    path = tmp_path / "campaign.lock"
    locks.write_lock(str(path), LOCK)
    assert locks.read_lock(str(path)) == LOCK
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [entry.name for entry in tmp_path.iterdir()] == ["campaign.lock"]


def test_where_there_is_no_file_or_no_directory_there_is_no_lock(tmp_path):
    assert locks.read_lock(str(tmp_path / "none")) is None
    assert locks.read_lock(str(tmp_path / "nowhere/none")) is None


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "JSON"),
        ("{", "JSON"),
        ("[]", "JSON"),
        ("{}", "owner, run_id, pid"),
        (locks.text_of({**LOCK, "pid": True}), "(pid expected"),
        (locks.text_of({**LOCK, "boot": None}), "(boot expected"),
    ],
)
def test_a_file_that_is_no_lock_is_named(tmp_path, text, wrong):
    path = tmp_path / "campaign.lock"
    path.write_text(text)
    with pytest.raises(locks.LockError) as error:
        locks.read_lock(str(path))
    assert str(path) in str(error.value)
    assert wrong in str(error.value)


def contend(path: str, number: int, start, winners) -> None:
    claim = {"owner": f"user{number}@desk", "run_id": "r", "pid": number, "pid_started": ""}
    now = at(99999.0)
    start.wait()
    with locks.alone_with(path):
        lock = locks.read_lock(path)
        if locks.judge(lock, claim, now, STALE_S) == locks.STALE:
            locks.write_lock(path, locks.make_lock(claim, now, None))
            winners.put(number)


@pytest.mark.parametrize("round_", range(5))
def test_of_many_who_find_a_stale_lock_a_single_one_takes_it_over(tmp_path, round_):
    path = str(tmp_path / f"{round_}.lock")
    locks.write_lock(path, LOCK)
    fork = multiprocessing.get_context("fork")
    start, winners = fork.Event(), fork.Queue()
    processes = [fork.Process(target=contend, args=(path, number, start, winners)) for number in range(8)]
    for process in processes:
        process.start()
    start.set()
    for process in processes:
        process.join(30)
    won = winners.get(timeout=5)
    assert winners.empty()
    assert locks.read_lock(path)["pid"] == won


def test_the_directory_is_made(tmp_path):
    path = tmp_path / "new/deep/campaign.lock"
    with locks.alone_with(str(path)):
        locks.write_lock(str(path), LOCK)
    assert Path(path).exists()
