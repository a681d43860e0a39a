# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
from statistics import stdev

import pytest
from scipy import stats

from ansible_collections.katabench.scylla.plugins.plugin_utils.summary import summarise
from ansible_collections.katabench.scylla.tests.unit import campaign_folder


@pytest.fixture
def grown():
    return campaign_folder.grown_campaign()


def row(grown, workload, arm):
    summary = summarise(grown.campaign, grown.records, stops=grown.stops, ladders=grown.ladders)
    rows = summary["clusters"][0]["rows"]
    return next(row for row in rows if (row["workload"], row["arm"]) == (workload, arm))


def workload_of(grown, cell_id, name):
    record = next(record for record in grown.records if record["cell"]["id"] == cell_id)
    return next(workload for workload in record["workloads"] if workload["name"] == name)


def geometric_mean(ratios):
    return math.prod(ratios) ** (1 / len(ratios))


def test_a_closed_loop_is_compared_by_op_rate(grown):
    gvisor = row(grown, "write", "gvisor")
    assert (gvisor["figure"], gvisor["rate_mode"], gvisor["target_ops_per_s"]) == ("op_rate", "closed", None)
    assert (gvisor["achieved_share"], gvisor["targets_missed"]) == (None, 0)
    assert gvisor["ratio"] == pytest.approx(
        geometric_mean([623 / 1214, 611 / 1261, 640 / 1240, 618 / 1222, 633 / 1250])
    )
    assert gvisor["verdict"] == "slower"
    # The steady part of gvisor is 4 % above its op rate, that of runc 2 %.
    assert gvisor["op_rate_steady"] == 647.9
    assert gvisor["check"]["steady_ratio"] == pytest.approx(gvisor["ratio"] * 1.04 / 1.02, rel=0.001)


def test_a_load_at_a_rate_is_compared_by_the_percentile_of_each_blocks_own_histogram(grown):
    gvisor = row(grown, "read@0.5", "gvisor")
    assert gvisor["figure"] == "latency_p99_ms"
    assert (gvisor["rate_mode"], gvisor["rate_of"], gvisor["rate_fraction"]) == ("fixed", "read", 0.5)
    assert gvisor["ratio"] == pytest.approx(
        geometric_mean([4.2 / 2.0, 4.0 / 2.1, 4.3 / 1.9, 4.1 / 2.0, 4.2 / 2.05]), rel=0.002
    )
    assert gvisor["change_percent"] == pytest.approx((gvisor["ratio"] - 1) * 100)
    assert (gvisor["blocks"], gvisor["verdict"]) == (5, "higher latency")
    assert gvisor["check"]["steady_ratio"] is None
    assert gvisor["latency_p99_ms"] == 12.6  # what was printed: the median of 12.6, 12.0, 12.9, 12.3 and 12.6


@pytest.mark.parametrize(
    ("workload", "arm", "verdict"),
    [
        ("write", "runc", None),
        ("write", "runc-again", "no difference shown"),
        ("read@0.5", "runc-again", "no difference shown"),
        ("read", "gvisor", "slower"),
    ],
)
def test_verdicts(grown, workload, arm, verdict):
    found = row(grown, workload, arm)
    assert found["verdict"] == verdict
    assert found["sentence"].startswith("no difference shown: ") == (verdict == "no difference shown")


def test_what_is_better_than_the_baseline_is_called_so(grown):
    grown.campaign["settings"]["baseline"] = "gvisor"
    assert row(grown, "read", "runc")["verdict"] == "faster"
    assert row(grown, "read@0.5", "runc")["verdict"] == "lower latency"


def test_targets_that_were_missed_are_counted_and_said(grown):
    gvisor = row(grown, "read@1", "gvisor")
    assert gvisor["target_ops_per_s"] == 800
    assert gvisor["achieved_share"] == 0.9975  # of 800, 796, 800, 700 and 798
    assert gvisor["targets_missed"] == 1
    assert gvisor["sentence"].endswith(", target missed in 1 of 5 replicates")
    assert "target" not in row(grown, "read@1", "runc")["sentence"]


