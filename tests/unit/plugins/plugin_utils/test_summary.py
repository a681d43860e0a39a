# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import random

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.summary import rows_of, summarise
from ansible_collections.katabench.scylla.tests.unit import campaign_folder


def row(summary, workload, arm, cluster=0):
    return next(row for row in summary["clusters"][cluster]["rows"] if (row["workload"], row["arm"]) == (workload, arm))


@pytest.fixture
def campaign():
    return campaign_folder.campaign()


@pytest.fixture
def records(campaign):
    return campaign_folder.records(campaign)


def test_figures_are_medians_of_the_replicates(campaign, records):
    summary = summarise(campaign, records)
    runc = row(summary, "write", "runc")  # 1214, 1261 and 1240 op/s at 50 threads: 41.2, 39.7 and 40.3 ms
    assert (runc["op_rate"], runc["latency_mean_ms"], runc["latency_p99_ms"]) == (1240, 40.3, 403.0)
    assert (runc["replicates"], runc["replicates_valid"], runc["valid"]) == (3, 3, True)
    assert (runc["ratio"], runc["ratio_low"], runc["change_percent"], runc["blocks"]) == (None, None, None, 0)


def test_ratio_is_paired_by_block(campaign, records):
    gvisor = row(summarise(campaign, records), "write", "gvisor")
    by_hand = (623 / 1214 * 611 / 1261 * 640 / 1240) ** (1 / 3)
    assert gvisor["ratio"] == pytest.approx(by_hand)
    assert gvisor["change_percent"] == pytest.approx((by_hand - 1) * 100)
    assert gvisor["ratio_low"] < by_hand < gvisor["ratio_high"] < 1
    assert gvisor["blocks"] == 3


def test_verdict_says_ratio_signed_change_interval_and_n(campaign, records):
    summary = summarise(campaign, records)
    assert summary["question"] == (
        "What does it cost to run cassandra 5.0.6 (standing in for ScyllaDB) under gvisor instead of runc on this "
        "machine?"
    )
    assert summary["verdict"] == (
        "Op rate of gvisor against runc: write 0.504 times (-49.6 %, 95 % interval 0.462 to 0.550, n = 3 blocks); "
        "read 0.577 times (-42.3 %, 95 % interval 0.525 to 0.635, n = 3 blocks)."
    )
    assert summary["aa"].startswith("The A/A control shows no difference, as it should (runc-again write 1.001 times")
    assert summary["clusters"][0]["aa_holds"] is True
    assert summary["clusters"][0]["host"] == "Example CPU 9000 <x>, 2 cores, 24 GiB, Linux 6.1.0-18-amd64, Debian 12.5"


def test_an_interval_that_holds_one_is_no_difference(campaign):
    rates = campaign_folder.RATES | {("write", "gvisor"): [1230, 1240, 1250]}
    summary = summarise(campaign, campaign_folder.records(campaign, rates))
    assert "write no difference shown: 1.001 times (+0.1 %" in summary["verdict"]


def test_two_blocks_give_a_ratio_and_no_interval():
    campaign = campaign_folder.campaign(blocks=2)
    summary = summarise(campaign, campaign_folder.records(campaign))
    gvisor = row(summary, "write", "gvisor")
    assert gvisor["ratio"] is not None
    assert (gvisor["ratio_low"], gvisor["ratio_high"], gvisor["blocks"]) == (None, None, 2)
    assert "no interval: n = 2 blocks, at least 3 are needed" in summary["verdict"]
    assert summary["clusters"][0]["aa_holds"] is None
    assert "how much this host varies by itself is unknown" in summary["aa"]


def test_an_aa_control_that_differs_puts_every_ratio_in_doubt(campaign):
    rates = campaign_folder.RATES | {("read", "runc-again"): [1100, 1080, 1110]}
    summary = summarise(campaign, campaign_folder.records(campaign, rates))
    assert summary["clusters"][0]["aa_holds"] is False
    assert "too noisy" in summary["aa"]
    assert summary["verdict"].endswith("The A/A control failed, so these ratios are to be doubted.")


