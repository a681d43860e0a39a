# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.cell_judgement import build_record
from ansible_collections.katabench.scylla.plugins.plugin_utils.record import RecordError
from ansible_collections.katabench.scylla.plugins.plugin_utils.stress_log import read_stress_log
from ansible_collections.katabench.scylla.tests.unit.campaign_folder import NO_AGENT, sandbox, starts

LOGS = Path(__file__).parents[3] / "data" / "stress-logs"
NODES = {
    "datacenters": ["dc1"],
    "nodes": [{"address": "172.18.0.2", "status": "U", "state": "N"}],
    "total": 1,
    "up_normal": 1,
}
ASKED = {
    "operations": 20000,
    "duration_s": None,
    "threads": 50,
    "rate": {"mode": "closed", "ops_per_s": None},
    "error_limit": 0,
    "littles_law_band": 0.15,
}
FAILURE = {"class": "cluster-start", "sentence": "Node n1 died."}


def workload(name="write", **other):
    return {
        "name": name,
        "operation": name,
        "command": "cassandra-stress write n=20000",
        "tool": {"name": "cassandra-stress", "version": "3.11.4"},
        "asked": ASKED,
        "rc": 0,
        "timed_out": False,
        "started_at": "2026-11-22T12:00:00Z",
        "finished_at": "2026-11-22T12:00:15.5Z",
        "nodes_before": NODES,
        "nodes_after": NODES,
        **other,
    }


def facts(**other):
    node = {"node": "n1", "kernel_release": "6.1.0", "cpus": 1.0, "memory_mib": 2048, "data_filesystem": "ext4"}
    return {
        "arm": {"name": "runc", "runtime": "runc"},
        "engine": {"name": "cassandra", "version": "5.0.6"},
        "image": None,
        "host": {},
        "cluster": {"nodes": 1, "node_cpus": 1, "node_memory_mib": 2048},
        "parity": {"nodes": [node]},
        "parity_band": 0.25,
        "workloads": [workload()],
        "started_at": "2026-11-22T12:00:00Z",
        "finished_at": "2026-11-22T12:02:00Z",
        **other,
    }


def found(sample):
    with (LOGS / sample / "stdout").open() as lines:
        return {"files": {"stdout": None, "stderr": None}, "log": read_stress_log(lines), "log_error": None}


def build(known, failure=None, workload_names=("write",), **raw):
    return build_record(
        run_id="r1",
        cell={"id": "db1/block-01/runc", "cluster": "db1", "block": 1, "position": 1, "arm": "runc"},
        facts=known,
        raw=raw or {"write": found("write")},
        failure=failure,
        workload_names=workload_names,
        versions={"collection": "0.1.0", "ansible_core": "2.19.14"},
    )


def faults(record):
    return [(failure["class"], failure["sentence"]) for failure in record["validity"]["failures"]]


def test_a_sound_cell_counts():
    record = build(facts())
    assert record["validity"] == {"valid": True, "failures": [], "marks": []}
    assert record["parity"]["valid"]
    assert record["workloads"][0]["validity"]["valid"]
    assert record["workloads"][0]["elapsed_s"] == 15.5


def test_a_duration_that_was_measured_is_not_replaced():
    assert build(facts(workloads=[workload(elapsed_s=14.9)]))["workloads"][0]["elapsed_s"] == 14.9


def test_one_invalid_workload_makes_the_cell_invalid_and_is_named():
    lost = {**NODES, "up_normal": 0, "nodes": [{"address": "172.18.0.2", "status": "D", "state": "N"}]}
    record = build(facts(workloads=[workload(nodes_after=lost)]))
    assert faults(record) == [
        ("node-lost", "write: 0 of 1 nodes were up and normal after the load (172.18.0.2 DN)."),
    ]


def test_broken_parity_makes_the_cell_invalid():
    node = {"node": "n1", "kernel_release": "6.1.0", "cpus": 8.0, "memory_mib": 2048, "data_filesystem": "ext4"}
    record = build(facts(parity={"nodes": [node]}))
    assert faults(record) == [("parity", "n1 has 8 CPUs where 1 were asked for (band 25%).")]
    assert not record["parity"]["valid"]