@pytest.mark.parametrize(
    ("op_rate", "time_s", "missed"),
    [
        # The loader counts up to a second that had no load: 719 op/s over 20 s may be 757 over 19, which are 94.6 %.
        (719, 20, 1),
        (723, 20, 0),
        (759, None, 1),
        (761, None, 0),
        (100, 1, 0),  # nothing can be said
    ],
)
def test_a_target_is_missed_by_the_rule_by_which_cells_are_marked(grown, op_rate, time_s, missed):
    block = workload_of(grown, "db1/block-04/gvisor", "read@1")["result"]["blocks"][0]
    block["total"]["op_rate"], block["total_operation_time_s"] = op_rate, time_s
    assert row(grown, "read@1", "gvisor")["targets_missed"] == missed


def test_the_smallest_difference_that_could_have_been_shown(grown):
    # By hand with another library: (t(0.975) + t(0.8)) s / √n of the five log-ratios, back as a percentage.
    spread = stdev(math.log(ratio) for ratio in (623 / 1214, 611 / 1261, 640 / 1240, 618 / 1222, 633 / 1250))
    difference = (stats.t.ppf(0.975, 4) + stats.t.ppf(0.8, 4)) * spread / math.sqrt(5)
    assert row(grown, "write", "gvisor")["smallest_difference_percent"] == pytest.approx(
        100 * (1 - math.exp(-difference))
    )
    assert row(grown, "write", "runc")["smallest_difference_percent"] is None


def test_a_latency_worsens_by_rising(grown):
    spread = stdev(math.log(ratio) for ratio in (4.2 / 2.0, 4.0 / 2.1, 4.3 / 1.9, 4.1 / 2.0, 4.2 / 2.05))
    difference = (stats.t.ppf(0.975, 4) + stats.t.ppf(0.8, 4)) * spread / math.sqrt(5)
    assert row(grown, "read@0.5", "gvisor")["smallest_difference_percent"] == pytest.approx(
        100 * (math.exp(difference) - 1), rel=0.02
    )


def test_ratios_are_looked_at_in_other_ways(grown):
    check = row(grown, "write", "gvisor")["check"]
    # The third of the ordered log-ratios is that of block 4; the median of all pairwise means lies beside it.
    assert check["hodges_lehmann"] == pytest.approx(618 / 1222, rel=0.005)
    assert 611 / 1261 < check["bootstrap_low"] < check["hodges_lehmann"] < check["bootstrap_high"] < 640 / 1240


def test_histograms_are_merged_over_the_blocks(grown):
    hdr = row(grown, "read@0.5", "runc")["hdr"]
    # Half of each block's 6,000 operations took 1.9 to 2.1 ms; beyond three times 2.1 there are 60 of each block,
    # and 6 beyond six times that. 99.99 % asks for 100,000 operations.
    assert (hdr["tag"], hdr["complete"], hdr["sentence"], hdr["count"]) == ("READ-rt", True, None, 30000)
    assert hdr["percentiles"].pop("99.99") is None
    told = {"50": 2.1, "90": 3.15, "95": 4.2, "99": 6.3, "99.9": 12.6}
    assert hdr["percentiles"] == pytest.approx(told, rel=0.001)
    percents, latencies = zip(*hdr["curve"], strict=True)
    assert list(percents) == sorted(percents)
    assert list(latencies) == sorted(latencies)
    assert 99.9 < percents[-1] <= 99.97  # 10 of 30,000 lie beyond 99.967 %


def test_a_closed_loop_shows_service_times(grown):
    assert row(grown, "write", "runc")["hdr"]["tag"] == "WRITE-st"


@pytest.mark.parametrize(
    ("hdr", "sentence"),
    [
        (None, "db1/block-02/gvisor: there is no HDR log."),
        (
            {"complete": False, "sentence": "The HDR log is empty.", "tags": {}},
            "db1/block-02/gvisor: The HDR log is empty.",
        ),
    ],
)
def test_a_histogram_that_is_missing_leaves_no_percentile(grown, hdr, sentence):
    workload_of(grown, "db1/block-02/gvisor", "read@0.5")["hdr"] = hdr
    gvisor = row(grown, "read@0.5", "gvisor")
    assert gvisor["hdr"]["complete"] is False
    assert gvisor["hdr"]["sentence"] == f"The merged histogram is incomplete, so no percentile is told. {sentence}"
    assert (set(gvisor["hdr"]["percentiles"].values()), gvisor["hdr"]["curve"]) == ({None}, [])
    assert (gvisor["blocks"], gvisor["replicates_valid"]) == (4, 5)
    assert "n = 4 blocks" in gvisor["sentence"]
    assert row(grown, "read@0.5", "runc")["hdr"]["complete"] is True


