# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Expected values are read by eye from what cassandra-stress printed in the same runs (tests/data/stress-logs)."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansible_collections.katabench.scylla.plugins.plugin_utils.hdr_log import read_hdr_log
from ansible_collections.katabench.scylla.plugins.plugin_utils.histograms import HistogramError
from ansible_collections.katabench.scylla.plugins.plugin_utils.latency import (
    merge_latencies,
    percentile_ms,
    response_tags,
)

LOGS = Path(__file__).parents[3] / "data" / "stress-logs"
MS = 1_000_000


def hdr(counts, tag="READ-rt", *, complete=True, sentence=None, key="histogram"):
    """Make a record's hdr: `counts` maps milliseconds to how many operations took so long."""
    histogram = HdrHistogram(1, 10**11, 3)
    for ms, count in counts.items():
        histogram.record_value(int(ms * MS), count)
    found = {"count": sum(counts.values()), "histogram": histogram.encode().decode()}
    return {"complete": complete, "sentence": sentence, "tags": {tag: found | {key: found["histogram"]}}}


def near(ms):
    return None if ms is None else pytest.approx(ms, rel=0.001)


# Printed with one decimal: median, 95th, 99th, 99.9th percentile, max. Too few operations for some of them.
@pytest.mark.parametrize(
    ("name", "tag", "count", "printed"),
    [
        ("fixed-hdr/fixed.hdr", "WRITE-rt", 6050, [0.9, 45.8, 170.7, None, 424.1]),
        ("throttle-hdr/throttle.hdr", "WRITE-st", 6055, [0.8, 10.3, 135.9, None, 533.7]),
        ("fixed-overload/over.hdr", "WRITE-rt", 46700, [5452.6, 6387.9, 6727.7, 7075.8, 7390.4]),
        ("unlimited-hdr/mixed.hdr", "READ-st", 9973, [19.4, 140.0, 277.9, None, 865.6]),
        ("unlimited-hdr/mixed.hdr", "WRITE-st", 10263, [17.4, 136.2, 266.2, 488.9, 857.7]),
    ],
)
def test_percentiles_are_those_that_were_printed(name, tag, count, printed):
    merged = merge_latencies({"one": read_hdr_log(LOGS / name)}, tag)
    assert (merged["tag"], merged["count"], merged["complete"], merged["sentence"]) == (tag, count, True, None)
    found = [*(merged["percentiles"][name] for name in ("50", "95", "99", "99.9")), merged["max_ms"]]
    assert [None if ms is None else round(ms, 1) for ms in found] == printed
    assert merged["percentiles"]["99.99"] is None


@pytest.mark.parametrize(
    ("name", "tag", "printed"),
    [("fixed-hdr/fixed.hdr", "WRITE-rt", 284.2), ("throttle-hdr/throttle.hdr", "WRITE-st", 532.2)],
)
def test_twice_the_same_load_has_the_same_percentiles_and_supports_more(name, tag, printed):
    log = read_hdr_log(LOGS / name)
    assert round(merge_latencies({"a": log, "b": log}, tag)["percentiles"]["99.9"], 1) == printed


def test_percentiles_come_from_the_sum_and_not_from_an_average():
    # Alone, their 99th percentiles are 1 and 100 ms; of both together 1 in 20 takes 100 ms.
    merged = merge_latencies({"a": hdr({1: 1000}), "b": hdr({1: 900, 100: 100})}, "READ-rt")
    assert merged["count"] == 2000
    assert merged["percentiles"]["95"] == near(1)
    assert merged["percentiles"]["99"] == near(100)


@pytest.mark.parametrize(
    ("count", "supported"),
    [
        (0, []),
        (19, []),
        (20, ["50"]),
        (99, ["50"]),
        (100, ["50", "90"]),
        (199, ["50", "90"]),
        (200, ["50", "90", "95"]),
        (999, ["50", "90", "95"]),
        (1000, ["50", "90", "95", "99"]),
        (10_000, ["50", "90", "95", "99", "99.9"]),
        (99_999, ["50", "90", "95", "99", "99.9"]),
        (100_000, ["50", "90", "95", "99", "99.9", "99.99"]),
    ],
)
def test_a_percentile_is_told_when_ten_values_lie_beyond(count, supported):
    merged = merge_latencies({"a": hdr({2: count})}, "READ-rt")
    assert list(merged["percentiles"]) == ["50", "90", "95", "99", "99.9", "99.99"]
    assert [name for name, ms in merged["percentiles"].items() if ms is not None] == supported
    assert merged["max_ms"] == (near(2) if count else None)


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        (None, "b: there is no HDR log."),
        ({"complete": False, "sentence": "The HDR log is empty.", "tags": {}}, "b: The HDR log is empty."),
        (hdr({1: 5}, tag="READ-st"), "b: its HDR log has no tag READ-rt."),
        (
            {"complete": True, "sentence": None, "tags": {"READ-rt": {"count": 1, "histogram": "HISTFAAA"}}},
            "b: its histogram of READ-rt is not whole (Base64 decoded message too short).",
        ),
    ],
)
def test_a_load_without_histogram_makes_the_sum_incomplete(missing, sentence):
    merged = merge_latencies({"a": hdr({1: 1000}), "b": missing}, "READ-rt")
    assert (merged["complete"], merged["sentence"], merged["count"]) == (False, sentence, 1000)
    assert merged["percentiles"]["99"] == near(1)


