# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Expected values are read by eye from what cassandra-stress printed in the same runs (tests/data/stress-logs)."""

from __future__ import annotations

import base64
import gzip
import struct
import zlib
from pathlib import Path

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.katabench.scylla.plugins.plugin_utils.hdr_log import read_hdr_log
from ansible_collections.katabench.scylla.plugins.plugin_utils.histograms import HistogramError, decode_histogram

LOGS = Path(__file__).parents[3] / "data" / "stress-logs"
FIXED = LOGS / "fixed-hdr" / "fixed.hdr"
# The loader's total of operations at the end of each of its four intervals: 5.0, 10.0, 15.0 and 15.4 s.
FIXED_TOTALS = [0, 1878, 3892, 5892, 6050]
HEAD = (
    b"#Logging op latencies for Cassandra Stress\n#[Histogram log format version 1.3]\n"
    b"#[BaseTime: 1795380414.000 (seconds since epoch)]\n"
    b"#[StartTime: 1795380414.000 (seconds since epoch), Sun Nov 22 20:46:54 UTC 2026]\n"
    b'"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n'
)


def encoded(values, highest=None):
    histogram = HdrHistogram(1, highest or max([2, *values]), 3)
    for value in values:
        histogram.record_value(value)
    return histogram.encode()


def row(begin_s, values, tag="WRITE-st", length_s=1.0, highest=None):
    named = f"Tag={tag}," if tag else ""
    return f"{named}{begin_s:.3f},{length_s:.3f},{max(values) / 1e6:.3f},".encode() + encoded(values, highest) + b"\n"


@pytest.fixture
def read(tmp_path):
    def read_text(content, *, name="hdr", **told):
        path = tmp_path / name
        path.write_bytes(content)
        return read_hdr_log(path, **told)

    return read_text


def counts(log):
    return {tag: found["count"] for tag, found in log["tags"].items()}


@pytest.mark.parametrize(
    ("name", "told", "expected"),
    [
        ("fixed-hdr/fixed.hdr", (5.0, 15.4, 6050), {"WRITE-rt": 6050, "WRITE-st": 6050, "WRITE-wt": 6050}),
        ("throttle-hdr/throttle.hdr", (5.0, 15.4, 6055), {"WRITE-rt": 6055, "WRITE-st": 6055, "WRITE-wt": 6055}),
        ("fixed-overload/over.hdr", (5.0, 15.8, 46700), {"WRITE-rt": 46700, "WRITE-st": 46700, "WRITE-wt": 46700}),
        ("unlimited-hdr/mixed.hdr", (5.0, 15.7, 20236), {"READ-st": 9973, "WRITE-st": 10263}),
    ],
)
def test_real_logs_hold_every_operation_that_was_printed(name, told, expected):
    first, last, count = told
    limited = "WRITE-rt" in expected
    log = read_hdr_log(LOGS / name, first_time_s=first, expected_s=last, expected_count=count, is_rate_limited=limited)
    assert counts(log) == expected
    assert (log["complete"], log["sentence"]) == (True, None)
    assert log["first_s"] == pytest.approx(0, abs=0.05)
    assert log["last_s"] == pytest.approx(last, abs=0.05)


def test_maxima_are_those_that_were_printed():
    log = read_hdr_log(FIXED)
    response = decode_histogram(log["tags"]["WRITE-rt"]["histogram"])
    assert round(response.get_max_value() / 1e6, 1) == 424.1
    assert response.get_total_count() == 6050
    # The interval rows of the log itself end with 423.887 for the service time.
    service = HdrHistogram.decode(log["tags"]["WRITE-st"]["histogram"])
    assert round(service.get_max_value() / 1e6, 3) == 423.887


@pytest.mark.parametrize(
    ("from_s", "steady"), [(0.0, 6050), (5.0, 4172), (9.0, 2158), (10.0, 2158), (15.0, 158), (99.0, 0)]
)
def test_the_steady_part_is_the_rows_after_it_began(from_s, steady):
    # The second row begins at 4.999, where the loader prints 5.0.
    found = read_hdr_log(FIXED, steady_from_s=from_s)["tags"]["WRITE-rt"]
    assert (found["count"], found["steady_count"]) == (6050, steady)
    assert HdrHistogram.decode(found["steady_histogram"]).get_total_count() == steady
    assert HdrHistogram.decode(found["histogram"]).get_total_count() == 6050