def test_a_histogram_that_was_cut_is_left_out_of_the_ratio(grown):
    tags = workload_of(grown, "db1/block-02/gvisor", "read@0.5")["hdr"]["tags"]
    tags["READ-rt"]["steady_histogram"] = tags["READ-rt"]["steady_histogram"][:40]
    gvisor = row(grown, "read@0.5", "gvisor")
    assert gvisor["hdr"]["complete"] is False
    assert "db1/block-02/gvisor: its histogram of READ-rt is not whole" in gvisor["hdr"]["sentence"]
    assert gvisor["blocks"] == 4


def test_without_any_histogram_there_is_no_ratio_at_a_rate(grown):
    for record in grown.records:
        for workload in record["workloads"]:
            del workload["hdr"]
    gvisor = row(grown, "read@0.5", "gvisor")
    assert (gvisor["hdr"], gvisor["ratio"], gvisor["check"], gvisor["verdict"]) == (None, None, None, None)
    assert gvisor["sentence"] == (
        "has no ratio: no block holds a whole histogram of enough operations of both gvisor and runc"
    )
    assert row(grown, "read", "gvisor")["verdict"] == "slower"


def test_of_several_operations_the_most_frequent_is_shown_and_the_others_named(grown):
    for record in grown.records:
        for workload in record["workloads"]:
            if workload["name"] == "read@0.5":
                few = campaign_folder.histogram({5.0: 1200})
                workload["hdr"]["tags"]["WRITE-rt"] = {"count": 1200, "histogram": few}
                workload["hdr"]["tags"]["WRITE-st"] = {"count": 1200, "histogram": few}
    hdr = row(grown, "read@0.5", "runc")["hdr"]
    assert (hdr["tag"], hdr["count"]) == ("READ-rt", 30000)
    assert hdr["sentence"] == "These are READ-rt; histograms of WRITE-rt are kept in the records."


def test_what_nodes_see_is_named_and_what_is_declared_counts(grown):
    grown.campaign["settings"]["parity"] = "enforce"
    gvisor = row(grown, "write", "gvisor")
    assert gvisor["unlike"] == [
        "it has a kernel of its own, 4.4.0 where runc has 6.1.0-18-amd64",
        "net.core.somaxconn is 128 where runc has 4096",
    ]
    assert (gvisor["undeclared"], gvisor["valid"], gvisor["verdict"]) == ([], True, "slower")
    assert row(grown, "write", "runc-again")["unlike"] == []


@pytest.fixture
def fewer_cpus(grown):
    for record in grown.records:
        if record["cell"]["arm"] == "gvisor":
            for node in record["parity"]["nodes"]:
                node["cpus"] = 2
    return grown


UNDECLARED = "it has 2 CPUs where runc has 1"


def test_an_arm_that_differs_undeclared_does_not_count(fewer_cpus):
    fewer_cpus.campaign["settings"]["parity"] = "enforce"
    gvisor = row(fewer_cpus, "write", "gvisor")
    assert (gvisor["undeclared"], gvisor["valid"]) == ([UNDECLARED], False)
    assert (gvisor["ratio"], gvisor["blocks"], gvisor["check"], gvisor["verdict"]) == (None, 0, None, None)
    assert gvisor["sentence"] == f"does not count, as it differs without having declared it ({UNDECLARED})"
    assert gvisor["op_rate"] == 623
    assert row(fewer_cpus, "write", "runc")["valid"] is True


def test_where_parity_is_marked_the_difference_is_only_named(fewer_cpus):
    gvisor = row(fewer_cpus, "write", "gvisor")
    assert (gvisor["undeclared"], gvisor["valid"], gvisor["verdict"]) == ([UNDECLARED], True, "slower")
    verdict = summarise(fewer_cpus.campaign, fewer_cpus.records)["verdict"]
    assert verdict.endswith(f"gvisor differs from runc without having declared it: {UNDECLARED}.")


def test_a_difference_on_purpose_is_declared(fewer_cpus):
    fewer_cpus.campaign["settings"]["parity"] = "enforce"
    fewer_cpus.campaign["settings"]["arms"][2]["differs"] = "Two processors."
    gvisor = row(fewer_cpus, "write", "gvisor")
    assert (gvisor["undeclared"], gvisor["valid"], UNDECLARED in gvisor["unlike"]) == ([], True, True)
