# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from ansible_collections.katabench.scylla.plugins.modules.start_cost import (
    IDLE_SCRIPT,
    NoAnswerError,
    available_kib,
    measure,
    measure_first_output_ms,
    measure_host_memory_mib,
    own_kib,
)


def test_the_memory_that_new_programs_can_have_is_read():
    assert available_kib("MemTotal:       24571052 kB\nMemFree: 1 kB\nMemAvailable:   23500112 kB\n") == 23500112


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


def test_the_idle_script_says_what_its_processes_use_and_is_ended(tmp_path):
    marker = tmp_path / "pid"
    argv = ["sh", "-c", f'echo $$ >{marker}; exec sh "$@"', "idle"]
    lost_mib = measure_host_memory_mib(argv, ["sh", "-c", f"kill $(cat {marker})"], 10)
    assert -2000 < lost_mib < 2000
    assert "exec sleep" in IDLE_SCRIPT


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
