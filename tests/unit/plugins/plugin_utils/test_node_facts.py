# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.node_facts import (
    NodeFactsError,
    read_engine,
    read_node_resources,
)

# Printed by roles/scylla/files/measure.sh in containers with one processor and 1 GiB, on a host with two and 24 GiB.
RUNC = """\
node n1
kernel_release 6.18.44
memory_total_kib 24684084
memory_limit_bytes 1073741824
aio_max_nr 1048576
data_filesystem ext4
processors 2
cpu_quota 100000 100000
"""
GVISOR = """\
node n1
kernel_release 4.4.0
memory_total_kib 1048576
data_filesystem 9p
processors 2
counted_alone 1071550
counted_together 666425 668370
"""


# The same, in newer words. The sandbox's kernel has fewer settings, and tells no processors that it may run on.
RUNC_PARAMETERS = """\
parameter fs.aio-max-nr 1048576
parameter vm.swappiness 60
parameter net.ipv4.tcp_congestion_control bbr
parameter clocksource tsc
parameter nofile 20000
parameter transparent_hugepage madvise
cpuset 0-1
"""
GVISOR_PARAMETERS = "parameter vm.max_map_count 2147483647\nparameter nofile 20000\n"


def test_a_cgroup_limit_counts_where_it_is_less_than_the_memory_seen():
    assert read_node_resources(RUNC) == {
        "node": "n1",
        "kernel_release": "6.18.44",
        "cpus": 1.0,
        "processors": 2,
        "memory_mib": 1024,
        "data_filesystem": "ext4",
        "aio_max_nr": 1048576,
        "cpuset": None,
        "parameters": {},
    }


def test_kernel_settings_and_the_processors_it_may_run_on_are_read():
    resources = read_node_resources(RUNC.replace("processors 2\n", RUNC_PARAMETERS + "processors 2\n"))
    assert resources["cpuset"] == "0-1"
    assert resources["processors"] == 2
    assert resources["parameters"] == {
        "fs.aio-max-nr": "1048576",
        "vm.swappiness": "60",
        "net.ipv4.tcp_congestion_control": "bbr",
        "clocksource": "tsc",
        "nofile": "20000",
        "transparent_hugepage": "madvise",
    }


def test_what_a_sandbox_does_not_tell_is_left_out():
    resources = read_node_resources(GVISOR.replace("processors 2\n", GVISOR_PARAMETERS + "processors 2\n"))
    assert resources["cpuset"] is None
    assert resources["parameters"] == {"vm.max_map_count": "2147483647", "nofile": "20000"}


def test_a_sandbox_without_cgroup_files_is_read():
    resources = read_node_resources(GVISOR)
    assert resources["memory_mib"] == 1024
    assert resources["cpus"] == 1.25  # 666425 + 668370 of 1071550
    assert resources["kernel_release"] == "4.4.0"
    assert resources["aio_max_nr"] is None


def test_cgroup_v2_says_max_where_there_is_no_limit():
    text = RUNC.replace("memory_limit_bytes 1073741824", "memory_limit_bytes max")
    assert read_node_resources(text)["memory_mib"] == 24105


@pytest.mark.parametrize(
    ("together", "cpus"), [("1000 1000", 2.0), ("500 500", 1.0), ("700 800", 1.5), ("1010 1040", 2.0)]
)
def test_busy_loops_that_hold_each_other_back_show_a_limit(together, cpus):
    text = GVISOR.replace("1071550", "1000").replace("666425 668370", together)
    assert read_node_resources(text)["cpus"] == cpus


@pytest.mark.parametrize(("quota", "cpus"), [("150000 100000", 1.5), ("-1 100000", 2), ("400000 100000", 2)])
def test_a_quota_counts_up_to_the_processors_there_are(quota, cpus):
    assert read_node_resources(RUNC.replace("100000 100000", quota))["cpus"] == cpus


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "printed no processors"),
        (GVISOR.partition("counted_together")[0], "printed no counted_together"),
        (RUNC.partition("cpu_quota")[0], "printed no counted_together"),
        (RUNC.replace("data_filesystem ext4\n", ""), "printed no data_filesystem"),
        (GVISOR.replace("1071550", "0"), "something unexpected"),
        (GVISOR.replace("668370", "soon"), "something unexpected"),
        (RUNC.replace("24684084", "plenty"), "something unexpected"),
        (RUNC.replace("1048576", "many"), "something unexpected"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(text, reason):
    with pytest.raises(NodeFactsError, match=reason):
        read_node_resources(text)


@pytest.mark.parametrize(
    ("text", "engine"),
    [
        ("ReleaseVersion: 5.0.6\n", {"name": "cassandra", "version": "5.0.6"}),
        ("WARN something\nReleaseVersion: 4.1.11", {"name": "cassandra", "version": "4.1.11"}),
        ("2025.1.2-0.20250422.5d4a\n", {"name": "scylla", "version": "2025.1.2-0.20250422.5d4a"}),
    ],
)
def test_the_engine_is_what_the_node_says(text, engine):
    assert read_engine(text) == engine


@pytest.mark.parametrize("text", ["", "sh: nodetool: not found", "connection refused\n2025.1.2-0"])
def test_an_engine_is_never_guessed(text):
    with pytest.raises(NodeFactsError, match="was expected"):
        read_engine(text)