def test_without_an_aa_arm_the_noise_is_unknown():
    campaign = campaign_folder.campaign(arms=[campaign_folder.ARMS[0], campaign_folder.ARMS[2]])
    summary = summarise(campaign, campaign_folder.records(campaign))
    assert summary["aa"] == "No A/A control ran: how much this host varies by itself is unknown."


def test_a_cell_that_does_not_count_is_named_and_left_out(campaign, records):
    spoiled = next(record for record in records if record["cell"]["id"] == "db1/block-02/gvisor")
    campaign_folder.spoil(spoiled, "errors", "write: 83,452 errors of 89,445 operations.")
    spoiled["workloads"][0]["result"]["blocks"][0]["total"]["op_rate"] = 99999
    summary = summarise(campaign, records)
    gvisor = row(summary, "write", "gvisor")
    assert gvisor["op_rate"] == 631.5  # between 623 and 640
    assert (gvisor["replicates"], gvisor["replicates_valid"], gvisor["blocks"]) == (3, 2, 2)
    assert summary["cells"] == {"planned": 9, "valid": 8, "invalid": 1, "missing": 0}
    assert summary["problems"] == [
        {"cell": "db1/block-02/gvisor", "class": "errors", "sentence": "write: 83,452 errors of 89,445 operations."}
    ]
    assert not [point for point in summary["points"] if (point["block"], point["arm"]) == (2, "gvisor")]
    assert any(file["cell"] == "db1/block-02/gvisor" for file in summary["raw"])


def test_an_arm_without_a_valid_cell_has_no_figure_but_a_reason(campaign, records):
    for record in records:
        if record["arm"]["name"] == "gvisor":
            campaign_folder.spoil(record, "cluster-start", "node 1 did not answer within 300 s.")
    summary = summarise(campaign, records)
    gvisor = row(summary, "read", "gvisor")
    assert (gvisor["valid"], gvisor["op_rate"], gvisor["ratio"]) == (False, None, None)
    assert gvisor["sentence"] == "has no valid replicate (node 1 did not answer within 300 s)"
    assert "read has no valid replicate (node 1 did not answer within 300 s)" in summary["verdict"]


def test_arms_that_share_no_block_have_no_ratio(campaign, records):
    for record in records:
        if (record["cell"]["arm"], record["cell"]["block"]) in (("runc", 1), ("gvisor", 2), ("gvisor", 3)):
            campaign_folder.spoil(record, "interrupted", "The campaign was interrupted.")
    gvisor = row(summarise(campaign, records), "write", "gvisor")
    assert (gvisor["op_rate"], gvisor["ratio"]) == (623, None)
    assert gvisor["sentence"] == "has no ratio: no block holds a valid cell of both gvisor and runc"


def test_a_cell_without_a_record_is_missing(campaign, records):
    gone = records.pop()
    summary = summarise(campaign, records)
    assert summary["cells"] == {"planned": 9, "valid": 8, "invalid": 0, "missing": 1}
    assert [(problem["cell"], problem["class"]) for problem in summary["problems"]] == [(gone["cell"]["id"], "missing")]


def test_a_campaign_without_records_has_no_figures(campaign):
    summary = summarise(campaign, [])
    assert summary["cells"]["missing"] == 9
    assert summary["engine"] is None
    assert summary["points"] == []
    assert summary["clusters"][0]["host"] == "unknown host"
    assert "gvisor against runc: write has no valid replicate" in summary["verdict"]


def test_scylla_stands_in_for_nothing(campaign, records):
    for record in records:
        record["engine"] = {"name": "scylla", "version": "2026.2.0"}
    assert "run scylla 2026.2.0 under gvisor" in summarise(campaign, records)["question"]


def test_clusters_are_compared_each_for_itself():
    campaign = campaign_folder.campaign(clusters=("db1", "db2"))
    summary = summarise(campaign, campaign_folder.records(campaign))
    assert [cluster["cluster"] for cluster in summary["clusters"]] == ["db1", "db2"]
    assert summary["verdict"].startswith("db1: Op rate of gvisor against runc")
    assert " db2: Op rate of gvisor against runc" in summary["verdict"]
    assert [row["cluster"] for row in rows_of(summary)] == ["db1"] * 6 + ["db2"] * 6


