# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from ansible_collections.katabench.scylla.plugins.plugin_utils.starts import count_starts, start_marks
from ansible_collections.katabench.scylla.tests.unit.campaign_folder import NO_AGENT, NO_ANSWER, starts


def test_starts_that_succeed_at_once_need_no_word():
    assert start_marks([]) == []
    assert start_marks(starts({})) == []


def test_each_node_that_needed_more_than_one_attempt_is_named_with_its_causes():
    assert start_marks(starts({"node1": [NO_AGENT, NO_ANSWER], "node2": [NO_AGENT]})) == [
        f"node node1 started at attempt 3: {NO_AGENT} {NO_ANSWER}",
        f"node node2 started at attempt 2: {NO_AGENT}",
    ]


def test_a_cause_is_said_once():
    assert start_marks(starts({"node2": [NO_AGENT, NO_AGENT]})) == [f"node node2 started at attempt 3: {NO_AGENT}"]


def test_the_same_cause_of_another_container_over_several_lines_is_said_once():
    causes = [f"Error starting container {digit * 64}:\n  shim died." for digit in "ab"]
    assert count_starts(starts({"node1": causes}))["causes"] == ["Error starting container …: shim died."]


def test_a_node_that_never_started_is_not_said_to_have():
    tried = starts({"node1": [NO_AGENT, NO_AGENT]})
    assert start_marks(tried[:2]) == [f"node node1 did not start in 2 attempts: {NO_AGENT}"]
    assert start_marks(tried[:1]) == [f"node node1 did not start in 1 attempt: {NO_AGENT}"]


def test_counts():
    assert count_starts(starts({"node1": [NO_AGENT, NO_ANSWER], "node2": [NO_AGENT]})) == {
        "starts": 5,
        "failed": 3,
        "causes": [NO_AGENT, NO_ANSWER],
    }
    assert count_starts([]) == {"starts": 0, "failed": 0, "causes": []}