def test_without_a_steady_part_there_are_no_keys_for_it():
    assert set(read_hdr_log(FIXED)["tags"]["WRITE-st"]) == {"count", "histogram"}


def test_a_load_that_did_nothing_at_first_is_placed_by_the_time_it_prints(read):
    # As in node-down-ignored, whose first row is printed at 2.0: the first second had no operation and has no row.
    log = HEAD + row(1.0, [5]) + row(2.0, [6, 7]) + row(3.0, [8, 9, 10])
    told = read(log, first_time_s=2.0, steady_from_s=2.0)
    assert told["tags"]["WRITE-st"]["steady_count"] == 5
    assert (told["first_s"], told["last_s"]) == (1.0, 4.0)
    assert read(log, steady_from_s=2.0)["tags"]["WRITE-st"]["steady_count"] == 3


def test_times_may_be_absolute_or_relative_and_comments_missing(read):
    lines = FIXED.read_bytes().splitlines(keepends=True)
    rows = [line for line in lines if line.startswith(b"Tag=")]
    for content in (rows, [*lines[:5], *map(_absolute, rows)], [_absolute(line) for line in rows]):
        log = read(b"".join(content), steady_from_s=10.0, expected_s=15.4)
        assert (log["first_s"], log["last_s"]) == (0.0, pytest.approx(15.393, abs=0.001))
        assert log["tags"]["WRITE-st"]["steady_count"] == 2158
        assert log["complete"]


def _absolute(line):
    tag, begin, rest = line.split(b",", 2)
    return b",".join([tag, f"{1795380414 + float(begin):.3f}".encode(), rest])


def test_rows_without_tag_have_an_empty_one(read):
    log = read(HEAD + row(0, [3, 4], tag=None) + row(1, [5], tag=None), expected_count=3)
    assert counts(log) == {"": 3}
    assert log["complete"]


def test_a_compressed_log_is_read(read):
    log = read(gzip.compress(FIXED.read_bytes()), name="hdr.gz", expected_count=6050)
    assert counts(log)["WRITE-rt"] == 6050
    assert log["complete"]


def test_a_log_cut_anywhere_gives_what_is_whole_and_says_so(read):
    content = FIXED.read_bytes()
    for end in range(0, len(content) - 1, 101):
        log = read(content[:end], expected_s=15.4, expected_count=6050, is_rate_limited=True)
        assert not log["complete"], end
        assert log["sentence"], end
        assert set(counts(log).values()) <= set(FIXED_TOTALS), end
        for found in log["tags"].values():
            assert HdrHistogram.decode(found["histogram"]).get_total_count() == found["count"]


def test_a_last_row_without_line_feed_counts_when_its_checksum_shows_that_it_is_whole(read):
    assert read(FIXED.read_bytes()[:-1], expected_s=15.4, expected_count=6050)["complete"]


def test_a_cut_row_is_named(read):
    lines = FIXED.read_bytes().splitlines(keepends=True)
    log = read(b"".join(lines[:-1]) + lines[-1][:90])
    assert log["sentence"].startswith(f"The histogram in line {len(lines)} is not whole (")
    assert counts(log) == {"WRITE-rt": 6050, "WRITE-st": 6050, "WRITE-wt": 5892}