def test_mean_latency_of_a_closed_loop_is_said_to_be_throughput(campaign, records):
    notes = {workload["workload"]: workload for workload in summarise(campaign, records)["workloads"]}
    assert notes["write"]["rate_mode"] == "closed"
    assert "carries no information beyond throughput" in notes["write"]["latency_note"]


def test_marks_and_commands_are_kept(campaign, records):
    records[0]["validity"]["marks"] = ["write: 6,000 op/s asked, 2,950 reached"]
    summary = summarise(campaign, records)
    assert summary["marks"] == [
        {"cell": records[0]["cell"]["id"], "sentence": "write: 6,000 op/s asked, 2,950 reached"}
    ]
    assert [command["workload"] for command in summary["commands"]] == ["write", "read"]
    assert summary["commands"][0]["cells"] == [cell["id"] for cell in campaign["plan"]]
    assert summary["commands"][0]["command"].startswith("cassandra-stress write no-warmup n=20000")


def test_the_order_of_records_does_not_matter(campaign, records):
    shuffled = random.Random(1).sample(records, len(records))
    assert json.dumps(summarise(campaign, shuffled)) == json.dumps(summarise(campaign, records))


@pytest.mark.parametrize("mode", ["closed", "fixed", "throttle"])
def test_every_way_to_pace_a_load_is_explained(campaign, records, mode):
    for record in records:
        for workload in record["workloads"]:
            workload["asked"]["rate"]["mode"] = mode
    assert all("not known" not in workload["latency_note"] for workload in summarise(campaign, records)["workloads"])


@pytest.fixture
def kata_summary():
    return summarise(*campaign_folder.kata_campaign())


def test_an_arm_under_software_emulation_is_marked_wherever_it_is_named(kata_summary):
    assert [one["arm"] for one in kata_summary["clusters"][0]["rows"] if one["emulated"]] == ["kata", "kata"]
    assert {point["arm"] for point in kata_summary["points"] if point["emulated"]} == {"kata"}
    assert "under kata (emulated) or kata-tuned instead of runc" in kata_summary["question"]
    assert kata_summary["verdict"].startswith("Op rate of kata (emulated) against runc: write 0.052 times (-94.8 %")
    assert row(kata_summary, "read", "kata")["sentence"].endswith("n = 3 blocks), emulated")
    assert (
        "kata ran under software emulation: its figures say how it behaves, not what it costs."
        in (kata_summary["verdict"])
    )


def test_an_emulated_baseline_is_marked(campaign, records):
    for record in records:
        if record["cell"]["arm"] == "runc":
            record["sandbox"] = campaign_folder.sandbox("tcg")
    summary = summarise(campaign, records)
    assert "gvisor instead of runc (emulated) on" in summary["question"]
    assert "Op rate of gvisor against runc (emulated): write" in summary["verdict"]
    assert row(summary, "write", "runc")["sentence"] == "is the baseline, emulated"


def test_one_emulated_cell_marks_its_arm_on_its_cluster_only():
    campaign = campaign_folder.campaign(clusters=("db1", "db2"))
    records = campaign_folder.records(campaign)
    for record in records:
        if record["cell"]["id"] == "db2/block-02/gvisor":
            record["sandbox"] = campaign_folder.sandbox("tcg")
    summary = summarise(campaign, records)
    assert (row(summary, "write", "gvisor", 0)["emulated"], row(summary, "write", "gvisor", 1)["emulated"]) == (
        False,
        True,
    )
    assert "under gvisor (emulated) instead" in summary["question"]
    assert "db1: Op rate of gvisor against runc" in summary["verdict"]
    assert "db2: Op rate of gvisor (emulated) against runc" in summary["verdict"]
    assert "gvisor ran under software emulation on db2: its figures" in summary["verdict"]


