# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.quiet import (
    DEFAULTS,
    load_disturbances,
    quiet_faults,
    threshold_faults,
)

QUIET = {
    "settled": True,
    "waited_s": 2.0,
    "cpu_busy_share": 0.02,
    "steal_share": 0.0,
    "load_1min": 0.4,
    "memory_available_mib": 60000,
    "swap_used_mib": 0,
    "governor": "performance",
    "turbo": True,
    "throttle_count": 12,
    "temperature_c": 45.0,
    "clocksource": "tsc",
    "clock_synchronised": True,
    "busiest": [{"name": "dockerd", "cpus": 0.01}],
}
# A host of 4 processors, of which the loader took 1 and two nodes of 1 processor could have taken 2, for 10 s.
LOAD = {
    "seconds": 10.0,
    "processors": 4,
    "cpu_busy_share": 0.75,
    "steal_share": 0.0,
    "cpu_busy_s": 30.0,
    "loader_cpu_s": 10.0,
    "loader_cpus": 1.0,
    "throttled": 0,
}


def test_a_quiet_host_has_no_faults():
    assert quiet_faults(QUIET, {}) == []


def test_the_sentence_says_what_was_found_what_is_expected_and_what_to_do():
    busy = {**QUIET, "cpu_busy_share": 0.434, "busiest": [{"name": "java", "cpus": 0.8}, {"name": "tar", "cpus": 0.05}]}
    assert quiet_faults(busy, {}) == [
        "The host was 43.4% busy before the cell (busiest: java 0.8 CPUs, tar 0.05 CPUs); at most 10% is allowed: end "
        "what else runs there."
    ]


@pytest.mark.parametrize(
    ("found", "says"),
    [
        ({"cpu_busy_share": 0.101, "busiest": []}, "was 10.1% busy before the cell; at most 10% is"),
        ({"steal_share": 0.05}, "5% of the host's processor time to others before the cell (steal); at most 2% is"),
        ({"governor": "powersave"}, "is powersave; performance is expected: `cpupower frequency-set"),
        ({"governor": "performance, powersave"}, "is performance, powersave; performance is expected"),
        ({"memory_available_mib": 300}, "300 MiB of the host's memory were available before the cell; at least 512"),
        ({"swap_used_mib": 2048}, "2,048 MiB of the host's swap were in use before the cell; at most 64 MiB"),
        ({"clock_synchronised": False}, "clock is not synchronised"),
    ],
)
def test_each_threshold_of_a_server_has_its_sentence(found, says):
    (sentence,) = quiet_faults({**QUIET, **found}, {})
    assert says in sentence


@pytest.mark.parametrize(
    ("thresholds", "says"),
    [
        ({"turbo": False}, "turbo is on; it should be off"),
        ({"temperature_c": 40}, "at 45 °C before the cell; at most 40 °C"),
        ({"load_1min": 0.3}, "load average over a minute was 0.4 before the cell; at most 0.3"),
        ({"cpu_busy_share": 0.01}, "was 2% busy before the cell (busiest: dockerd 0.01 CPUs); at most 1%"),
        ({"governor": "schedutil"}, "is performance; schedutil is expected"),
    ],
)
def test_a_threshold_that_is_given_is_judged(thresholds, says):
    (sentence,) = quiet_faults(QUIET, thresholds)
    assert says in sentence


def test_the_threshold_itself_is_allowed():
    assert quiet_faults({**QUIET, "cpu_busy_share": 0.1, "steal_share": 0.02, "memory_available_mib": 512}, {}) == []
    assert load_disturbances({**LOAD, "loader_cpus": 2.8}, {"loader_cpu_share": 0.7}) == []


def test_what_a_host_does_not_tell_is_not_judged():
    assert quiet_faults(dict.fromkeys(QUIET), {"turbo": True, "temperature_c": 1, "load_1min": 0}) == []
    assert quiet_faults({}, {}) == []
    assert load_disturbances(dict.fromkeys(LOAD), {}, nodes_cpus=2) == []


def test_a_threshold_of_none_judges_nothing():
    noisy = {
        "cpu_busy_share": 1.0,
        "steal_share": 0.5,
        "governor": "powersave",
        "memory_available_mib": 1,
        "swap_used_mib": 9999,
        "clock_synchronised": False,
    }
    assert len(quiet_faults(noisy, {})) == 6
    assert quiet_faults(noisy, dict.fromkeys(DEFAULTS)) == []
    assert load_disturbances({**LOAD, "loader_cpus": 4.0, "throttled": 3}, dict.fromkeys(DEFAULTS), nodes_cpus=0) == []


def test_an_undisturbed_load():
    assert load_disturbances(LOAD, {}, loader_processors=2, nodes_cpus=2) == []


@pytest.mark.parametrize(
    ("found", "loader_processors", "says"),
    [
        ({"steal_share": 0.031}, None, "3.1% of the host's processor time to others during the load"),
        ({"loader_cpus": 3.2}, None, "took 80% of the 4 CPUs that it may use during the load; at most 70%"),
        ({"loader_cpus": 1.5}, 2, "took 75% of the 2 CPUs"),
        ({"throttled": 1500}, None, "throttled for heat 1,500 times during the load; at most 0 is"),
    ],
)
def test_what_disturbs_a_load_is_named(found, loader_processors, says):
    (sentence,) = load_disturbances({**LOAD, **found}, {}, loader_processors)
    assert says in sentence


def test_a_busy_host_is_named_only_where_somebody_else_is_behind_it():
    saturated = {**LOAD, "cpu_busy_share": 1.0, "cpu_busy_s": 40.0}
    # 40 CPU seconds in 10 s are 4 CPUs: 1 of the loader's, up to 2 of the nodes', so 1 of somebody else's.
    (sentence,) = load_disturbances(saturated, {}, nodes_cpus=2)
    assert sentence.startswith(
        "Something else took at least 1.0 of the host's 4 CPUs during the load: 4.0 were busy, the loader had 1.0 of "
        "them and the nodes have 2 at most; 10% is allowed"
    )
    assert load_disturbances(saturated, {}, nodes_cpus=3) == []
    assert load_disturbances(saturated, {}) == []
    assert load_disturbances(saturated, {"other_cpu_share": 0.3}, nodes_cpus=2) == []


@pytest.mark.parametrize("thresholds", [{}, DEFAULTS, {"turbo": True, "governor": None, "throttled": 3}])
def test_thresholds_that_can_be_used(thresholds):
    assert threshold_faults(thresholds) == []


@pytest.mark.parametrize(
    ("thresholds", "says"),
    [
        ([], "give a dictionary of cpu_busy_share, steal_share"),
        ({"cpu_bussy_share": 0.1}, "no threshold 'cpu_bussy_share': there are cpu_busy_share, "),
        ({"cpu_bussy_share": 0.1}, "Did you mean 'cpu_busy_share'?"),
        ({"steal_share": 5}, "steal_share is 5: give a share from 0 to 1"),
        ({"steal_share": "2%"}, "steal_share is '2%': give a number"),
        ({"loader_cpu_share": True}, "loader_cpu_share is True: give a number"),
        ({"swap_used_mib": -1}, "swap_used_mib is -1: give a number of at least 0"),
        ({"turbo": "off"}, "turbo is 'off': give true, false, or null"),
        ({"governor": 1}, "governor is 1: give the name"),
    ],
)
def test_thresholds_that_cannot_be_used_are_named(thresholds, says):
    (fault,) = threshold_faults(thresholds)
    assert says in fault


def test_every_fault_of_the_thresholds_is_named():
    assert len(threshold_faults({"a": 1, "steal_share": 5, "turbo": 1})) == 3