def test_an_arm_that_differs_on_purpose_is_judged_by_what_it_declares():
    node = {"node": "n1", "kernel_release": "6.1.0", "cpus": 4.0, "memory_mib": 3072, "data_filesystem": "9p"}
    arm = {"name": "kata-tuned", "runtime": "kata-tuned", "differs": "4 CPUs and 3 GiB."}
    declared = build(facts(arm={**arm, "node_cpus": 4, "node_memory_mib": 3072}, parity={"nodes": [node]}))
    assert declared["validity"]["valid"]
    kept_quiet = build(facts(arm=arm, parity={"nodes": [node]}))
    assert faults(kept_quiet) == [
        ("parity", "n1 has 4 CPUs where 1 were asked for (band 25%)."),
        ("parity", "n1 has 3072 MiB of memory where 2048 were asked for (band 25%)."),
    ]


def test_a_sandbox_and_starts_are_recorded_and_marked():
    node = {**facts()["parity"]["nodes"][0], "kernel_release": "6.1.0-kata", "aio_max_nr": 65536}
    attempts = starts({"node2": [NO_AGENT]})
    record = build(facts(sandbox=sandbox("tcg"), starts=attempts, parity={"nodes": [node]}))
    assert (record["sandbox"], record["starts"]) == (sandbox("tcg"), attempts)
    assert record["parity"]["nodes"][0]["aio_max_nr"] == 65536
    assert record["validity"] == {
        "valid": True,
        "failures": [],
        "marks": [
            "ran under software emulation (QEMU emulator version 2.11.0 without KVM): its figures say how it behaves, "
            "not what it costs",
            f"node node2 started at attempt 2: {NO_AGENT}",
        ],
    }


def test_without_a_sandbox_nothing_is_marked():
    record = build(facts())
    assert (record["sandbox"], record["starts"]) == (None, [])


def test_nodes_that_ran_in_another_kernel_than_was_proven_do_not_count():
    record = build(facts(sandbox=sandbox("kvm")))
    assert faults(record) == [
        (
            "parity",
            "n1 has kernel 6.1.0, the sandbox was proven with 6.1.0-kata: it did not run in what the record describes.",
        )
    ]


def test_starts_are_kept_when_the_cluster_never_came_up():
    attempts = starts({"node1": [NO_AGENT]})[:1]
    record = build(facts(engine=None, parity={"nodes": []}, workloads=[], starts=attempts), failure=FAILURE)
    assert record["starts"] == attempts
    assert record["validity"]["marks"] == [f"node node1 did not start in 1 attempt: {NO_AGENT}"]


def test_a_cluster_that_came_up_and_was_not_measured_does_not_count():
    assert [name for name, _ in faults(build(facts(parity={"nodes": []})))] == ["parity"]


def test_what_stopped_the_cell_is_the_first_and_only_reason_when_nothing_ran():
    record = build(facts(engine=None, parity={"nodes": []}, workloads=[]), failure=FAILURE)
    assert record["validity"] == {"valid": False, "failures": [FAILURE], "marks": []}
    assert record["parity"] is None


def test_what_stopped_the_cell_comes_before_what_its_workloads_say():
    record = build(facts(workloads=[workload(rc=137)]), failure={**FAILURE, "class": "node-lost"})
    assert [name for name, _ in faults(record)] == ["node-lost", "loader-failed"]


def test_a_workload_that_never_started_makes_the_cell_incomplete():
    record = build(facts(), workload_names=["write", "read"])
    assert faults(record) == [("incomplete", "read: the workload was asked for and never started.")]


def test_a_log_that_cannot_be_read_is_told_with_its_reason():
    unread = {"files": {"stdout": None, "stderr": None}, "log": None, "log_error": "the load generator left no stdout"}
    assert "left no stdout" in faults(build(facts(), write=unread))[0][1]


def test_marks_name_their_workload():
    asked = {**ASKED, "operations": None, "threads": 20, "rate": {"mode": "fixed", "ops_per_s": 6000}}
    record = build(facts(workloads=[workload(asked=asked)]), write=found("fixed-overload"))
    assert record["validity"]["marks"][0].startswith("write: Target missed: ")