def test_what_an_arm_differs_in_stands_beside_its_figures(kata_summary):
    tuned, runc = row(kata_summary, "write", "kata-tuned"), row(kata_summary, "write", "runc")
    assert (tuned["storage"], tuned["data_filesystem"]) == ("block", "ext4")
    assert (runc["storage"], runc["differs"], runc["data_filesystem"]) == (None, None, "ext4")
    assert row(kata_summary, "read", "kata")["data_filesystem"] == "9p"
    assert tuned["differs"] == "4 vCPUs, 3 GiB and I/O threads instead of 1 vCPU and 2 GiB"
    assert kata_summary["verdict"].endswith(f"kata-tuned differs on purpose: {tuned['differs']}.")


def test_attempts_to_start_nodes_are_counted_by_arm(kata_summary):
    # Two nodes in three blocks; kata-tuned failed once in the first block and three times in the last.
    assert kata_summary["clusters"][0]["starts"] == [
        {"arm": "kata", "emulated": True, "starts": 6, "failed": 0, "causes": []},
        {
            "arm": "kata-tuned",
            "emulated": False,
            "starts": 10,
            "failed": 4,
            "causes": [campaign_folder.NO_AGENT, campaign_folder.NO_ANSWER],
        },
    ]


def test_starts_of_cells_that_do_not_count_are_counted(campaign, records):
    for record in records:
        if record["cell"]["id"] == "db1/block-02/gvisor":
            campaign_folder.spoil(record, "cluster-start", "Node node1 did not start.")
            record["starts"] = campaign_folder.starts({"node1": [campaign_folder.NO_AGENT]})[:1]
    [gvisor] = summarise(campaign, records)["clusters"][0]["starts"]
    assert (gvisor["arm"], gvisor["starts"], gvisor["failed"]) == ("gvisor", 1, 1)


def test_marks_are_of_cells_that_count(campaign, records):
    campaign_folder.spoil(records[0], "errors", "write: 5 operations failed.")
    records[0]["validity"]["marks"] = ["write: Target missed."]
    assert summarise(campaign, records)["marks"] == []


@pytest.fixture
def grown():
    return campaign_folder.grown_campaign()


def summarised(grown, **notes):
    return summarise(grown.campaign, grown.records, **{"stops": grown.stops, "ladders": grown.ladders, **notes})


def test_the_pilot_enters_no_figure(grown):
    for record in grown.records:
        if record["cell"]["block"] == 0:
            record["workloads"][0]["result"]["blocks"][0]["total"]["op_rate"] = 99999
    summary = summarised(grown)
    assert row(summary, "write", "runc")["op_rate"] == 1240  # 1214, 1261, 1240, 1222, 1250
    assert {point["block"] for point in summary["points"]} == {1, 2, 3, 4, 5}
    assert row(summary, "write", "runc")["replicates"] == 5
    assert summary["cells"] == {"planned": 15, "valid": 15, "invalid": 0, "missing": 0}
    pilot = [(cell["arm"], cell["state"]) for cell in summary["grid"] if cell["block"] == 0]
    assert sorted(pilot) == [("gvisor", "calibration"), ("runc", "calibration")]
    assert summary["problems"] == []
    # What it ran, and its files, are evidence all the same.
    assert any("db1/block-00/runc" in command["cells"] for command in summary["commands"])
    assert any(file["cell"] == "db1/block-00/runc" for file in summary["raw"])


def test_a_pilot_that_failed_is_a_problem_and_counts_nowhere(grown):
    spoiled = next(record for record in grown.records if record["cell"]["id"] == "db1/block-00/gvisor")
    campaign_folder.spoil(spoiled, "errors", "write: 5 operations failed.")
    summary = summarised(grown)
    assert summary["problems"] == [
        {"cell": "db1/block-00/gvisor", "class": "errors", "sentence": "write: 5 operations failed."}
    ]
    assert summary["cells"]["planned"] == summary["cells"]["valid"] == 15
    assert [cell["state"] for cell in summary["grid"] if cell["id"] == "db1/block-00/gvisor"] == ["invalid"]
    assert row(summary, "write", "gvisor")["replicates_valid"] == 5


def test_blocks_after_the_stop_do_not_count(grown):
    summary = summarised(grown, stops={"db1": campaign_folder.stop("db1", 4)})
    assert summary["cells"] == {"planned": 12, "valid": 12, "invalid": 0, "missing": 0}
    assert row(summary, "write", "runc")["op_rate"] == 1231  # of 1214, 1261, 1240 and 1222
    assert summary["clusters"][0]["stop"]["blocks"] == 4


