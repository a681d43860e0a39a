# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from ansible_collections.katabench.scylla.plugins.plugin_utils.wording_methods import methods_in_words
from ansible_collections.katabench.scylla.tests.unit import campaign_folder


def test_the_methods_of_a_grown_campaign():
    grown = campaign_folder.grown_campaign()
    text = " ".join(methods_in_words(grown.campaign, grown.records))
    for said in (
        "Every cell is a fresh cluster; a block holds each arm once, in random order (seed 7)",
        "Blocks were added, from 3 to at most 8 or 240 minutes, until every interval of an op rate's ratio was at most "
        "0.05 wide",
        "runc-again repeats runc, to show how much the host varies by itself (A/A).",
        "write and read: a closed loop, compared by op rate.",
        "read@0.5 and read@1: rates that are the same for every arm",
        "fractions of what the slowest arm reached in a pilot (block 0), which enters no figure",
        "Steady part of a load: from the first second.",
        "percentiles are never averaged",
        "Student's 95 % interval over the blocks, from 3 on",
        "measured inside each node before the load; differences are named.",
        "10% of the host's processor time may be taken before a cell, 2% may be stolen by its hypervisor and 70% ",
        "cells over a threshold are marked",
        "short, fixed microbenchmarks",
    ):
        assert said in text


def test_the_methods_of_a_small_campaign():
    campaign = campaign_folder.campaign(arms=[campaign_folder.ARMS[0]])
    sentences = methods_in_words(campaign, campaign_folder.records(campaign))
    assert "The number of blocks, 3, was fixed beforehand." in sentences
    assert "write and read: a closed loop, compared by op rate." in sentences
    assert "the median over the replicates is shown" in sentences[3]
    assert len(sentences) == 5
    assert not [sentence for sentence in sentences if "A/A" in sentence or "quiet" in sentence or "pilot" in sentence]


def test_what_is_enforced_and_repeated_is_said():
    grown = campaign_folder.grown_campaign()
    grown.campaign["settings"] |= {"parity": "enforce", "disturbed": "repeat"}
    grown.campaign["settings"]["until"]["max_minutes"] = None
    text = " ".join(methods_in_words(grown.campaign, grown.records))
    assert "an arm that differs from the baseline without having declared it does not count" in text
    assert "cells over a threshold are run again once" in text
    assert "from 3 to at most 8, until" in text


def test_before_anything_ran_the_methods_are_those_of_the_settings():
    grown = campaign_folder.grown_campaign()
    text = " ".join(methods_in_words(grown.campaign, []))
    assert "Every cell is a fresh cluster" in text
    assert "microbenchmarks" not in text
