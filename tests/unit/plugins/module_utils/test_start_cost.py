# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ansible_collections.katabench.scylla.plugins.module_utils.start_cost import (
    NoAnswerError,
    measure,
    measure_first_output_ms,
    memory_kib_since,
    own_kib,
    processes,
    pss_kib,
    session_of,
)


def test_memory_and_session_of_a_process_are_read():
    assert pss_kib("55d0-7ffd ---p 00000000 00:00 0 [rollup]\nRss:  6240 kB\nPss:  2718 kB\nPss_Dirty:  1 kB\n") == 2718
    assert pss_kib("") == 0
    assert session_of("4711 (a b) c) S 1 4700 4699 0 -1 4194560 1 2") == 4699


def test_the_time_is_that_until_the_first_output_and_not_until_the_end():
    first = measure_first_output_ms(["sh", "-c", "echo ready; sleep 0.5"], 10)
    assert 0 < first < 500


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo 'Unknown runtime specified nosuch.' >&2; exit 125", "Unknown runtime specified nosuch."),
        ("exit 0", "it ended without a word"),
        ("sleep 60", "nothing was said in 0.3 s"),
    ],
)
def test_a_container_that_does_not_answer_says_why(script, why):
    with pytest.raises(NoAnswerError, match=why):
        measure_first_output_ms(["sh", "-c", f"exec sh -c {script!r}"], 0.3)


def test_the_memory_of_what_was_started_since_is_added_up_without_the_commands_own():
    before = processes()
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as child:
        own = pss_kib(Path(f"/proc/{child.pid}/smaps_rollup").read_text())
        with_it, without_it = memory_kib_since(before, 0), memory_kib_since(before, child.pid)
        child.kill()
    assert own > 0
    assert with_it >= own
    assert without_it <= with_it - own + 200  # whatever else has begun meanwhile


def test_another_word_than_the_expected_one_is_quoted():
    assert own_kib("own_kib 1732\n") == 1732
    with pytest.raises(NoAnswerError, match="it said 'hello'"):
        own_kib("hello\n")


def test_the_first_failure_ends_the_repeating_and_keeps_what_was_measured():
    answers = iter([1.0, 2.0])

    def once():
        try:
            return next(answers)
        except StopIteration:
            raise NoAnswerError("no more") from None

    assert measure("first-output", once, 5) == (
        [1.0, 2.0],
        [{"probe": "first-output", "sentence": "The container did not start: no more"}],
    )
