# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from copy import deepcopy

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.chart_style import DrawnChart
from ansible_collections.katabench.scylla.plugins.plugin_utils.charts import draw_all
from ansible_collections.katabench.scylla.plugins.plugin_utils.report import published_figures
from ansible_collections.katabench.scylla.plugins.plugin_utils.report_hosts import (
    inside_table,
    load_table,
    origin_table,
    parameter_tables,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.report_html import render_page
from ansible_collections.katabench.scylla.plugins.plugin_utils.report_tables import (
    command_table,
    probe_tables,
    row_tables,
    status_grid,
    was_probed,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary import summarise
from ansible_collections.katabench.scylla.tests.unit import campaign_folder
from ansible_collections.katabench.scylla.tests.unit.large_campaign import large_campaign

DRAWING = '<svg xmlns="http://www.w3.org/2000/svg"></svg>'


@pytest.fixture(scope="module")
def measured():
    grown = campaign_folder.grown_campaign()
    return grown, summarise(grown.campaign, grown.records, stops=grown.stops, ladders=grown.ladders)


@pytest.fixture
def records(measured):
    return deepcopy(measured[0].records)


@pytest.fixture
def summary(measured):
    return deepcopy(measured[1])


def page(campaign, summary, records, charts=()):
    return render_page(campaign, summary, records, published_figures(), charts)


def states(grid):
    return {label: [cell and cell["state"] for cell in cells] for label, cells in grid["arms"]}


def test_the_grid_has_a_row_per_arm_and_a_column_per_block_the_pilot_first(summary):
    [grid] = status_grid(summary)
    assert grid["blocks"] == ["pilot", "1", "2", "3", "4", "5"]
    assert states(grid) == {
        "runc": ["calibration", "valid", "valid", "disturbed", "valid", "valid"],
        "runc-again": [None, *["valid"] * 5],
        "gvisor": ["calibration", *["valid"] * 5],
    }
    assert not grid["dense"]


def test_each_cell_of_the_grid_says_its_state_in_a_sign_a_word_and_a_sentence():
    campaign = campaign_folder.campaign()
    records = campaign_folder.records(campaign)
    campaign_folder.spoil(records[0], "errors", "write: 83,452 errors.")
    [grid] = status_grid(summarise(campaign, records[:-1]))
    cells = {cell["id"]: cell for _label, cells in grid["arms"] for cell in cells}
    spoiled, lost = cells[records[0]["cell"]["id"]], cells[records[-1]["cell"]["id"]]
    assert (spoiled["sign"], spoiled["word"]) == ("\N{MULTIPLICATION X}", "does not count")
    assert spoiled["title"].endswith(": The cell does not count. write: 83,452 errors.")
    assert (lost["state"], lost["word"], lost["has_record"]) == ("missing", "missing", False)
    assert sum(cell["word"] == "counts" for cell in cells.values()) == 7


def test_a_grid_of_many_blocks_is_dense_and_ends_with_the_last_block_that_was_needed():
    large = large_campaign(9)
    [grid] = status_grid(summarise(large.campaign, large.records))
    assert grid["dense"]
    assert grid["blocks"] == ["pilot", *map(str, range(1, 10))]


def test_rows_are_told_apart_by_how_they_were_paced(summary):
    table = row_tables(summary["clusters"][0])
    assert [(row["workload"], row["arm"]) for row in table["closed"]] == [
        (workload, arm) for workload in ("write", "read") for arm in ("runc", "runc-again", "gvisor")
    ]
    assert {row["workload"] for row in table["paced"]} == {"read@0.5", "read@1"}
    assert table["histograms"] == "READ-rt (response time)"
    assert table["histogram_notes"] == []


def test_what_is_unlike_or_missing_is_said_once_per_arm(summary):
    for row in summary["clusters"][0]["rows"]:
        if row["arm"] == "gvisor":
            row["unlike"] = ["it has a kernel of its own.", "its data are on 9p"]
            row["hdr"]["sentence"] = "Nothing is merged."
    table = row_tables(summary["clusters"][0])
    assert table["unlike"] == [("gvisor", ["it has a kernel of its own", "its data are on 9p"])]
    assert table["histogram_notes"] == [
        f"{workload}, gvisor: Nothing is merged." for workload in ("write", "read", "read@0.5", "read@1")
    ]


def test_probes_have_their_sentences_and_failures(summary):
    [table] = probe_tables(summary)
    assert table["failures"] == [("gvisor, disk-write-direct", campaign_folder.NO_DIRECT)]
    assert table["sentences"] == [words["sentence"] for words in summary["clusters"][0]["layer_words"]]
    assert table["entries"][0]["probe"] == "op rate, write"


def test_a_probe_that_failed_in_every_block_is_one_line(summary):
    entry = next(entry for entry in summary["clusters"][0]["attribution"] if entry["failures"])
    entry["failures"] = ["29,599 from the cache.", "27,121 from the cache.", "26,527 from the cache."]
    assert probe_tables(summary)[0]["failures"][0][1] == "29,599 from the cache. (And 2 more times.)"


def test_whether_microbenchmarks_ran_is_told_by_their_figures(summary):
    assert was_probed(summary)
    for cluster in summary["clusters"]:
        cluster["attribution"] = [
            entry for entry in cluster["attribution"] if entry["probe"].startswith(("cql-ready", "cpu-per-1000-ops"))
        ]
        assert cluster["attribution"]
    assert not was_probed(summary)


def test_what_nodes_see_is_one_row_per_arm(summary, records):
    next(record for record in records if record["cell"]["arm"] == "gvisor")["parity"]["nodes"][0]["cpus"] = 0.97
    lines = {line["label"]: line for line in inside_table(summary, records)}
    assert list(lines) == ["runc", "runc-again", "gvisor"]
    assert (lines["runc"]["cpus"], lines["gvisor"]["cpus"]) == ("1.00", "0.97 to 1.00")
    assert (lines["runc"]["cpuset"], lines["runc"]["memory_mib"]) == ("0, 1", "2,048")


def test_records_without_the_newer_keys_have_a_row_all_the_same():
    campaign = campaign_folder.campaign()
    records = campaign_folder.records(campaign)
    data = summarise(campaign, records)
    assert inside_table(data, records)[0]["processors"] == "unknown"
    assert parameter_tables(data, records) == []
    assert load_table(data, records) == []


def test_kernel_parameters_that_differ_are_told(summary, records):
    for record in records:
        for node in record["parity"]["nodes"]:
            somaxconn = "128" if record["cell"]["arm"] == "gvisor" else "4096"
            node["parameters"] = {"net.core.somaxconn": somaxconn, "vm.swappiness": "60"}
    [table] = parameter_tables(summary, records)
    assert table["labels"] == ["runc", "runc-again", "gvisor"]
    assert [(line["name"], line["values"], line["differs"]) for line in table["lines"]] == [
        ("net.core.somaxconn", ["4096", "4096", "128"], True),
        ("vm.swappiness", ["60", "60", "60"], False),
    ]


def test_the_host_during_the_loads_is_told_by_arm(summary, records):
    lines = {line["label"]: line for line in load_table(summary, records)}
    # 5 blocks of 4 loads, and of the pilot 2; in one load of runc 5 % were stolen.
    assert (lines["runc"]["loads"], lines["runc-again"]["loads"]) == (22, 20)
    assert (lines["runc"]["steal"], lines["gvisor"]["steal"]) == (0.05, 0.001)
    assert (lines["runc"]["busy"], lines["runc"]["loader"], lines["runc"]["sampler_s"]) == (0.9, 0.6, 0.05)


def test_where_figures_come_from(measured, summary, records):
    records[0]["image"] = {"reference": "scylladb/scylla:6", "id": "sha256:1", "digest": None, "source": "registry"}
    told = dict(origin_table(measured[0].campaign, summary, records))
    assert told["order of the arms"] == "random within each block, seed 7"
    assert told["load generator"] == "cassandra-stress 3.11.4"
    assert told["images"] == "scylladb/scylla:6 (sha256:1)"
    assert told["its git revision"] == "c0ffee" + "0" * 34
    assert told["ansible-core"] == "2.19.14"


def test_commands_stand_together_by_workload(summary):
    assert [(workload, len(runs)) for workload, runs in command_table(summary)] == [
        ("write", 1),
        ("read", 1),
        ("read@0.5", 1),
        ("read@1", 1),
    ]


def test_the_page_has_sections_only_where_there_are_data(measured, summary, records):
    campaign = campaign_folder.campaign()
    plain = campaign_folder.records(campaign)
    old = page(campaign, summarise(campaign, plain), plain)
    new = page(measured[0].campaign, summary, records)
    for words in ("Where the cost comes from", "Loads at fixed rates of db1", "What the host did during the loads"):
        assert words in new
        assert words not in old
    assert "Latency and throughput" not in old  # no chart of either was drawn
    assert page(campaign, summarise(campaign, []), []).count("has no valid replicate") >= 6


def test_a_percentile_that_was_only_printed_is_marked_as_such():
    campaign = campaign_folder.campaign()
    records = campaign_folder.records(campaign)
    for record in records:
        record["workloads"][1]["asked"]["rate"] = {"mode": "fixed", "ops_per_s": 600}
    text = page(campaign, summarise(campaign, records), records)
    assert text.count("#printed") == 3  # read under each arm
    assert 'id="printed"' in text


def test_what_was_altered_or_lost_stands_on_top(measured, summary, records):
    summary["provenance"] |= {
        "altered": ["cells/a/raw/write/stdout"],
        "lost": ["cells/b/raw/read/hdr.gz"],
        "sentence": "Of 256 raw files 1 was altered, 1 is lost.",
    }
    text = page(measured[0].campaign, summary, records)
    warning = text[text.index('id="problems"') : text.index('id="figures-title"')]
    assert "<strong>cells/a/raw/write/stdout</strong> is not what the record was made from" in warning
    assert "<strong>cells/b/raw/read/hdr.gz</strong> is lost." in warning
    assert text.count("Of 256 raw files 1 was altered, 1 is lost.") == 2


def test_text_on_the_page_is_escaped(measured, summary, records):
    summary["question"] = summary["clusters"][0]["layer_words"][0]["sentence"] = "<script>alert(1)</script>"
    summary["methods"] = ["<b>bold</b>"]
    chart = DrawnChart("forest", "<i>", DRAWING, b"", "", "<u>words</u>")
    text = page(measured[0].campaign, summary, records, [chart])
    assert DRAWING in text
    for tag in ("<script", "<b>bold", "<i>", "<u>words"):
        assert tag not in text


def test_the_page_of_a_campaign_of_5_blocks_4_arms_and_4_workloads_is_below_3_mb():
    large = large_campaign(5)
    summary = summarise(large.campaign, large.records, ladders=large.ladders)
    charts = draw_all(summary, large.records, published_figures())
    assert len(charts) == 8
    assert len(page(large.campaign, summary, large.records, charts).encode()) < 3_000_000
