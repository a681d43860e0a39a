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
busy_wall_s 0.20 1.24
times
0m0.020000s 0m0.000000s
0m1.010000s 0m0.060000s
"""


def test_a_cgroup_limit_counts_where_it_is_less_than_the_memory_seen():
    assert read_node_resources(RUNC) == {
        "node": "n1",
        "kernel_release": "6.18.44",
        "cpus": 1.0,
        "processors": 2,
        "memory_mib": 1024,
        "data_filesystem": "ext4",
        "aio_max_nr": 1048576,
    }


def test_a_sandbox_without_cgroup_files_is_read():
    resources = read_node_resources(GVISOR)
    assert resources["memory_mib"] == 1024
    assert resources["cpus"] == 1.03  # 1.01 s + 0.06 s in 1.04 s
    assert resources["kernel_release"] == "4.4.0"
    assert resources["aio_max_nr"] is None


def test_cgroup_v2_says_max_where_there_is_no_limit():
    text = RUNC.replace("memory_limit_bytes 1073741824", "memory_limit_bytes max")
    assert read_node_resources(text)["memory_mib"] == 24105


def test_minutes_of_processor_time_count():
    text = GVISOR.replace("0.20 1.24", "100.00 170.00").replace("0m1.010000s 0m0.060000s", "1m10.0s 0m0.0s")
    assert read_node_resources(text)["cpus"] == 1.0


@pytest.mark.parametrize(("quota", "cpus"), [("150000 100000", 1.5), ("-1 100000", 2), ("400000 100000", 2)])
def test_a_quota_counts_up_to_the_processors_there_are(quota, cpus):
    assert read_node_resources(RUNC.replace("100000 100000", quota))["cpus"] == cpus


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "printed no processors"),
        (GVISOR.partition("times")[0], "`times` printed"),
        (RUNC.partition("cpu_quota")[0], "printed no busy_wall_s"),
        (RUNC.replace("data_filesystem ext4\n", ""), "printed no data_filesystem"),
        (GVISOR.replace("0.20 1.24", "0.20 0.20"), "something unexpected"),
        (GVISOR.replace("0m1.010000s 0m0.060000s", "soon"), "`times` printed"),
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
