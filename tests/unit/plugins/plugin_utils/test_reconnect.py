# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""For how long a silent host is asked; time is played."""

from __future__ import annotations

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.reconnect import NoAnswer, ask_patiently


@pytest.fixture
def play():
    """Play a host that answers after so many questions of which each takes so many seconds."""

    def play(silent_times, patience_s, takes_s=0.0):
        now, pauses = [100.0], []

        def ask():
            now[0] += takes_s
            if len(pauses) < silent_times:
                raise NoAnswer(f"refused {len(pauses) + 1}")
            return {"finished": True}

        def sleep(seconds):
            pauses.append(seconds)
            now[0] += seconds

        return ask_patiently(ask, patience_s, sleep, lambda: now[0]), pauses

    return play


def test_an_answer_at_once_was_no_silence(play):
    answer, pauses = play(0, 600)
    assert (answer.value, answer.silent_s, pauses) == ({"finished": True}, 0.0, [])


def test_pauses_grow_and_then_stay(play):
    answer, pauses = play(7, 600)
    assert pauses == [1, 2, 4, 8, 15, 15, 15]
    assert answer.value == {"finished": True}
    assert answer.silent_s == 60


def test_what_a_question_takes_is_silence_too(play):
    answer, pauses = play(2, 600, takes_s=20)
    assert pauses == [1, 2]
    assert answer.silent_s == 43  # two questions of 20 s and the pauses; the third one is answered


def test_patience_ends(play):
    answer, pauses = play(99, 10)
    assert pauses == [1, 2, 4]  # the next pause would end at 15 s
    assert (answer.value, answer.silent_s, answer.reason) == (None, 7.0, "refused 4")


def test_without_patience_it_is_asked_once(play):
    answer, pauses = play(99, 0)
    assert (answer.value, pauses) == (None, [])


def test_other_errors_are_not_waited_out():
    with pytest.raises(ZeroDivisionError):
        ask_patiently(lambda: {"n": 1 / 0}, 600)