def test_blocks_that_were_not_begun_do_not_count_before_the_stop(grown):
    # Eight blocks are planned at most; in the fourth one cell has run.
    grown.campaign["settings"]["replicates"] = 3
    records = [
        record
        for record in grown.records
        if record["cell"]["block"] <= 3 or (record["cell"]["block"], record["cell"]["arm"]) == (4, "gvisor")
    ]
    summary = summarise(grown.campaign, records)
    assert summary["cells"] == {"planned": 12, "valid": 10, "invalid": 0, "missing": 2}
    assert {problem["cell"] for problem in summary["problems"]} == {"db1/block-04/runc", "db1/block-04/runc-again"}
    assert (summary["clusters"][0]["stop"], summary["clusters"][0]["ladder"]) == (None, None)


def test_the_first_blocks_are_to_run_in_any_case(grown):
    grown.campaign["settings"]["replicates"] = 3
    summary = summarise(grown.campaign, [record for record in grown.records if record["cell"]["block"] <= 1])
    assert summary["cells"] == {"planned": 9, "valid": 3, "invalid": 0, "missing": 6}


def test_a_campaign_that_stopped_short_of_the_width_says_so(grown):
    stop = {**grown.stops["db1"], "reason": "will-not-converge", "sentence": "Stopped: gvisor write varies too much."}
    assert " Stopped: gvisor write varies too much." in summarised(grown, stops={"db1": stop})["verdict"]
    assert "Stopped after 5 blocks" not in summarised(grown)["verdict"]


def test_the_verdict_compares_closed_loops_first_and_then_at_the_highest_rate_that_all_reached(grown):
    # p99 is three times 4.2, 4.0, 4.3, 4.1, 4.2 against 2.0, 2.1, 1.9, 2.0, 2.05 ms.
    assert summarised(grown)["verdict"] == (
        "Op rate of gvisor against runc: write 0.505 times (-49.5 %, 95 % interval 0.490 to 0.521, n = 5 blocks); "
        "read 0.577 times (-42.3 %, 95 % interval 0.557 to 0.597, n = 5 blocks). "
        "At 400 op/s (read@0.5), the highest rate that every arm reached, against runc: gvisor p99 latency 2.070 times "
        "(+107.0 %, 95 % interval 1.917 to 2.236, n = 5 blocks), 12.9 ms against 6.3 ms over all blocks. "
        "Beyond it, read@1: gvisor missed the target."
    )


def test_a_record_that_cannot_be_read_is_a_problem_and_not_missing(campaign, records):
    gone = records.pop()
    summary = summarise(campaign, records, unreadable={gone["cell"]["id"]: "record.json is not JSON."})
    assert summary["cells"] == {"planned": 9, "valid": 8, "invalid": 1, "missing": 0}
    assert summary["problems"] == [
        {"cell": gone["cell"]["id"], "class": "unreadable", "sentence": "record.json is not JSON."}
    ]
    assert row(summary, "write", gone["cell"]["arm"])["replicates_valid"] == 2


def test_another_file_that_cannot_be_read_is_a_problem(campaign, records):
    summary = summarise(campaign, records, unreadable={"db1/stop.json": "It is not JSON."})
    assert summary["problems"] == [{"cell": "db1/stop.json", "class": "unreadable", "sentence": "It is not JSON."}]
    assert summary["cells"]["valid"] == 9


@pytest.mark.parametrize(("rate", "said"), [(float("nan"), "nan"), (float("inf"), "inf"), (0, "0"), (-3.5, "-3.5")])
def test_a_rate_that_is_no_number_above_zero_does_not_count(campaign, records, rate, said):
    spoiled = next(record for record in records if record["cell"]["id"] == "db1/block-02/gvisor")
    spoiled["workloads"][1]["result"]["blocks"][0]["total"]["op_rate"] = rate
    summary = summarise(campaign, records)
    assert summary["problems"] == [
        {
            "cell": "db1/block-02/gvisor",
            "class": "incomplete",
            "sentence": f"read: its op rate is {said}, no finite number above zero.",
        }
    ]
    assert (row(summary, "read", "gvisor")["op_rate"], row(summary, "read", "gvisor")["blocks"]) == (867.5, 2)
    json.dumps(summary, allow_nan=False)


