# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""By how much clocks differ, how certain that is, and what is said of it."""

from __future__ import annotations

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils import clocks


def clock(offset_s, uncertainty_s=0.02):
    return {"offset_s": offset_s, "uncertainty_s": uncertainty_s}


@pytest.mark.parametrize(
    ("printed", "seconds", "resolution_s"),
    [
        ("1764264434.250000000\n", 1764264434.25, 0.0),
        ("1764264434.%N\n", 1764264434, 1.0),  # BusyBox
        ("1764264434.N\n", 1764264434, 1.0),
        ("1764264434.\n", 1764264434, 1.0),
    ],
)
def test_what_date_prints(printed, seconds, resolution_s):
    assert clocks.read_clock(printed) == (seconds, resolution_s)


@pytest.mark.parametrize("printed", ["", "date: invalid option\n", "Fri Nov 27 18:00:00 UTC 2026\n", "12"])
def test_what_is_no_time_is_shown(printed):
    with pytest.raises(clocks.ClockError) as error:
        clocks.read_clock(printed)
    assert repr(printed.strip()) in str(error.value)


class Host:
    """A host whose clock is ahead, and which is asked over a connection that takes so long each way."""

    def __init__(self, ahead_s, *ways, ticks="%.9f"):
        self.now, self.ahead_s, self.ways, self.asked, self.ticks = 1000.0, ahead_s, list(ways), 0, ticks

    def ask(self):
        there_s, back_s = self.ways[self.asked]
        self.asked += 1
        self.now += there_s
        printed = self.ticks % (self.now + self.ahead_s)
        self.now += back_s
        return printed

    def compare(self, readings=5, enough_s=0.05):
        return clocks.compare_clock(self.ask, readings, enough_s, wall=lambda: self.now, ticks=lambda: self.now)


def test_what_the_connection_takes_is_not_in_the_offset():
    assert Host(180.0, (0.02, 0.02)).compare() == {"offset_s": 180.0, "uncertainty_s": 0.02}


@pytest.mark.parametrize("ways", [(0.3, 0.0), (0.0, 0.3), (0.1, 0.2)])
def test_the_truth_is_within_the_uncertainty(ways):
    found = Host(-5.0, ways).compare(readings=1)
    assert found["uncertainty_s"] == 0.15
    assert abs(found["offset_s"] - -5.0) <= found["uncertainty_s"] + 1e-9


def test_the_most_certain_reading_counts():
    host = Host(2.0, (0.5, 0.0), (0.1, 0.1), (0.3, 0.2))
    assert host.compare(readings=3) == {"offset_s": 2.0, "uncertainty_s": 0.1}
    assert host.asked == 3


def test_no_more_is_read_than_is_needed():
    host = Host(2.0, (0.5, 0.0), (0.02, 0.02), (0.01, 0.01))
    host.compare()
    assert host.asked == 2


def test_a_clock_of_whole_seconds_is_uncertain_by_half_of_one():
    found = Host(0.7, (0.0, 0.0), ticks="%d.%%N").compare(readings=1)
    assert found == {"offset_s": 0.5, "uncertainty_s": 0.5}


def test_clocks_that_agree_are_not_spoken_of():
    assert clocks.clock_faults({"db1": clock(0.4), "db2": clock(-0.4)}, 1) == []
    assert clocks.clock_faults({}, 1) == []


def test_a_host_minutes_away_is_named_and_the_others_are_not():
    said = clocks.clock_faults({"db1": clock(0.0), "db2": clock(303.0), "db3": clock(-7300.0, 0.5)}, 1)
    assert said == [
        "The clock of db2 is 5.0 min ahead of the controller's (± 0.02 s); at most 1 s is allowed. Let chrony or "
        "systemd-timesyncd keep them, or raise the tolerance.",
        "The clock of db3 is 2.0 h behind the controller's (± 0.5 s); at most 1 s is allowed. Let chrony or "
        "systemd-timesyncd keep them, or raise the tolerance.",
    ]


def test_hosts_can_differ_from_each_other_and_not_from_the_controller():
    said = clocks.clock_faults({"db1": clock(0.9), "db2": clock(0.1), "db3": clock(-0.8)}, 1)
    assert len(said) == 1
    assert said[0].startswith("The clock of db1 is 1.7 s ahead of that of db3 (± 0.04 s); at most 1 s is allowed.")


def test_where_all_hosts_agree_it_is_the_controller():
    said = clocks.clock_faults({"db1": clock(-300.0), "db2": clock(-300.4), "db3": clock(-300.2)}, 1)
    assert len(said) == 1
    assert said[0].startswith("The clocks of all 3 hosts agree and are 5.0 min behind the controller's, which ")


def test_of_a_single_host_nobody_knows_who_is_right():
    assert clocks.clock_faults({"db1": clock(-300.0)}, 1)[0].startswith("The clock of db1 is 5.0 min behind")


def test_hosts_that_are_all_wrong_in_their_own_way_are_all_named():
    assert len(clocks.clock_faults({"db1": clock(-300.0), "db2": clock(300.0)}, 1)) == 2


def test_what_is_uncertain_is_no_fault_but_told():
    assert clocks.clock_faults({"db1": clock(1.1, 0.2)}, 1) == []
    said = clocks.clock_faults({"db1": clock(1.1, 1.3)}, 1)
    assert said == [
        "The clock of db1 could be read to ± 1.3 s only, which does not tell whether it is within 1 s of the "
        "controller's. Look for what makes the connection slow."
    ]
