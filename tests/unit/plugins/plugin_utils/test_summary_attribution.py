# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.summary_attribution import attribute
from ansible_collections.katabench.scylla.tests.unit import campaign_folder

ARMS = ["runc", "runc-again", "gvisor"]


@pytest.fixture
def records():
    return [record for record in campaign_folder.grown_campaign().records if record["cell"]["block"]]


def entry(records, probe, arm):
    found = attribute(records, ARMS, "runc")
    return next(entry for entry in found if (entry["probe"], entry["arm"]) == (probe, arm))


def test_a_probe_is_compared_block_by_block(records):
    gvisor = entry(records, "tcp-round-trip", "gvisor")
    assert (gvisor["layer"], gvisor["unit"], gvisor["better"]) == ("network", "µs", "lower")
    # 118 of gvisor against 31 of runc, which drift a little, each in its own way.
    assert gvisor["ratio"] == pytest.approx(118 / 31, rel=0.01)
    assert gvisor["ratio_low"] < gvisor["ratio"] < gvisor["ratio_high"]
    assert (gvisor["blocks"], gvisor["failures"]) == (5, [])
    assert entry(records, "tcp-round-trip", "runc")["ratio"] is None


def test_values_are_medians(records):
    for record, value in zip(
        [record for record in records if record["cell"]["arm"] == "runc"], (9.0, 1.0, 3.0, 5.0, 2.0), strict=True
    ):
        record["attribution"]["probes"] = [
            {"probe": "cpu", "layer": "cpu", "value": value, "unit": "events/s", "better": "higher"}
        ]
    assert entry(records, "cpu", "runc")["value"] == 3.0


def test_a_probe_that_failed_says_why_once(records):
    gvisor = entry(records, "disk-write-direct", "gvisor")
    assert (gvisor["value"], gvisor["ratio"], gvisor["blocks"]) == (None, None, 0)
    assert gvisor["failures"] == [campaign_folder.NO_DIRECT]
    assert (gvisor["layer"], gvisor["unit"]) == ("storage", "IOPS")  # from the other arms


def test_a_probe_that_failed_under_every_arm_is_listed(records):
    for record in records:
        record["attribution"] = {"probes": [], "failures": [{"probe": "tcp-throughput", "sentence": "No iperf3."}]}
    runc = entry(records, "tcp-throughput", "runc")
    assert (runc["layer"], runc["value"], runc["failures"]) == (None, None, ["No iperf3."])


def test_processor_time_of_the_host_without_the_loaders(records):
    # Block 1: (36.36 s - 12.12 s) for 20,000 writes are 1.212 s for 1,000; block 3, the median, 1.236 s.
    name = "cpu-per-1000-ops write"
    assert entry(records, name, "runc")["value"] == pytest.approx(1.236)
    gvisor = entry(records, name, "gvisor")
    assert gvisor["value"] == pytest.approx(32 * 1.03 / 20)
    assert gvisor["ratio"] == pytest.approx(32 / 24)
    assert (gvisor["layer"], gvisor["unit"]) == ("overhead", "CPU s per 1,000 operations")


@pytest.mark.parametrize("key", ["cpu_busy_s", "loader_cpu_s"])
def test_without_its_samples_the_processor_time_is_not_known(records, key):
    for record in records:
        record["workloads"][0]["host_load"][key] = None
    probes = {entry["probe"] for entry in attribute(records, ARMS, "runc")}
    assert "cpu-per-1000-ops write" not in probes
    assert "cpu-per-1000-ops read" in probes


def test_the_time_until_cql_answers_is_that_of_the_first_nodes_attempt_that_succeeded(records):
    for record in records:
        if record["cell"]["arm"] == "gvisor":
            record["starts"] = [
                {"node": "node1", "attempt": 1, "elapsed_s": 600.0, "failed": True, "sentence": "It did not answer."},
                {"node": "node1", "attempt": 2, "elapsed_s": 41.0, "failed": False, "sentence": None},
                {"node": "node2", "attempt": 1, "elapsed_s": 90.0, "failed": False, "sentence": None},
            ]
    gvisor = entry(records, "cql-ready", "gvisor")
    assert (gvisor["value"], gvisor["unit"], gvisor["layer"]) == (41.0, "s", "start")
    assert gvisor["ratio"] == pytest.approx(2.0)  # 20.5 s under runc


def test_a_value_of_zero_has_no_ratio(records):
    for record in records:
        for probe in record["attribution"]["probes"]:
            if probe["probe"] == "memory-overhead" and record["cell"]["arm"] == "runc":
                probe["value"] = 0
    assert entry(records, "memory-overhead", "runc")["value"] == 0
    assert entry(records, "memory-overhead", "gvisor")["ratio"] is None


def test_a_value_that_is_no_number_is_left_out(records):
    records[0]["attribution"]["probes"][0]["value"] = float("nan")
    arm = records[0]["cell"]["arm"]
    found = attribute(records, ARMS, "gvisor" if arm != "gvisor" else "runc")
    [first] = [entry for entry in found if (entry["probe"], entry["arm"]) == ("disk-read-direct", arm)]
    assert first["blocks"] == 4


def test_records_of_earlier_versions_tell_little(records):
    for record in records:
        for key in ("attribution", "starts"):
            del record[key]
        for workload in record["workloads"]:
            del workload["host_load"]
    assert attribute(records, ARMS, "runc") == []
