# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.stress_command import WorkloadError, make_run

BLOG = {"name": "write", "operation": "write", "operations": 2500000, "threads": 200}


@pytest.mark.parametrize(
    ("changes", "command"),
    [
        (
            {},
            "cassandra-stress write no-warmup n=2500000 -node 127.0.0.1 -rate threads=200 -mode native cql3 "
            "-schema keyspace=ksX",
        ),
        (
            {"operations": None, "duration_s": 30, "operation": "read", "rate": {"mode": "fixed", "ops_per_s": 600}},
            "cassandra-stress read no-warmup duration=30s -node 127.0.0.1 -rate threads=200 fixed=600/s "
            "-mode native cql3 -schema keyspace=ksX",
        ),
        (
            {"operation": "mixed ratio(write=1,read=3)", "consistency": "QUORUM", "options": ["-log", "interval=5s"]},
            "cassandra-stress mixed 'ratio(write=1,read=3)' no-warmup n=2500000 cl=QUORUM -node 127.0.0.1 "
            "-rate threads=200 -mode native cql3 -schema keyspace=ksX -log interval=5s",
        ),
    ],
)
def test_the_command_is_the_one_of_2018_with_what_was_asked_for(changes, command):
    assert make_run({**BLOG, **changes}, ["127.0.0.1"], "ksX")["command"] == command


def test_the_latencies_histograms_go_where_they_are_asked_for():
    assert make_run(BLOG, ["a"], "k", "/output/hdr")["argv"][-2:] == ["-log", "hdrfile=/output/hdr"]
    with_log = {**BLOG, "options": ["-errors", "retries=3", "-log", "interval=5s"]}
    assert make_run(with_log, ["a"], "k", "/output/hdr")["argv"][-5:] == [
        "-errors", "retries=3", "-log", "hdrfile=/output/hdr", "interval=5s",
    ]  # fmt: skip


def test_a_rung_keeps_what_its_rate_is_a_fraction_of():
    rate = {"mode": "fixed", "ops_per_s": 437, "of": "read", "fraction": 0.5}
    run = make_run({**BLOG, "name": "read@0.5", "rate": rate}, ["a"], "k")
    assert "fixed=437/s" in run["argv"]
    assert run["asked"]["rate"] == rate


def test_every_node_is_named():
    assert "10.0.0.2,10.0.0.3" in make_run(BLOG, ["10.0.0.2", "10.0.0.3"], "ksX")["argv"]


def test_the_name_stands_in_for_the_operation():
    run = make_run({"name": "read", "operations": 1, "threads": 1}, ["a"], "k")
    assert run["operation"] == "read"
    assert run["argv"][1] == "read"


def test_asked_holds_what_the_judgement_needs():
    assert make_run({**BLOG, "error_limit": 3}, ["a"], "k")["asked"] == {
        "operations": 2500000,
        "duration_s": None,
        "threads": 200,
        "rate": {"mode": "closed", "ops_per_s": None},
        "consistency": None,
        "error_limit": 3,
        "littles_law_band": 0.15,
    }


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": ""}, "needs a name"),
        ({"treads": 3}, "unknown treads"),
        ({"duration_s": 5}, "exactly one of operations and duration_s"),
        ({"operations": None}, "exactly one of operations and duration_s"),
        ({"operations": 0}, "greater than 0"),
        ({"operations": "many"}, "a number is expected"),
        ({"threads": -1}, "greater than 0"),
        ({"threads": None}, "a number is expected"),
        ({"rate": {"mode": "slow"}}, "rate mode 'slow'; expected one of closed, fixed, throttle"),
        ({"rate": {"mode": "fixed"}}, "ops_per_s goes with"),
        ({"rate": {"ops_per_s": 100}}, "ops_per_s goes with"),
    ],
)
def test_a_workload_that_cannot_run_is_refused_by_name(changes, reason):
    with pytest.raises(WorkloadError, match=reason):
        make_run({**BLOG, **changes}, ["a"], "k")
