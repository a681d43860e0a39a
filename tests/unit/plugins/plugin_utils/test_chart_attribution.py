# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from copy import deepcopy
from itertools import pairwise

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.chart_attribution import Kept, attribution_chart
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary import summarise
from ansible_collections.katabench.scylla.tests.unit import campaign_folder
from ansible_collections.katabench.scylla.tests.unit.chart_reading import drawn_from


@pytest.fixture(scope="module")
def summarised():
    grown = campaign_folder.grown_campaign()
    return summarise(grown.campaign, grown.records)


@pytest.fixture
def summary(summarised):
    return deepcopy(summarised)


def bars(summary, arm="gvisor"):
    """Return an arm's bars by probe."""
    probe, found = "", {}
    for value in drawn_from(attribution_chart(summary).specification, "point"):
        probe = value["probe"] or probe
        if value["arm"] == arm:
            found[probe] = value
    return found


def test_below_1_is_a_loss_whichever_way_a_probe_counts(summary):
    found = bars(summary)
    assert found["disk-read-direct"]["ratio"] == pytest.approx(9100 / 21000, rel=1e-3)
    assert found["tcp-round-trip"]["ratio"] == pytest.approx(31 / 118, rel=1e-3)  # µs: less is better
    assert found["memory-overhead"]["ratio"] == pytest.approx(9 / 62, rel=1e-3)
    for bar in found.values():
        if bar["ratio"] is not None:
            assert bar["ratio_low"] <= bar["ratio"] <= bar["ratio_high"]


def test_an_interval_is_turned_over_with_its_ratio():
    entry = {"ratio": 4.0, "ratio_low": 2.0, "ratio_high": 8.0, "better": "lower"}
    assert Kept.of(entry) == Kept(0.25, 0.125, 0.5)
    assert Kept.of({**entry, "better": "higher"}) == Kept(4.0, 2.0, 8.0)
    assert Kept.of({**entry, "ratio_low": None, "ratio_high": None}) == Kept(0.25, None, None)


def test_the_databases_own_op_rates_stand_on_top_and_layers_follow_in_their_order(summary):
    values = drawn_from(attribution_chart(summary).specification, "point")
    assert [value["layer"] for value in values if value["layer"]] == [
        "database",
        "storage",
        "network",
        "cpu",
        "memory",
        "start",
        "overhead",
    ]
    assert list(bars(summary))[:3] == ["op rate, write", "op rate, read", "disk-read-direct"]
    rows = {(row["workload"], row["arm"]): row["ratio"] for row in summary["clusters"][0]["rows"]}
    assert bars(summary)["op rate, write"]["ratio"] == rows["write", "gvisor"]


def test_bars_do_not_lie_on_each_other(summary):
    places = [value["y_px"] for value in drawn_from(attribution_chart(summary).specification, "point")]
    assert places == sorted(places)
    assert min(after - before for before, after in pairwise(places)) >= 13


def test_a_probe_that_failed_has_no_bar_and_is_named(summary):
    failed = bars(summary)["disk-write-direct"]
    assert (failed["ratio"], failed["one"], failed["text"]) == (None, None, "failed")
    assert bars(summary, "runc-again")["disk-write-direct"]["text"].startswith("1.007 (")
    chart = attribution_chart(summary)
    assert (
        "storage disk-write-direct: runc-again 1.007 (1.000 to 1.013), gvisor failed (fio: this file system refuses "
        "O_DIRECT (invalid argument))." in chart.words
    )
    row = next(row for row in chart.rows if row[2:4] == ["disk-write-direct", "gvisor"])
    assert row[-1] == campaign_folder.NO_DIRECT


def test_without_probes_there_is_no_chart():
    campaign = campaign_folder.campaign()
    assert attribution_chart(summarise(campaign, campaign_folder.records(campaign))) is None


def test_what_cannot_be_compared_is_no_chart():
    # The starts of nodes are known of the virtual machines alone.
    campaign, records = campaign_folder.kata_campaign()
    data = summarise(campaign, records)
    assert data["clusters"][0]["attribution"]
    assert attribution_chart(data) is None
