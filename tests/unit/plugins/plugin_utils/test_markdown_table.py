# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from ansible_collections.katabench.scylla.plugins.plugin_utils.markdown_table import markdown_text
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary import summarise
from ansible_collections.katabench.scylla.tests.unit import campaign_folder


def text_of(campaign, records, **notes):
    return markdown_text(summarise(campaign, records, **notes))


def test_the_whole_of_a_small_campaign():
    campaign = campaign_folder.campaign(blocks=2, arms=[campaign_folder.ARMS[0], campaign_folder.ARMS[2]])
    campaign["settings"]["workloads"] = campaign["settings"]["workloads"][:1]
    records = campaign_folder.records(campaign)
    for record in records:
        del record["workloads"][1]
    # (623 / 1214 x 611 / 1261) ** 0.5 = 0.499; 1214 and 1261: 1237.5, which is printed even.
    assert text_of(campaign, records) == (
        "**What does it cost to run cassandra 5.0.6 (standing in for ScyllaDB) under gvisor instead of runc on this "
        "machine?**\n"
        "\n"
        "Op rate of gvisor against runc: write 0.499 times (-50.1 %; no interval: n = 2 blocks, at least 3 are "
        "needed).\n"
        "\n"
        "No A/A control ran: how much this host varies by itself is unknown.\n"
        "\n"
        "db1: Example CPU 9000 \\<x\\>, 2 cores, 24 GiB, Linux 6.1.0-18-amd64, Debian 12.5\n"
        "\n"
        "| workload | arm | op/s | p99 ms | compared | ratio | 95 % interval | change | n | verdict |\n"
        "| :-- | :-- | --: | --: | :-- | --: | --: | --: | --: | :-- |\n"
        "| write | runc | 1,238 | 404.5 |  |  |  |  |  | baseline |\n"
        "| write | gvisor | 617 | 810.5 | op/s | 0.499 |  | -50.1 % | 2 | no interval |\n"
        "\n"
        "4 of 4 cells count. Campaign 20261122T223000Z, cassandra 5.0.6.\n"
    )


def test_loads_at_a_rate_show_what_they_reached_and_the_merged_percentile():
    grown = campaign_folder.grown_campaign()
    lines = text_of(grown.campaign, grown.records).splitlines()
    assert "| read@0.5 | runc | 400 of 400 | 6.3 |  |  |  |  |  | baseline |" in lines
    [missed] = [line for line in lines if line.startswith("| read@1 | gvisor ")]
    assert missed.startswith("| read@1 | gvisor | 798 of 800, missed in 1 of 5 | ")
    assert missed.endswith(" | 5 | higher latency |")
    assert (
        "| write | runc-again | 1,238 | 97.0 | op/s | 0.999 | 0.983 to 1.014 | -0.1 % | 5 | no difference shown |"
        in lines
    )


def test_a_row_that_does_not_count_says_why():
    campaign = campaign_folder.campaign()
    records = campaign_folder.records(campaign)
    for record in records:
        if record["cell"]["arm"] == "gvisor":
            campaign_folder.spoil(record, "cluster-start", "node 1 did not answer.")
    lines = text_of(campaign, records).splitlines()
    assert "| write | gvisor |  |  |  |  |  |  |  | has no valid replicate (node 1 did not answer) |" in lines
    assert lines[-1].startswith("6 of 9 cells count.")


def test_what_comes_from_elsewhere_is_no_markdown():
    campaign = campaign_folder.campaign(clusters=("a|b<c>_d",))
    records = campaign_folder.records(campaign)
    for record in records:
        campaign_folder.spoil(record, "errors", "5 of 10 | <b>all</b>\n# failed.")
    text = text_of(campaign, records)
    assert "a\\|b\\<c\\>\\_d: unknown host" not in text
    assert "a\\|b\\<c\\>\\_d: Example CPU" in text
    assert "(5 of 10 \\| \\<b\\>all\\</b\\> \\# failed)" in text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in tables} == {11}