def test_what_a_short_log_has_counts_and_is_said():
    short = hdr({3: 500}, complete=False, sentence="The HDR log ends at 3.0 s, the load at 15.0 s.")
    merged = merge_latencies({"a": hdr({1: 1000}), "b": short}, "READ-rt")
    assert (merged["complete"], merged["count"]) == (False, 1500)
    assert merged["sentence"] == "b: The HDR log ends at 3.0 s, the load at 15.0 s."


def test_nothing_to_merge_is_not_complete():
    merged = merge_latencies({}, "READ-rt")
    assert (merged["complete"], merged["sentence"]) == (False, "There is no load with histograms.")
    assert (merged["count"], merged["curve"], merged["max_ms"]) == (0, [], None)


def test_the_steady_part_counts_where_there_is_one():
    found = hdr({1: 100, 900: 100})
    found["tags"]["READ-rt"]["steady_histogram"] = hdr({1: 100})["tags"]["READ-rt"]["histogram"]
    merged = merge_latencies({"a": found}, "READ-rt")
    assert (merged["count"], merged["max_ms"]) == (100, near(1))


def test_the_curve_lies_evenly_on_its_axis_as_far_as_ten_values_lie_beyond():
    curve = merge_latencies({"a": hdr(dict.fromkeys(range(1, 1001), 1))}, "READ-rt")["curve"]
    percents = [percent for percent, _ms in curve]
    # Five points for each halving of what lies beyond; the last is the highest of these that is at most 99 %.
    assert percents[:11] == [0, 10, 20, 30, 40, 50, 55, 60, 65, 70, 75]
    assert percents[-1] == 98.90625
    assert [ms for _percent, ms in curve[:6]] == [near(ms) for ms in (1, 100, 200, 300, 400, 500)]


@pytest.mark.parametrize("count", [10, 10**4, 10**7, 10**9, 10**12])
def test_the_curve_has_at_most_120_points(count):
    curve = merge_latencies({"a": hdr({1: count, 2: count // 10})}, "READ-rt")["curve"]
    assert 1 <= len(curve) <= 120
    assert curve[0][0] == 0
    assert all(earlier[0] < later[0] and earlier[1] <= later[1] for earlier, later in itertools.pairwise(curve))


@pytest.mark.parametrize(
    ("tags", "rate_mode", "expected"),
    [
        (["WRITE-rt", "WRITE-st", "WRITE-wt"], "fixed", ["WRITE-rt"]),
        (["WRITE-rt", "WRITE-st", "WRITE-wt"], "throttle", ["WRITE-st"]),
        (["WRITE-rt", "WRITE-st", "WRITE-wt"], "closed", ["WRITE-st"]),
        (["WRITE-st"], "fixed", ["WRITE-st"]),
        (["WRITE-st", "READ-st", "READ-rt"], "fixed", ["READ-rt", "WRITE-st"]),
        (["insert-st", "latest_event-st"], "closed", ["insert-st", "latest_event-st"]),
        ([], "fixed", []),
    ],
)
def test_which_tag_tells_the_latency(tags, rate_mode, expected):
    assert response_tags(tags, rate_mode) == expected


def test_one_percentile_of_one_histogram():
    encoded = hdr({1: 989, 7: 11})["tags"]["READ-rt"]["histogram"]
    assert percentile_ms(encoded, "99") == near(7)
    assert percentile_ms(encoded, "50") == near(1)
    assert percentile_ms(encoded, "99.9") is None
    with pytest.raises(HistogramError):
        percentile_ms(encoded[:-9], "99")


@settings(max_examples=50, deadline=None)
@example(values=[[1] * 9 + [49472] * 11], percent="50")
@given(
    values=st.lists(st.lists(st.integers(min_value=1, max_value=10**11), max_size=150), min_size=1, max_size=4),
    percent=st.sampled_from(["50", "90", "95"]),
)
def test_percentiles_against_a_sorted_list(values, percent):
    loads = {}
    for number, of_load in enumerate(values):
        histogram = HdrHistogram(1, 10**11, 3)
        for value in of_load:
            histogram.record_value(value)
        tags = {"READ-st": {"count": len(of_load), "histogram": histogram.encode().decode()}}
        loads[str(number)] = {"complete": True, "sentence": None, "tags": tags}
    ordered = sorted(value for of_load in values for value in of_load)
    found = merge_latencies(loads, "READ-st")["percentiles"][percent]
    if len(ordered) * (100 - int(percent)) < 1000:
        assert found is None
    else:
        wanted = ordered[math.ceil(len(ordered) * int(percent) / 100) - 1] / MS
        # The histogram keeps three digits, and the percentile is rounded to a microsecond: both errors add up.
        assert found == pytest.approx(wanted, abs=0.001 * wanted + 0.0005)