def test_a_latency_that_is_no_number_is_not_known(campaign, records):
    for record in records:
        record["workloads"][0]["result"]["blocks"][0]["total"]["latency_p99_ms"] = float("nan")
    summary = summarise(campaign, records)
    assert row(summary, "write", "runc")["latency_p99_ms"] is None
    assert row(summary, "write", "runc")["op_rate"] == 1240
    json.dumps(summary, allow_nan=False)


def test_blocks_that_all_give_the_same_ratio_say_nothing_of_the_noise(campaign):
    rates = campaign_folder.RATES | {
        ("write", "gvisor"): [607, 630.5, 620],
        ("write", "runc-again"): [1214, 1261, 1240],
    }
    summary = summarise(campaign, campaign_folder.records(campaign, rates))
    gvisor = row(summary, "write", "gvisor")
    assert gvisor["sentence"] == (
        "0.500 times (-50.0 %; no interval: each of 3 blocks gave this ratio, which says nothing of the noise)"
    )
    assert (gvisor["verdict"], gvisor["smallest_difference_percent"]) == (None, None)
    assert summary["clusters"][0]["aa_holds"] is None
    assert "how much this host varies by itself is unknown" in summary["aa"]
    assert row(summary, "read", "gvisor")["verdict"] == "slower"


def test_one_block_gives_ratios_without_verdict():
    campaign = campaign_folder.campaign(blocks=1)
    summary = summarise(campaign, campaign_folder.records(campaign))
    gvisor = row(summary, "write", "gvisor")
    assert (gvisor["ratio"], gvisor["blocks"]) == (pytest.approx(623 / 1214), 1)
    assert (gvisor["verdict"], gvisor["smallest_difference_percent"]) == (None, None)
    assert gvisor["check"] == {
        "hodges_lehmann": pytest.approx(623 / 1214),
        "bootstrap_low": None,
        "bootstrap_high": None,
        "steady_ratio": None,
    }
    assert "n = 1 block, at least 3 are needed" in summary["verdict"]


def test_where_the_figures_come_from(grown):
    grown.records[3]["versions"]["collection_git"] = "ab" * 20 + " with changes"
    del grown.records[4]["versions"]["collection_git"]
    verified = {"raw_files": 0, "altered": ["cells/a"], "lost": [], "sentence": "1 was altered."}
    assert summarised(grown, verified=verified)["provenance"] == {
        "raw_files": 256,  # four of each workload: 15 cells have four, the two of the pilot two
        "altered": ["cells/a"],
        "lost": [],
        "sentence": "1 was altered.",
        "git": ["c0ffee" + "0" * 34, "ab" * 20 + " with changes"],
        "order_seed": 7,
    }
    assert "was not verified" in summarised(grown)["provenance"]["sentence"]


def test_a_disturbed_cell_counts_and_is_marked(grown):
    summary = summarised(grown)
    assert [cell["id"] for cell in summary["grid"] if cell["disturbed"]] == ["db1/block-03/runc"]
    assert {"cell": "db1/block-03/runc", "sentence": campaign_folder.STEAL_MARK} in summary["marks"]


def test_points_of_loads_at_a_rate_hold_the_percentile_of_their_own_histogram(grown):
    [point] = [
        point
        for point in summarised(grown)["points"]
        if (point["workload"], point["arm"], point["block"]) == ("read@0.5", "gvisor", 3)
    ]
    assert point["latency_p99_steady_ms"] == pytest.approx(12.9, rel=0.001)
    assert (point["op_rate"], point["op_rate_steady"]) == (400, 400)


def test_the_order_of_records_does_not_matter_to_a_grown_campaign(grown):
    shuffled = random.Random(2).sample(grown.records, len(grown.records))
    assert json.dumps(summarise(grown.campaign, shuffled)) == json.dumps(summarise(grown.campaign, grown.records))
