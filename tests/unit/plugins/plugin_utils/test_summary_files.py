# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import csv
import io
import json

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.summary import summarise
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary_files import (
    SummaryError,
    summary_csv,
    summary_json,
)
from ansible_collections.katabench.scylla.tests.unit import campaign_folder


@pytest.fixture
def summary():
    grown = campaign_folder.grown_campaign()
    return summarise(grown.campaign, grown.records, stops=grown.stops, ladders=grown.ladders)


def rows_of(summary):
    return list(csv.DictReader(io.StringIO(summary_csv(summary))))


def test_summaries_have_the_form_of_the_schema(summary):
    assert json.loads(summary_json(summary)) == summary
    small = campaign_folder.campaign()
    for records in ([], campaign_folder.records(small)):
        summary_json(summarise(small, records))
    summary_json(summarise(*campaign_folder.kata_campaign()))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda summary: summary.pop("verdict"), "at $, 'verdict' is a required property"),
        (lambda summary: summary["clusters"][0]["rows"][0].update(figure="mean"), "at $.clusters[0].rows[0].figure"),
        (lambda summary: summary["clusters"][0]["rows"][0].update(ratio="1.0"), "at $.clusters[0].rows[0].ratio"),
        (lambda summary: summary["grid"][0].update(state="lost"), "at $.grid[0].state"),
        (lambda summary: summary["cells"].update(valid=-1), "at $.cells.valid"),
        (lambda summary: summary["points"][0].update(block=0), "at $.points[0].block"),
        (
            lambda summary: summary["clusters"][0]["rows"][0]["hdr"].update(complete=False),
            "at $.clusters[0].rows[0].hdr",
        ),
    ],
)
def test_what_has_another_form_is_not_written(summary, spoil, sentence):
    spoil(summary)
    with pytest.raises(SummaryError) as error:
        summary_json(summary)
    assert sentence in str(error.value)


def test_the_table_is_flat(summary):
    rows = rows_of(summary)
    assert len(rows) == 12
    assert not [value for row in rows for value in row.values() if value.startswith(("{", "["))]
    gvisor = next(row for row in rows if (row["workload"], row["arm"]) == ("read@0.5", "gvisor"))
    assert (gvisor["cluster"], gvisor["figure"], gvisor["verdict"]) == ("db1", "latency_p99_ms", "higher latency")
    assert float(gvisor["ratio"]) == pytest.approx(2.07, abs=0.01)
    assert float(gvisor["hdr_p99_ms"]) == pytest.approx(12.9, rel=0.001)
    assert (gvisor["hdr_tag"], gvisor["hdr_complete"], gvisor["hdr_p99.99_ms"]) == ("READ-rt", "True", "")
    assert float(gvisor["check_hodges_lehmann"]) == pytest.approx(2.07, abs=0.03)
    assert gvisor["unlike"] == (
        "it has a kernel of its own, 4.4.0 where runc has 6.1.0-18-amd64; net.core.somaxconn is 128 where runc has 4096"
    )


def test_without_histograms_their_columns_are_empty():
    campaign = campaign_folder.campaign()
    [first, *_others] = rows_of(summarise(campaign, campaign_folder.records(campaign)))
    assert (first["op_rate"], first["hdr_p99_ms"], first["check_steady_ratio"]) == ("1240", "", "")