def test_a_compressed_log_that_was_cut_gives_what_is_whole(read):
    stored = gzip.compress(FIXED.read_bytes())
    log = read(stored[: len(stored) // 2], name="hdr.gz")
    assert log["sentence"].startswith("hdr.gz is not a whole gzip file (")
    assert 0 < counts(log)["WRITE-st"] < 6050


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The HDR log is empty."),
        (HEAD, "The HDR log ends after 5 lines without a row."),
        (b"<html>not found</html>\n", "Line 1 is no row of an HDR log."),
        (HEAD + b"Tag=WRITE-st,0.000,1.000,1.0,HIST\n", "The histogram in line 6 is not whole (Base64 decoded message"),
        (HEAD + b"Tag=WRITE-st,nan,1.000,1.0,HISTFAAAABh42pNpmSzMwMDAxAABMJoJRgMAFAUBhQ==\n", "Line 6 is no row of an"),
        (HEAD + row(0, [1]).replace(b"0.000,1.000", b"0,000,1,000"), "Line 6 is no row of an HDR log."),
        (b"\xff\xfe\x00" * 999, "Line 1 is no row of an HDR log."),
        (b"x" * 300_000, "Line 1 is no row of an HDR log. Line 2 is no row of an HDR log. Line 3 is no row"),
    ],
)
def test_what_is_no_log_is_said_in_a_sentence(read, content, sentence):
    log = read(content)
    assert log["complete"] is False
    assert log["sentence"].startswith(sentence)
    assert (log["tags"], log["first_s"], log["last_s"]) == ({}, None, None)


def test_a_log_that_is_not_there_is_said(tmp_path):
    log = read_hdr_log(tmp_path / "hdr")
    assert (log["complete"], log["sentence"], log["tags"]) == (False, "There is no HDR log hdr.", {})


def test_a_broken_first_row_still_says_where_zero_is(read):
    content = HEAD + row(1.0, [5]).replace(b"HIST", b"HOST") + row(2.0, [6, 7]) + row(3.0, [8])
    log = read(content, first_time_s=2.0, steady_from_s=3.0)
    assert (log["first_s"], log["tags"]["WRITE-st"]["count"], log["tags"]["WRITE-st"]["steady_count"]) == (1.0, 3, 1)


def test_the_log_of_a_reporting_thread_that_died_has_no_rows():
    log = read_hdr_log(LOGS / "hdr-thread-dies" / "fixed.hdr", expected_count=1912)
    assert log["sentence"] == "The HDR log ends after 5 lines without a row."


def test_broken_rows_are_named_up_to_three(read):
    broken = row(0, [5, 6]).replace(b"HIST", b"HOST")
    log = read(HEAD + broken * 5 + row(1, [7]))
    assert [f"line {number} " in log["sentence"] for number in (6, 7, 8, 9)] == [True, True, True, False]
    assert log["sentence"].endswith("And 2 more.")
    assert counts(log) == {"WRITE-st": 1}


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"expected_s": 25.3}, None),  # two intervals of 5 s
        ({"expected_s": 25.5}, "The HDR log ends at 15.4 s, the load at 25.5 s."),
        ({"expected_count": 6049}, "The HDR log has 6,050 operations, the load reports 6,049."),
        ({"expected_count": 6060}, "The HDR log has 6,050 operations, the load reports 6,060."),
        ({"expected_count": 6060, "failed_count": 10}, None),
        ({"expected_count": 6060, "failed_count": 9}, "The HDR log has 6,050 operations, the load reports 6,060."),
    ],
)
def test_the_log_is_held_against_what_the_load_reports(told, sentence):
    log = read_hdr_log(FIXED, **told)
    assert (log["complete"], log["sentence"]) == (sentence is None, sentence)


def test_of_short_intervals_two_seconds_may_be_missing(read):
    content = HEAD + row(0, [5]) + row(1, [5]) + row(2, [5])
    assert read(content, expected_s=5.0)["complete"]
    assert read(content, expected_s=5.1)["sentence"] == "The HDR log ends at 3.0 s, the load at 5.1 s."


def test_each_kind_of_time_must_be_there_for_each_operation(read):
    lines = FIXED.read_bytes().splitlines(keepends=True)
    without_last_response = b"".join(line for line in lines if not line.startswith(b"Tag=WRITE-rt,14.999"))
    log = read(without_last_response)
    assert log["sentence"] == "The HDR log has 6,050 operations of WRITE-st and 5,892 of WRITE-rt."
    without_responses = b"".join(line for line in lines if b"-rt," not in line and b"-wt," not in line)
    assert read(without_responses)["complete"]
    assert read(without_responses, is_rate_limited=True)["sentence"] == (
        "The HDR log has 6,050 operations of WRITE-st and 0 of WRITE-rt. "
        "The HDR log has 6,050 operations of WRITE-st and 0 of WRITE-wt."
    )


