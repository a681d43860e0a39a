# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from ansible_collections.katabench.scylla.plugins.plugin_utils.open_metrics import open_metrics_text
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary import summarise
from ansible_collections.katabench.scylla.tests.unit import campaign_folder


@pytest.fixture(scope="module")
def grown():
    grown = campaign_folder.grown_campaign()
    return summarise(grown.campaign, grown.records, stops=grown.stops, ladders=grown.ladders)


def samples(summary):
    """Return the samples by name, as another implementation reads them; it refuses what is no OpenMetrics text."""
    read = {}
    for family in text_string_to_metric_families(open_metrics_text(summary)):
        assert (family.type, bool(family.documentation)) == ("gauge", True)
        for sample in family.samples:
            read.setdefault(sample.name, []).append((sample.labels, sample.value))
    return read


def value(read, name, **labels):
    [found] = [value for told, value in read[name] if labels.items() <= told.items()]
    return found


def test_figures_of_a_row(grown):
    read = samples(grown)
    row = {"run_id": "20261122T223000Z", "cluster": "db1", "workload": "write", "arm": "gvisor"}
    assert value(read, "katabench_op_rate_operations_per_second", **row) == 623
    assert value(read, "katabench_latency_p99_seconds", **row) == 0.1927  # 3 x 0.8 x 80.3 ms, printed with one decimal
    assert value(read, "katabench_op_rate_ratio", **row) == pytest.approx(0.505, abs=0.001)
    assert value(read, "katabench_op_rate_ratio_low", **row) == pytest.approx(0.490, abs=0.001)
    assert value(read, "katabench_op_rate_ratio_high", **row) == pytest.approx(0.521, abs=0.001)
    assert value(read, "katabench_ratio_blocks", **row) == 5
    assert value(read, "katabench_cells", state="valid") == 15
    assert value(read, "katabench_aa_holds", cluster="db1") == 1


def test_figures_at_a_rate(grown):
    read = samples(grown)
    row = {"workload": "read@0.5", "arm": "runc"}
    assert value(read, "katabench_latency_seconds", **row, tag="READ-rt", percentile="99") == pytest.approx(
        0.0063, rel=0.001
    )
    assert value(read, "katabench_target_operations_per_second", **row) == 400
    assert value(read, "katabench_targets_missed", workload="read@1", arm="gvisor") == 1
    gvisor = {"workload": "read@0.5", "arm": "gvisor"}
    assert value(read, "katabench_latency_p99_ratio", **gvisor) == pytest.approx(2.07, abs=0.01)
    assert {labels["workload"] for labels, _ratio in read["katabench_op_rate_ratio"]} == {"write", "read"}


def test_probes(grown):
    read = samples(grown)
    probe = {"probe": "tcp-round-trip", "layer": "network", "arm": "gvisor"}
    assert value(read, "katabench_probe_ratio", **probe) == pytest.approx(118 / 31, rel=0.02)
    assert value(read, "katabench_probe_value", **probe, unit="µs") == pytest.approx(118 * 1.03, rel=0.02)


def test_what_is_not_known_has_no_line(grown):
    text = open_metrics_text(grown)
    assert "NaN" not in text
    assert "None" not in text
    # 30,000 operations are too few for 99.99 %.
    assert 'workload="read@0.5",arm="runc",emulated="false",tag="READ-rt",percentile="99.9"}' in text
    assert 'workload="read@0.5",arm="runc",emulated="false",tag="READ-rt",percentile="99.99"}' not in text
    # The baseline is compared with nothing.
    assert {labels["arm"] for labels, _ratio in samples(grown)["katabench_op_rate_ratio"]} == {"runc-again", "gvisor"}


def test_a_campaign_without_figures_is_still_text():
    campaign = campaign_folder.campaign()
    read = samples(summarise(campaign, []))
    assert value(read, "katabench_cells", state="missing") == 9
    assert "katabench_op_rate_operations_per_second" not in read
    assert "katabench_aa_holds" not in read


def test_what_ran_under_software_emulation_says_so():
    read = samples(summarise(*campaign_folder.kata_campaign()))
    rates = read["katabench_op_rate_operations_per_second"]
    assert {labels["arm"] for labels, _rate in rates if labels["emulated"] == "true"} == {"kata"}


def test_labels_are_escaped():
    campaign = campaign_folder.campaign(clusters=('d"b\\1\nx',))
    read = samples(summarise(campaign, campaign_folder.records(campaign)))
    assert {labels["cluster"] for labels, _rate in read["katabench_op_rate_operations_per_second"]} == {'d"b\\1\nx'}
