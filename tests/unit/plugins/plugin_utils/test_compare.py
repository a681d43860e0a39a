# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import copy
import math
from collections.abc import Callable

import pytest
from scipy import stats

from ansible_collections.katabench.scylla.plugins.plugin_utils.campaign_records import Found
from ansible_collections.katabench.scylla.plugins.plugin_utils.compare import compare
from ansible_collections.katabench.scylla.plugins.plugin_utils.compare_published import compare_published
from ansible_collections.katabench.scylla.plugins.plugin_utils.compare_side import (
    CompareError,
    Side,
    read_side,
    side_of,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.compare_words import markdown, terminal_lines
from ansible_collections.katabench.scylla.plugins.plugin_utils.report import published_figures
from ansible_collections.katabench.scylla.tests.unit import campaign_folder
from ansible_collections.katabench.scylla.tests.unit.campaign_folder import RATES

# gVisor writes slower than before, and everything else is as it was.
SLOWER = {**RATES, ("write", "gvisor"): [509, 509, 507]}


def side(name: str, rates: dict = RATES, edit: Callable[[dict], object] = lambda _record: None, **options) -> Side:
    """Measure a campaign; `edit` is applied to each record, `options` are those of campaign_folder.campaign."""
    campaign = campaign_folder.campaign(**options)
    records = copy.deepcopy(campaign_folder.records(campaign, rates))
    for record in records:
        edit(record)
    return side_of(name, campaign, Found(records=records))


def grown(name: str, edit: Callable[[dict, dict], object] = lambda _record, _workload: None) -> Side:
    """Measure a campaign with a pilot, a ladder and a stop; `edit` is applied to each record and workload."""
    measured = campaign_folder.grown_campaign()
    for record in measured.records:
        for workload in record["workloads"]:
            edit(record, workload)
    return side_of(name, measured.campaign, Found(records=measured.records, stops=measured.stops))


def row(comparison: dict, workload: str, arm: str, kind: str = "cost") -> dict:
    [found] = [row for row in comparison["rows"] if (row["workload"], row["arm"], row["kind"]) == (workload, arm, kind)]
    return found


def changing(key: str, value):
    """Return what changes one thing of each record's host."""

    def edit(record: dict) -> None:
        record["host"][key] = value

    return edit


def test_a_cost_that_grew_is_a_regression():
    comparison = compare(side("old"), side("new", SLOWER), 0.05)
    found = row(comparison, "write", "gvisor")
    then = [math.log(rate / base) for rate, base in zip((623, 611, 640), (1214, 1261, 1240), strict=True)]
    now = [math.log(rate / base) for rate, base in zip((509, 509, 507), (1214, 1261, 1240), strict=True)]
    welch = stats.ttest_ind(now, then, equal_var=False)
    interval = welch.confidence_interval(0.95)
    assert (found["ratio_low"], found["ratio_high"]) == (
        pytest.approx(math.exp(interval.low)),
        pytest.approx(math.exp(interval.high)),
    )
    assert found["ratio"] == pytest.approx(stats.gmean([509, 509, 507]) / stats.gmean([623, 611, 640]))
    assert found["baseline_value"] == pytest.approx(0.5044, abs=1e-4)
    assert found["change_percent"] == pytest.approx(-18.6, abs=0.05)
    assert (found["baseline_blocks"], found["candidate_blocks"], found["reference"]) == (3, 3, "runc")
    assert (found["verdict"], found["judged"], found["regression"]) == ("worse", True, True)
    assert found["sentence"] == (
        "db1 write: op rate of gvisor against runc: 0.504 then, 0.411 now, 0.814 times (-18.6 %, 95 % interval 0.758 "
        "to 0.874, n = 3 and 3 blocks): worse, past the limit of 5 %."
    )
    assert comparison["regressions"] == [found["sentence"]]
    assert comparison["verdict"] == (
        "1 of 4 judged changes is a regression past 5 %: db1 write op rate of gvisor against runc."
    )


def test_each_arm_is_judged_once():
    comparison = compare(side("old"), side("new", SLOWER), 0.05)
    assert [(found["workload"], found["arm"], found["kind"]) for found in comparison["rows"] if found["judged"]] == [
        ("write", "runc", "absolute"),
        ("write", "gvisor", "cost"),
        ("read", "runc", "absolute"),
        ("read", "gvisor", "cost"),
    ]
    absolute = row(comparison, "write", "gvisor", "absolute")
    assert (absolute["verdict"], absolute["regression"]) == ("worse", False)
    assert (absolute["baseline_value"], absolute["candidate_value"]) == (
        pytest.approx(stats.gmean([623, 611, 640])),
        pytest.approx(stats.gmean([509, 509, 507])),
    )


def test_a_slower_day_is_no_cost_but_shows_in_the_absolute_rates():
    slow_day = {key: [round(rate * 0.8, 1) for rate in rates] for key, rates in RATES.items()}
    comparison = compare(side("old"), side("new", slow_day), 0.05)
    cost = row(comparison, "write", "gvisor")
    assert cost["ratio"] == pytest.approx(1, abs=1e-3)
    assert cost["verdict"] == "no difference shown"
    assert row(comparison, "write", "runc", "absolute")["regression"]
    assert row(comparison, "write", "runc", "absolute")["ratio"] == pytest.approx(0.8, abs=1e-3)


def test_nothing_changed_is_no_difference_shown_in_those_words():
    comparison = compare(side("old"), side("new"), 0.05)
    assert {found["verdict"] for found in comparison["rows"]} == {"no difference shown"}
    assert comparison["verdict"] == "No regression past 5 % is shown."
    assert (comparison["regressions"], comparison["notes"], comparison["differences"]) == ([], [], [])


def test_a_change_within_the_limit_is_worse_and_no_regression():
    comparison = compare(side("old"), side("new", SLOWER), 0.25)
    found = row(comparison, "write", "gvisor")
    assert (found["verdict"], found["regression"]) == ("worse", False)
    assert found["sentence"].endswith("worse, within the limit of 25 %.")
    assert comparison["verdict"] == "No regression past 25 % is shown."


def test_a_large_change_that_the_noise_explains_is_no_regression():
    noisy = {**RATES, ("write", "gvisor"): [300, 611, 700]}
    found = row(compare(side("old"), side("new", noisy), 0.05), "write", "gvisor")
    assert found["ratio"] < 0.9
    assert (found["verdict"], found["regression"]) == ("no difference shown", False)


def test_what_became_cheaper_is_better():
    found = row(compare(side("new", SLOWER), side("old"), 0.05), "write", "gvisor")
    assert (found["verdict"], found["regression"]) == ("better", False)


def test_with_fewer_than_three_blocks_a_change_cannot_be_shown():
    comparison = compare(side("old"), side("new", SLOWER, blocks=2), 0.05)
    found = row(comparison, "write", "gvisor")
    assert (found["ratio_low"], found["verdict"], found["regression"]) == (None, "cannot be shown", False)
    assert found["sentence"] == (
        "db1 write: op rate of gvisor against runc: 0.504 then, 0.411 now, 0.816 times (-18.4 %; no interval: n = 3 "
        "and 2 blocks, at least 3 are needed on both sides): a change cannot be shown."
    )
    assert comparison["verdict"].startswith("No regression past 5 % is shown. A change cannot be shown of 4 of 4: ")


def test_an_arm_that_never_finished_cannot_be_shown():
    def fail(record):
        if record["cell"]["arm"] == "gvisor":
            campaign_folder.spoil(record, "cluster-start", "No node came up.")

    comparison = compare(side("old"), side("new", edit=fail), 0.05)
    found = row(comparison, "write", "gvisor")
    assert (found["ratio"], found["candidate_blocks"], found["verdict"]) == (None, 0, "cannot be shown")
    assert found["sentence"] == (
        "db1 write: op rate of gvisor against runc: a change cannot be shown, n = 3 and 0 blocks with a valid figure."
    )
    assert (
        "A change cannot be shown of 2 of 4: db1 write op rate of gvisor against runc, db1 read"
        in comparison["verdict"]
    )


def test_without_any_spread_a_change_cannot_be_shown():
    level = {key: [rates[0]] * 3 for key, rates in RATES.items()}
    half = {**level, ("write", "gvisor"): [311.5] * 3}
    found = row(compare(side("old", level), side("new", half), 0.05), "write", "gvisor")
    assert (found["ratio"], found["verdict"], found["regression"]) == (pytest.approx(0.5), "cannot be shown", False)
    assert "no interval: no block differed from another on either side, n = 3 and 3 blocks)" in found["sentence"]


def test_a_control_that_changed_puts_everything_in_doubt():
    odd = {**RATES, ("read", "runc-again"): [1300, 1310, 1305]}
    comparison = compare(side("old"), side("new", odd), 0.05)
    found = row(comparison, "read", "runc-again")
    assert (found["verdict"], found["judged"], found["regression"]) == ("worse", False, False)
    [doubt] = comparison["notes"]
    assert doubt.startswith("The A/A control shows a change where there is none (db1 read: op rate of runc-again")
    assert doubt.endswith("every change of db1 is to be doubted.")


def test_fixed_rates_are_compared_by_their_latency_of_which_more_is_worse():
    def slow_down(record, workload):
        # Every latency of runc is 50 ms.
        if (workload["name"], record["cell"]["arm"]) == ("read@0.5", "runc"):
            level = {"count": 9000, "histogram": campaign_folder.histogram({50.0: 9000})}
            workload["hdr"] = {"complete": True, "sentence": None, "tags": {"READ-rt": level, "READ-st": level}}

    old, new = grown("old"), grown("new", slow_down)
    comparison = compare(old, new, 0.05)
    found = row(comparison, "read@0.5", "runc", "absolute")
    assert (found["figure"], found["candidate_value"]) == ("latency_p99_ms", pytest.approx(50, rel=0.01))
    assert (found["verdict"], found["regression"]) == ("worse", True)
    assert found["sentence"].startswith("db1 read@0.5: p99 latency of runc: 6.0 ms then, 50.0 ms now, 8.")
    assert row(comparison, "read@1", "runc", "absolute")["verdict"] == "no difference shown"
    assert row(comparison, "read", "runc", "absolute")["figure"] == "op_rate"
    assert row(compare(new, old, 0.05), "read@0.5", "runc", "absolute")["verdict"] == "better"


def test_rungs_at_other_rates_are_not_compared():
    def slow_down(_record, workload):
        if workload["name"] == "read@0.5":
            workload["asked"]["rate"]["ops_per_s"] = 390

    comparison = compare(grown("old"), grown("new", slow_down), 0.05)
    assert "db1 read@0.5 is not compared: it ran at 400 op/s then and 390 op/s now." in comparison["notes"]
    assert {found["workload"] for found in comparison["rows"]} == {"write", "read", "read@1"}


def test_the_pilot_and_what_comes_after_the_stop_do_not_enter():
    comparison = compare(grown("old"), grown("new"), 0.05)
    assert row(comparison, "write", "runc", "absolute")["candidate_blocks"] == 5


@pytest.mark.parametrize(
    ("condition", "edit", "sentence"),
    [
        ("kernel", changing("kernel", "6.1.0-20-amd64"), "kernel: then 6.1.0-18-amd64, now 6.1.0-20-amd64"),
        ("memory", changing("memory_mib", 12288), "memory of the host (MiB): then 24576, now 12288"),
        (
            "disk",
            changing("disk", {"model": "Example SSD", "filesystem": "xfs"}),
            "file system: then ext4, now xfs",
        ),
        (
            "cpu",
            changing("cpu", campaign_folder.HOST["cpu"] | {"model": "Other CPU"}),
            "CPU model: then Example CPU 9000 <x>, now Other CPU",
        ),
        ("cpu", changing("cpu", campaign_folder.HOST["cpu"] | {"cores": 4}), "cores: then 2, now 4"),
        (
            "governor",
            changing("cpu", campaign_folder.HOST["cpu"] | {"governor": "powersave"}),
            "frequency governor: then not known, now powersave",
        ),
        (
            "mitigations",
            changing(
                "cpu", campaign_folder.HOST["cpu"] | {"mitigations": {"retbleed": "Vulnerable", "mds": "Vulnerable"}}
            ),
            "mitigations: then retbleed Not affected; mds not known, now retbleed Vulnerable; mds Vulnerable",
        ),
        (
            "engine",
            lambda record: record.update(engine={"name": "scylla", "version": "6.2.0"}),
            "database: then cassandra 5.0.6, now scylla 6.2.0",
        ),
        (
            "image",
            lambda record: record.update(
                image={"reference": "db:1", "id": "sha256:a", "digest": "sha256:b", "source": "registry"}
            ),
            "image: then not known, now sha256:b",
        ),
        (
            "cluster",
            lambda record: record.update(cluster={"nodes": 3, "node_cpus": 1, "node_memory_mib": 2048}),
            "nodes: then 2, now 3",
        ),
        (
            "workloads",
            lambda record: record["workloads"][0]["asked"].update(threads=200),
            "threads of write: then 50, now 200",
        ),
        (
            "workloads",
            lambda record: record["workloads"][1].update(operation="mixed"),
            "operation of read: then read, now mixed",
        ),
        (
            "loader",
            lambda record: [one["tool"].update(version="4.1") for one in record["workloads"]],
            "loader: then cassandra-stress 3.11.4, now cassandra-stress 4.1",
        ),
    ],
)
def test_other_conditions_are_refused_unless_changed_on_purpose_or_marked(condition, edit, sentence):
    old, new = side("old"), side("new", edit=edit)
    with pytest.raises(CompareError) as refused:
        compare(old, new, 0.05)
    assert str(refused.value) == (
        f"old and new were not measured under the same conditions:\n  {sentence}\n"
        "Measure one of them again. What was changed on purpose is named in bench_compare_changed "
        f"(here: {condition}); bench_differences=mark compares all the same and lists the differences."
    )
    [free] = compare(old, new, 0.05, [condition])["differences"]
    assert (free["condition"], free["free"]) == (condition, True)
    marked = compare(old, new, 0.05, mark=True)
    assert [difference["free"] for difference in marked["differences"]] == [False]
    assert f"unlike, which may explain a change: {sentence}" in terminal_lines(marked)


def test_other_settings_are_refused():
    arms = copy.deepcopy(campaign_folder.ARMS)
    arms[2]["storage"] = "rootfs"
    with pytest.raises(CompareError, match="storage of gvisor: then not known, now rootfs"):
        compare(side("old"), side("new", arms=arms), 0.05)
    new = side("new")
    new.campaign["settings"]["parity"] = "mark"
    with pytest.raises(CompareError, match="parity: then enforce, now mark"):
        compare(side("old"), new, 0.05)


def test_memory_may_differ_by_a_little():
    # The same machine under another kernel: 0.3 % less.
    assert compare(side("old"), side("new", edit=changing("memory_mib", 24500)), 0.05)["differences"] == []


def test_versions_of_runtimes_may_differ_and_are_named():
    def upgrade(version):
        return changing("runtimes", {"runc": "1.1.5", "gvisor": version})

    comparison = compare(side("old", edit=upgrade("2022")), side("new", edit=upgrade("2026")), 0.05)
    assert comparison["differences"] == [
        {"condition": "sandbox", "what": "runtime gvisor", "then": "2022", "now": "2026", "free": True}
    ]
    assert "changed: runtime gvisor: then 2022, now 2026" in terminal_lines(comparison)


def test_an_upgrade_of_kata_may_differ_and_its_accelerator_may_not():
    def kata(version, accelerator):
        def edit(record):
            if record["cell"]["arm"] == "kata":
                record["sandbox"] = campaign_folder.sandbox(accelerator) | {"kata_version": version}

        return edit

    arms = campaign_folder.KATA_ARMS[:3]
    old = side("old", edit=kata("1.11.5", "kvm"), arms=arms)
    new = side("new", edit=kata("3.2.0", "kvm"), arms=arms)
    assert [difference["what"] for difference in compare(old, new, 0.05)["differences"]] == ["Kata Containers of kata"]
    emulated = side("emulated", edit=kata("3.2.0", "tcg"), arms=arms)
    with pytest.raises(CompareError, match="accelerator of kata: then kvm, now tcg"):
        compare(old, emulated, 0.05)
    assert (
        "kata ran under software emulation: its figures say how it behaves, not what it costs."
        in compare(old, emulated, 0.05, mark=True)["notes"]
    )


def test_a_host_that_changed_within_a_campaign_is_named_with_all_it_was():
    def reboot(record):
        if record["cell"]["block"] == 3:
            record["host"] = record["host"] | {"kernel": "6.1.0-20-amd64"}

    with pytest.raises(CompareError, match=r"kernel: then 6\.1\.0-18-amd64, now 6\.1\.0-18-amd64, 6\.1\.0-20-amd64"):
        compare(side("old"), side("new", edit=reboot), 0.05)


def test_clusters_of_the_same_name_are_compared():
    comparison = compare(side("old", clusters=("db1", "db2")), side("new", clusters=("db2", "db3")), 0.05)
    assert {found["cluster"] for found in comparison["rows"]} == {"db2"}
    assert comparison["notes"] == [
        "The cluster db1 is in old only: it is not compared.",
        "The cluster db3 is in new only: it is not compared.",
    ]


def test_two_single_clusters_are_compared_whatever_their_names():
    comparison = compare(side("old", clusters=("localhost",)), side("new"), 0.05)
    assert {found["cluster"] for found in comparison["rows"]} == {"db1"}
    assert comparison["notes"] == []


def test_clusters_that_cannot_be_paired_are_refused():
    with pytest.raises(CompareError, match=r"No cluster of new \(db3, db4\) has the name of one of old \(db1\)"):
        compare(side("old"), side("new", clusters=("db3", "db4")), 0.05)


def test_a_cluster_without_a_valid_cell_is_named():
    def spoil(record):
        if record["cell"]["cluster"] == "db2":
            campaign_folder.spoil(record, "errors", "12 errors.")

    clusters = ("db1", "db2")
    comparison = compare(side("old", clusters=clusters), side("new", edit=spoil, clusters=clusters), 0.05)
    assert {found["cluster"] for found in comparison["rows"]} == {"db1"}
    assert comparison["notes"] == ["db2 is not compared: one of the two has no valid cell there."]


def test_a_campaign_without_a_valid_cell_is_refused():
    with pytest.raises(CompareError, match="old and new have nothing in common that counts"):
        compare(side("old"), side("new", edit=lambda one: campaign_folder.spoil(one, "errors", "12 errors.")), 0.05)


def test_arms_that_only_one_has_are_named():
    comparison = compare(side("old"), side("new", arms=campaign_folder.KATA_ARMS[:3]), 0.05)
    assert {found["arm"] for found in comparison["rows"]} == {"runc", "runc-again"}
    assert comparison["notes"] == [
        "The arm gvisor is in old only: it is not compared.",
        "The arm kata is in new only: it is not compared.",
    ]


def test_what_an_arm_that_is_not_compared_ran_on_does_not_matter():
    def larger(record):
        if record["cell"]["arm"] == "kata":
            record["cluster"] = record["cluster"] | {"node_cpus": 4}

    arms = [*campaign_folder.ARMS, campaign_folder.KATA]
    assert compare(side("old"), side("new", edit=larger, arms=arms), 0.05)["differences"] == []


def test_a_record_that_cannot_be_read_does_not_count(tmp_path):
    campaign = campaign_folder.campaign()
    campaign_folder.write(tmp_path / "old", campaign, campaign_folder.records(campaign))
    (tmp_path / "old" / "cells" / "db1" / "block-02" / "gvisor" / "record.json").write_text('{"schema": 9}')
    comparison = compare(read_side(tmp_path / "old"), side("new"), 0.05)
    assert row(comparison, "write", "gvisor")["baseline_blocks"] == 2


def test_bad_questions_are_refused_in_sentences():
    old = side("old")
    with pytest.raises(CompareError) as refused:
        compare(old, old, 1.5, ["kernal"])
    assert str(refused.value).splitlines() == [
        "There is no condition 'kernal': there are accelerator, arms, cluster, collection, cpu, disk, engine, "
        "governor, image, kernel, loader, memory, mitigations, parity, sandbox, workloads.",
        "The regression limit is 1.5: give a share from 0 up to 1, such as 0.05 for 5 %.",
        "old is to be compared with itself: name two campaigns.",
    ]
    other = side("other")
    other.campaign["settings"]["baseline"] = "gvisor"
    with pytest.raises(CompareError, match="relative to different arms, runc in old and gvisor in other"):
        compare(old, other, 0.05)


def test_the_table_for_a_paste():
    lines = markdown(compare(side("old"), side("new", SLOWER), 0.05)).splitlines()
    assert lines[0] == "## new compared with old"
    assert lines[4] == (
        "| cluster | workload | compared | then | now | change | 95 % interval | n then, now | verdict |"
    )
    [gvisor] = [line for line in lines if "| write | op rate of gvisor against runc |" in line]
    assert gvisor.startswith(
        "| db1 | write | op rate of gvisor against runc | 0.504 | 0.411 | 0.814 (-18.6 %) | 0.758 to 0.874 |"
    )
    assert gvisor.endswith(" | 3, 3 | **worse** |")
    assert {line.count("|") for line in lines if line.startswith("|")} == {10}


def test_against_the_published_figures_nothing_is_shown():
    campaign, records = campaign_folder.kata_campaign()
    comparison = compare_published(published_figures(), side_of("new", campaign, Found(records=records)), 0.05)
    assert comparison["baseline"] == {"run_id": "published-2018", "kind": "published, no interval"}
    assert comparison["verdict"] == "Figures without an interval: a regression past 5 % cannot be shown."
    assert comparison["regressions"] == []
    found = row(comparison, "write", "kata")
    # 3594 / 8793 was published; 58, 71 and 64 over 1214, 1261 and 1240 were measured.
    assert found["baseline_value"] == pytest.approx(0.409, abs=5e-4)
    assert found["candidate_value"] == pytest.approx(stats.gmean([58 / 1214, 71 / 1261, 64 / 1240]))
    assert (found["ratio_low"], found["verdict"], found["regression"]) == (None, "cannot be shown", False)
    assert found["candidate_low"] < found["candidate_value"] < found["candidate_high"]
    assert "op rate of kata (emulated) against runc: 0.409 times was published for kata (one run" in found["sentence"]
    assert "a change cannot be shown." in found["sentence"]
    tuned = [one["published_arm"] for one in comparison["rows"] if one["arm"] == "kata-tuned"]
    assert tuned == ["kata-tuned-9p", "kata-tuned-local"] * 2
    assert "One run per cell, without an interval." in comparison["notes"][0]
    assert terminal_lines(comparison)[0] == "new compared with published-2018 (published, no interval)"
    assert markdown(comparison).startswith("## new compared with published-2018 (published, no interval)\n")


def test_without_kata_there_is_nothing_to_compare_with_2018():
    with pytest.raises(CompareError) as refused:
        compare_published(published_figures(), side("new"), 0.05)
    assert str(refused.value) == (
        "There is nothing to compare: the figures of 2018 are of runc and kata, kata-tuned, and new has runc, "
        "runc-again, gvisor."
    )


def test_kata_without_a_valid_pair_is_nothing_to_compare_with_2018():
    def spoil(record):
        if record["cell"]["arm"] == "kata":
            campaign_folder.spoil(record, "cluster-start", "No node came up.")

    with pytest.raises(CompareError, match="new has no block with valid cells of both runc and kata"):
        compare_published(published_figures(), side("new", edit=spoil, arms=campaign_folder.KATA_ARMS[:3]), 0.05)