def test_rows_that_go_back_in_time_are_said(read):
    log = read(HEAD + row(0, [5]) + row(7, [5]) + row(1, [5]))
    assert log["sentence"] == "The row in line 8 begins before the one above it."
    assert counts(log) == {"WRITE-st": 3}


def test_histograms_that_grew_are_added_to_smaller_ones(read):
    # As the loader's do: each row is as large as the largest value so far asks for.
    log = read(HEAD + row(0, [1000], highest=4095) + row(1, [10**10], highest=2**34) + row(2, [1000, 5], highest=2**34))
    histogram = HdrHistogram.decode(log["tags"]["WRITE-st"]["histogram"])
    assert histogram.get_total_count() == 4
    assert [histogram.get_count_at_value(value) for value in (5, 1000, 10**10)] == [1, 2, 1]


def test_more_tags_than_any_load_has_are_said(read):
    log = read(HEAD + b"".join(row(0, [5], tag=f"q{number}-st") for number in range(125)))
    assert len(log["tags"]) == 120
    assert log["sentence"].startswith("Line 126 has one more tag than the 120 that are read.")


NANOSECONDS = st.integers(min_value=1, max_value=2**40)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(st.sampled_from(["READ-st", "WRITE-st"]), st.lists(NANOSECONDS, min_size=1, max_size=9)), max_size=6
    ),
    cut=st.integers(min_value=0, max_value=6),
)
def test_sums_are_those_of_the_library(tmp_path, rows, cut):
    path = tmp_path / "hdr"
    path.write_bytes(HEAD + b"".join(row(begin, values, tag=tag) for begin, (tag, values) in enumerate(rows)))
    log = read_hdr_log(path, first_time_s=1.0, steady_from_s=float(cut))
    for tag in {tag for tag, _values in rows}:
        # The first row tells where zero is, whatever its tag.
        for key, first in (("histogram", 0), ("steady_histogram", cut)):
            wanted = HdrHistogram(1, 2**41, 3)
            for of_row, values in rows[first:]:
                for value in values if of_row == tag else []:
                    wanted.record_value(value)
            found = HdrHistogram(1, 2**41, 3)
            found.add(HdrHistogram.decode(log["tags"][tag][key]))
            assert list(found.counts) == list(wanted.counts)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(min_value=0, max_value=15_425), byte=st.integers(min_value=0, max_value=255))
def test_a_damaged_byte_never_stops_the_reader(tmp_path, at, byte):
    content = bytearray(FIXED.read_bytes())
    content[at] = byte
    path = tmp_path / "hdr"
    path.write_bytes(content)
    log = read_hdr_log(path, steady_from_s=5.0, expected_s=15.4)
    assert log["complete"] == (log["sentence"] is None)
    assert all(count <= 6050 for count in counts(log).values())


def compressed(body, figures=3, lowest=1, highest=2**33 - 1, cookie=0x1C849313):
    payload = struct.pack(">IIIIQQd", cookie, len(body), 0, figures, lowest, highest, 1.0) + body
    packed = zlib.compress(payload)
    return base64.b64encode(struct.pack(">II", 0x1C849314, len(packed)) + packed)


@pytest.mark.parametrize(
    "header",
    [
        {"figures": 0},
        {"figures": 5},
        {"figures": 2**31},
        {"lowest": 0},
        {"highest": 1},
        {"highest": 2**64 - 1},
        {"lowest": 2**63, "highest": 2**64 - 1},
        {"cookie": 5},
    ],
)
def test_a_header_that_no_loader_writes_is_refused(header):
    assert decode_histogram(compressed(b"\x0a")).get_total_count() == 5
    with pytest.raises(HistogramError):
        decode_histogram(compressed(b"\x0a", **header))


@settings(max_examples=200, deadline=None)
@given(body=st.binary(max_size=40))
def test_counts_that_no_loader_writes_are_refused_or_read(body):
    try:
        histogram = decode_histogram(compressed(body))
    except HistogramError:
        return
    assert 0 <= histogram.get_total_count() < 2**53