@pytest.mark.parametrize(
    ("known", "sentence"),
    [
        ({"host": {}}, "The facts of cell db1/block-01/runc lack arm, cluster, finished_at, "),
        (facts(cluster={"nodes": 1, "node_cpus": 1}), "at $.cluster, 'node_memory_mib' is a required property"),
        (facts(parity_band=None), "at $.parity.band, None is not of type 'number'"),
        (facts(parity={"nodes": [{"node": "n1"}]}), "at $.parity.nodes[0], "),
        (facts(sandbox={"profile": "kata"}), "at $.sandbox, 'accelerator' is a required property"),
        (facts(sandbox=sandbox("software")), "at $.sandbox.accelerator, 'software' is not one of"),
        (facts(starts=[{"node": "n1", "attempt": 1}]), "at $.starts[0], 'failed' is a required property"),
        (
            facts(starts=[{"node": "n1", "attempt": 1, "failed": True, "sentence": None}]),
            "at $.starts[0].sentence, None is not of type 'string'",
        ),
        (facts(arm={"name": "a", "runtime": "r", "storage": "nfs"}), "at $.arm.storage, 'nfs' is not one of"),
        (facts(arm={"name": "a", "runtime": "r", "node_cpus": 0}), "at $.arm.node_cpus, 0 is less than or equal to"),
        (facts(workloads=[workload(asked=None)]), "at $.workloads[0].asked, None is not of type 'object'"),
        (facts(workloads=[workload(nodes_after={})]), "at $.workloads[0].nodes_after, "),
        (facts(workloads=[workload(finished_at="noon")]), "at $.workloads[0]."),
    ],
)
def test_facts_of_another_form_are_refused_before_they_are_judged(known, sentence):
    with pytest.raises(RecordError) as refused:
        build(known)
    assert sentence in str(refused.value)


def shared(**others):
    """Return facts and raw of a load by two loaders, of which the second has `others`."""
    half = {**ASKED, "operations": 10000, "threads": 25}
    loader = {
        "command": "cassandra-stress write n=10000",
        "asked": half,
        "rc": 0,
        "timed_out": False,
        "interrupted": False,
    }
    loader["fault"] = None
    loaders = [{"name": "l1", **loader}, {"name": "l2", **loader, **others}]
    parts = {"l1": found("write"), "l2": found("write")}
    for part in parts.values():
        part["log"]["blocks"][0]["threads"] = 25
        part["log"]["blocks"][0]["total"] |= {"op_rate": 726, "total_partitions": 10000}
    merged = {**found("write"), "parts": parts}
    return facts(workloads=[workload(loaders=loaders, start_at_s=1_800_000_000.0)]), merged


def test_a_load_by_two_loaders_counts_where_both_shares_do():
    known, raw = shared()
    record = build(known, write=raw)
    assert record["validity"] == {"valid": True, "failures": [], "marks": []}
    assert [loader["name"] for loader in record["workloads"][0]["loaders"]] == ["l1", "l2"]


def test_a_loader_out_of_reach_makes_the_load_incomplete():
    known, raw = shared(fault="l2 could not be reached for 600 s during the load write.", rc=None)
    raw["parts"]["l2"] |= {"log": None, "log_error": "the load generator left no stdout"}
    raw |= {"log": None, "log_error": "of 2 loaders l2 left no whole result"}
    validity = build(known, write=raw)["validity"]
    assert not validity["valid"]
    assert validity["failures"] == [
        {
            "class": "incomplete",
            "sentence": "write: l2 could not be reached for 600 s during the load write. What the others did is not "
            "the load.",
        }
    ]


def test_a_lost_node_is_said_once_for_all_loaders():
    known, raw = shared()
    known["workloads"][0]["nodes_after"] = {**NODES, "up_normal": 0}
    sentences = [failure["sentence"] for failure in build(known, write=raw)["validity"]["failures"]]
    assert sentences == ["write: 0 of 1 nodes were up and normal after the load (172.18.0.2 UN)."]


def test_the_share_that_failed_is_named():
    known, raw = shared()
    raw["parts"]["l2"]["log"]["blocks"][0]["total"] |= {"total_errors": 3}
    sentences = [failure["sentence"] for failure in build(known, write=raw)["validity"]["failures"]]
    assert sentences == ["write: l2: 3 of 10,000 operations failed; at most 0 may."]


def test_a_loader_that_began_late_is_a_mark():
    known, raw = shared(began_at="2027-01-15T08:00:04Z")
    assert build(known, write=raw)["validity"]["marks"] == [
        "write: The loader l2 began 4.0 s after the others: rates add up only where loads overlap."
    ]
