# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""How long the module waits: windows and the clock are played."""

from __future__ import annotations

import pytest

from ansible_collections.katabench.scylla.plugins.modules import host_quiet

LIMITS = {"cpu_busy_share": 0.1, "steal_share": 0.02}


@pytest.fixture
def play(monkeypatch):
    """Play windows of 2 s in which the host was as busy as given; the last one goes on for ever."""

    def play(*busy_shares):
        clock = {"s": 0.0, "windows": 0}

        def look(window_s):
            share = busy_shares[min(clock["windows"], len(busy_shares) - 1)]
            clock["s"] += window_s
            clock["windows"] += 1
            return {"cpu_busy_share": share, "steal_share": 0.0, "busiest": []}

        monkeypatch.setattr(host_quiet, "look", look)
        monkeypatch.setattr(host_quiet.time, "monotonic", lambda: clock["s"])
        return clock

    return play


@pytest.mark.parametrize(
    ("busy_shares", "timeout_s", "settled", "waited_s"),
    [
        ([0.05], 60, True, 2.0),
        ([0.9, 0.5, 0.1], 60, True, 6.0),
        ([0.9], 7, False, 6.0),  # a fourth window would end at 8 s
        ([0.9], 0, False, 2.0),
        ([0.9, 0.0], 2, False, 2.0),
        ([0.9, 0.0], 4, True, 4.0),
    ],
)
def test_it_looks_until_the_host_is_quiet_or_the_time_is_over(play, busy_shares, timeout_s, settled, waited_s):
    clock = play(*busy_shares)
    seen = host_quiet.look_until_quiet(2.0, timeout_s, LIMITS)
    assert (seen["settled"], seen["waited_s"]) == (settled, waited_s)
    assert clock["windows"] == waited_s / 2


def test_what_is_told_is_the_last_window(play):
    play(0.9, 0.5, 0.1)
    assert host_quiet.look_until_quiet(2.0, 60, LIMITS)["cpu_busy_share"] == 0.1


def test_a_window_of_this_host_has_shares_and_programs():
    seen = host_quiet.look(0.1)
    assert 0 <= seen["cpu_busy_share"] <= 1
    assert 0 <= seen["steal_share"] <= 1
    assert all(process["cpus"] >= 0 and process["name"] for process in seen["busiest"])


@pytest.mark.parametrize(
    ("kernel_state", "tracking", "synchronised", "asked"),
    [(0, None, True, False), (5, "Leap status     : Normal\n", True, True), (5, None, False, True)],
)
def test_chronyd_is_asked_only_where_the_kernel_knows_of_nothing(
    monkeypatch, kernel_state, tracking, synchronised, asked
):
    calls = []
    monkeypatch.setattr(host_quiet.host, "kernel_clock_state", lambda: kernel_state)
    monkeypatch.setattr(host_quiet, "ask_chrony", lambda: calls.append(1) or tracking)
    assert host_quiet.is_clock_synchronised() is synchronised
    assert bool(calls) is asked
