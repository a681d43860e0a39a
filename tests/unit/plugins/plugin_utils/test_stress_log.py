# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Expected values are read from the logs in tests/data/stress-logs by eye."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.katabench.scylla.plugins.plugin_utils.stress_log import StressLogError, read_stress_log

LOGS = Path(__file__).parents[3] / "data" / "stress-logs"
ERAS = LOGS / "eras"
REAL = sorted(path.name for path in LOGS.iterdir() if (path / "stdout").is_file())


def real(name):
    return (LOGS / name / "stdout").read_text(encoding="utf-8")


def era(name):
    return (ERAS / name).read_text(encoding="utf-8")


def read(text, **arguments):
    return read_stress_log(io.StringIO(text), **arguments)


@pytest.mark.parametrize(
    ("name", "outcome", "terminator", "threads", "intervals"),
    [
        ("auto-steps", "results", "END", [4, 8, 16, 24, 36, 54, 81, 121, 181], 45),
        ("bad-option", "refused", None, [], 0),
        ("counter-read", "results", "END", [20], 6),
        ("counter-write", "results", "END", [20], 10),
        ("fixed-hdr", "results", "END", [50], 4),
        ("fixed-overload", "results", "END", [20], 4),
        ("hdr-thread-dies", "results", "END", [50], 0),
        ("locale-de", "results", "END", [20], 6),
        ("locale-fr", "results", "END", [20], 5),
        ("log-file", "results", "END", [20], 7),
        ("mixed", "results", "END", [50], 30),
        ("n-zero", "no-results", None, [], 0),
        ("no-host", "no-results", None, [], 0),
        ("node-down-fails", "no-results", "FAILURE", [], 6),
        ("node-down-ignored", "results", "END", [20], 25),
        ("read", "results", "END", [50], 16),
        ("read-missing", "results", "FAILURE", [20], 0),
        ("throttle-hdr", "results", "END", [50], 4),
        ("unlimited-hdr", "results", "END", [50], 12),
        ("user-profile", "results", "END", [20], 0),
        ("write", "results", "END", [50], 14),
    ],
)
def test_every_real_log_has_its_outcome(name, outcome, terminator, threads, intervals):
    log = read(real(name))
    assert (log["outcome"], log["terminator"]) == (outcome, terminator)
    assert [block["threads"] for block in log["blocks"]] == threads
    assert len(log["intervals"]) == intervals
    assert log["intervals_step"] == 1


WRITE = {
    "op_rate": 1453,
    "partition_rate": 1453,
    "row_rate": 1453,
    "latency_mean_ms": 33.6,
    "latency_median_ms": 15.5,
    "latency_p95_ms": 124.6,
    "latency_p99_ms": 231.7,
    "latency_p999_ms": 425.5,
    "latency_max_ms": 497.8,
    "total_partitions": 20000,
    "total_errors": 0,
}
NO_GC = {"count": 0, "memory_bytes": 0, "time_s": 0.0, "avg_ms": None, "stddev_ms": 0.0}


def test_a_block_is_read_whole():
    log = read(real("write"))
    assert log["blocks"] == [
        {"threads": 50, "total": WRITE, "ops": {"WRITE": WRITE}, "gc": NO_GC, "total_operation_time_s": 13}
    ]
    assert log["running"] == {"operations": ["WRITE"], "threads": 50, "iterations": 20000, "duration_s": None}
    assert log["steps"] == []
    assert log["notes"] == []


def test_an_interval_row_has_its_numbers_under_names():
    assert read(real("write"))["intervals"][1] == {
        "block": 0,
        "type": "total",
        "total_ops": 1212,
        "op_rate": 677,
        "partition_rate": 677,
        "row_rate": 677,
        "latency_mean_ms": 72.4,
        "latency_median_ms": 57.4,
        "latency_p95_ms": 211.4,
        "latency_p99_ms": 268.2,
        "latency_p999_ms": 276.3,
        "latency_max_ms": 276.3,
        "time_s": 2.0,
        "stderr": 0.10747,
        "errors": 0,
        "gc_count": 0,
        "gc_max_ms": 0,
        "gc_sum_ms": 0,
        "gc_stddev_ms": 0,
        "gc_memory_mib": 0,
    }


@pytest.mark.parametrize(
    ("log", "operation", "key", "value"),
    [
        (real("mixed"), "READ", "op_rate", 1223),
        (real("mixed"), "WRITE", "latency_p999_ms", 369.9),
        (real("mixed"), "READ", "total_partitions", 11211),
        (real("log-file"), "WRITE", "op_rate", 1433),
        (real("log-file"), None, "op_rate", 1253),
        (real("node-down-ignored"), "WRITE", "total_errors", 83452),
        (real("fixed-overload"), None, "latency_mean_ms", 4729.0),
        (real("fixed-overload"), "WRITE", "latency_mean_ms", 4729.0),
        (real("locale-de"), None, "op_rate", 1017),
        (real("locale-de"), None, "latency_max_ms", 1228.9),
        (real("locale-de"), "WRITE", "latency_max_ms", 1228.9),
        (real("locale-de"), "WRITE", "total_partitions", 6000),
        (real("locale-fr"), None, "op_rate", 1382),
        (real("locale-fr"), "WRITE", "latency_mean_ms", 12.9),
        (era("cassandra-2.0"), None, "latency_p999_ms", 619.5),
        (era("cassandra-2.1-beta"), None, "op_rate", 12500),
        (era("cassandra-2.1-beta"), None, "partition_rate", 12500),
        (era("cassandra-2.1.0"), None, "row_rate", 238),
        (era("cassandra-3.0"), None, "op_rate", 10714),
        (era("cassandra-3.0"), "WRITE", "op_rate", 2686),
        (era("cassandra-3.0"), "READ", "latency_p99_ms", 8.2),
        (era("cassandra-4.0"), "insert", "op_rate", 1164),
        (era("cassandra-4.0"), "simple1", "op_rate", 398),
        (era("cassandra-4.0"), "insert", "latency_max_ms", 4399.8),
        (era("cassandra-4.0"), "simple1", "total_partitions", 1149),
        (era("cassandra-5.0"), "READ", "total_partitions", 1000),
        (era("cql-stress"), None, "op_rate", 66693),
        (era("cql-stress"), None, "total_partitions", 20000000),
    ],
)
def test_numbers_in_every_dress(log, operation, key, value):
    block = read(log)["blocks"][0]
    assert (block["ops"][operation] if operation else block["total"])[key] == value


@pytest.mark.parametrize(
    ("name", "gc", "total_operation_time_s"),
    [
        ("cassandra-2.0", {}, 30),
        # 569 and 10,742 times 1024 x 1024
        ("cassandra-2.1.0", {"count": 4, "memory_bytes": 596639744, "time_s": 2, "avg_ms": 474, "stddev_ms": 19}, 420),
        ("cassandra-3.0", {"count": 18, "memory_bytes": 11263803392, "time_s": 1, "avg_ms": 73, "stddev_ms": 16}, 1),
        # 1.989 times 1024 x 1024 x 1024
        (
            "cassandra-4.0",
            {"count": 1, "memory_bytes": 2135672488, "time_s": 0.3, "avg_ms": 285.0, "stddev_ms": 0.0},
            100 * 3600 + 2,
        ),
        ("cassandra-5.0", NO_GC, 1),
        ("cql-stress", {}, 299),
    ],
)
def test_garbage_collection_and_time_by_era(name, gc, total_operation_time_s):
    block = read(era(name))["blocks"][0]
    assert block["gc"] == gc
    assert block["total_operation_time_s"] == total_operation_time_s


@pytest.mark.parametrize(
    ("log", "index", "expected"),
    [
        (real("mixed"), 0, {"type": "READ", "total_ops": 212, "latency_mean_ms": 143.5}),
        (real("mixed"), 27, {"type": "READ", "total_ops": 11211, "time_s": 9.2, "stderr": -3.31737}),
        (real("locale-de"), 2, {"type": "total", "total_ops": 1445, "latency_p999_ms": 1228.9, "stderr": 1.74265}),
        (real("locale-fr"), -1, {"op_rate": 3145, "latency_mean_ms": 6.5, "time_s": 4.3, "gc_memory_mib": 0}),
        (real("node-down-ignored"), -1, {"total_ops": 89445, "errors": 5922}),
        (era("cassandra-2.0"), 1, {"type": "total", "total_ops": 13073, "latency_median_ms": 63.1, "time_s": 20}),
        (era("cassandra-2.1-beta"), 0, {"total_ops": 12033, "adjusted_op_rate": 12112, "stderr": None}),
        (era("cassandra-2.1.0"), 1, {"total_ops": 100000, "op_rate": 238, "gc_memory_mib": 569}),
        (era("cassandra-3.0"), 1, {"type": "WRITE", "total_ops": 2704, "gc_max_ms": 49}),
        (era("cassandra-4.0"), 3, {"type": "insert", "op_rate": 20233, "partition_rate": 19063, "stderr": -18.06553}),
        (era("cql-stress"), 2, {"type": "total", "total_ops": 20000000, "latency_max_ms": 1498.4, "time_s": 299.9}),
    ],
)
def test_rows_in_every_dress(log, index, expected):
    row = read(log)["intervals"][index]
    assert {key: row[key] for key in expected} == expected


def test_thread_steps_keep_every_block_and_the_closing_table():
    log = read(real("auto-steps"))
    assert [block["total"]["op_rate"] for block in log["blocks"]] == [
        2256, 4312, 5312, 5571, 5985, 6872, 7006, 5987, 5963,
    ]  # fmt: skip
    assert len(log["steps"]) == 18
    expected = {"threads": 121, "type": "total", "total_ops": 29249, "op_rate": 5987, "latency_p99_ms": 118.1}
    assert {key: log["steps"][15][key] for key in expected} == expected
    assert [row["block"] for row in log["intervals"][:11]] == [0] * 5 + [1] * 5 + [2]
    assert read(era("cassandra-2.1.0"))["steps"][0]["threads"] == 4


PREFIXES = [
    "2026-11-22 10:15:32,123 INFO  ",
    "2016-10-06T00:17:09.669794202Z stdout F ",
    "[10:15:32] ",
    "loader-0> ",
    "loader-1  | ",
    "    ",
]


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(
    "log",
    [real("write"), real("mixed"), real("locale-de"), real("auto-steps"), era("cassandra-4.0"), era("cql-stress")],
)
def test_what_a_collector_puts_before_the_lines_changes_nothing(prefix, log):
    assert read("".join(prefix + line for line in log.splitlines(keepends=True))) == read(log)


@pytest.mark.parametrize("mark", ["\u202f", "\u00a0", "\ufffd"])
def test_the_french_thousands_mark_as_it_was_printed(mark):
    log = real("locale-fr")
    assert read(log.replace("1?382", f"1{mark}382").replace("6?000", f"6{mark}000")) == read(log)


def test_a_log_in_swiss_german():
    log = real("fixed-overload")
    swiss = re.sub(r"(\d),(\d{3}(?:\.\d)?(?: op/s| pk/s| row/s| ms|]| \[))", "\\1\u2019\\2", log)
    assert swiss.count("\u2019") == 14
    assert read(swiss) == read(log)


def test_arabic_digits_and_marks():
    log = real("write")
    at = log.index("type   ")
    digits = str.maketrans("0123456789", "".join(chr(0x0660 + digit) for digit in range(10)))

    def number_in_arabic(match):
        return match[0].replace(",", "\u066c").replace(".", "\u066b").translate(digits)

    # Labels and the time of day keep their digits; columns keep the commas between them.
    arabic = re.sub(
        r"(?<=[ ,])-?\d+(?:,\d{3}(?=[ \]]))?(?:\.\d+)?(?= op| pk| row| ms| KiB| seconds|]| \[|,|\n)",
        number_in_arabic,
        log[at:],
    )
    assert arabic.count("\u066b") > 100
    assert "\u0661\u066c\u0664\u0665\u0663 op/s" in arabic
    assert read(log[:at] + arabic) == read(log)


def test_exceptions_between_and_inside_lines():
    trace = (LOGS / "node-down-ignored" / "stderr").read_text(encoding="utf-8")
    lines = real("write").splitlines(keepends=True)
    first = next(number for number, line in enumerate(lines) if line.startswith("total,"))
    lines[first + 2] = lines[first + 2][:60] + "java.io.IOException: Operation x0 on key(s) [30]: a, b\n"
    results = lines.index("Results:\n")
    lines[results + 3 : results + 3] = [trace]
    lines[first + 5 : first + 5] = [trace]
    log = read("".join(lines))
    assert log["blocks"] == read(real("write"))["blocks"]
    assert [row["total_ops"] for row in log["intervals"][:4]] == [535, 1212, 3621, 4908]
    assert log["outcome"] == "results"


def test_a_row_with_other_output_in_a_number_is_passed_over_and_noted():
    text = real("write").replace("   2282,    1070,", "   2282,    10WARN 70,")
    log = read(text)
    assert len(log["intervals"]) == 13
    assert log["notes"] == ["1 rows were broken by other output and passed over."]


@pytest.mark.parametrize(
    ("before", "after", "line", "field", "reason"),
    [
        ("33.6 ms [WRITE: 33.6 ms]", "33.6com.datastax", 107, "latency mean", "no number in ms"),
        ("33.6 ms [", "33,6 ms [", 107, "latency", "decimal marks are mixed"),
        ("    1,453 op/s  [", "    1,45 op/s  [", 104, "op rate", "'1,45' is no number"),
        ("    1,453 op/s  [", "    1.4 op/s  [", 104, "op rate", "would be a fraction"),
        ("    1,453 op/s  [", "    1,453 ms  [", 104, "op rate", "no number in op/s"),
        ("[WRITE: 1,453 op/s]", "[WRITE 1,453 op/s]", 104, "op rate", "cannot be told apart"),
        ("00:00:13", "13.8 s", 120, "total operation time", "HH:mm:ss"),
        ("Row rate  ", "Op rate   ", 106, "op rate", "stands twice"),
        ("0.000 KiB", "0.000 things", 116, "total gc memory", "no amount of memory"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused_with_line_and_field(before, after, line, field, reason):
    text = real("write")
    assert before in text
    with pytest.raises(StressLogError) as caught:
        read(text.replace(before, after, 1))
    assert f"line {line}: {field}: " in str(caught.value)
    assert reason in str(caught.value)
    assert caught.value.line_number == line


def test_a_thousands_mark_without_a_decimal_to_judge_it_by_is_refused():
    lines = [line for line in real("locale-de").splitlines(keepends=True) if not line.startswith("Latency")]
    with pytest.raises(StressLogError, match=r"'1\.017' can be read in two ways"):
        read("".join(lines))


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("bad-option", "line 1: the load generator did not accept its options: Invalid parameter thread=20"),
        ("n-zero", "line 84: the load generator was asked for no operations: N=0: SCHEMA CREATED, NOTHING ELSE DONE."),
        ("no-host", "The log (79 lines) shows no run: neither a line 'Running …' nor rows nor results."),
    ],
)
def test_a_log_without_results_says_why(name, note):
    assert read(real(name))["notes"] == [note]


def test_a_terminator_may_be_indented_and_followed_by_other_text():
    text = real("write").removesuffix("END\n") + "  END  pasted from a terminal\n$ \n"
    assert read(text)["terminator"] == "END"


def test_a_second_run_in_the_same_log_takes_back_the_first_end():
    lines = real("write").splitlines(keepends=True)
    log = read("".join(lines + lines[:95]))
    assert (log["outcome"], log["terminator"]) == ("truncated", None)
    assert len(log["blocks"]) == 1


def test_lines_without_line_feeds_are_whole_lines():
    assert read_stress_log(real("write").splitlines()) == read(real("write"))


def test_the_log_file_says_the_same_as_stdout():
    with (LOGS / "log-file" / "stress.log").open(encoding="utf-8") as lines:
        assert read_stress_log(lines) == read(real("log-file"))


def long_log(name, intervals):
    """Repeat the interval rows of a real log until there are so many intervals, numbered by their total ops."""
    lines = real(name).splitlines(keepends=True)
    header = next(number for number, line in enumerate(lines) if line.startswith("type "))
    rows = [line for line in lines if line.startswith(("READ,", "WRITE,", "total,"))]
    group = rows[: next(number for number, line in enumerate(rows) if line.startswith("total,")) + 1]
    yield from lines[: header + 1]
    for number in range(intervals):
        for row in group:
            kind, _, rest = row.split(",", 2)
            yield f"{kind},{number:>14},{rest}"
    yield from lines[header + 1 + len(rows) :]


@pytest.mark.parametrize(("name", "per_interval"), [("write", 1), ("mixed", 3)])
@pytest.mark.parametrize("limit", [3, 10, 2000])
@pytest.mark.parametrize("intervals", [1, 9, 2001, 5000])
def test_a_long_log_is_thinned_evenly_and_keeps_its_last_interval(name, per_interval, limit, intervals):
    log = read_stress_log(long_log(name, intervals), limit)
    numbers = [row["total_ops"] for row in log["intervals"] if row["type"] == "total"]
    assert 0 < len(log["intervals"]) <= limit
    assert numbers[-1] == intervals - 1
    step = log["intervals_step"]
    assert step.bit_count() == 1
    assert all(number % step == 0 for number in numbers[:-1])
    assert len(log["intervals"]) == per_interval * len(numbers)
    if intervals * per_interval <= limit:
        assert numbers == list(range(intervals))
    elif per_interval < limit:
        # Not thinned further than needed: with half the step, and the last one, there were too many.
        assert (-(-intervals // (step // 2)) + 1) * per_interval > limit
    assert log["outcome"] == "results"


def test_rows_that_never_come_to_a_total_are_refused():
    rows = ["Running WRITE with 5 threads for 10 iteration\n", *list(long_log("mixed", 20))]
    with pytest.raises(StressLogError, match="have no 'total' among them"):
        read_stress_log((row for row in rows if not row.startswith("total,")), 10)


def test_at_least_one_row_has_to_be_kept():
    with pytest.raises(ValueError, match="max_intervals is 0"):
        read_stress_log([], 0)


@given(name=st.sampled_from(REAL), data=st.data())
def test_a_log_cut_at_any_character_never_passes_for_a_whole_one(name, data):
    text = real(name)
    cut = text[: data.draw(st.integers(0, len(text) - 1))]
    whole, log = read(text), read(cut)
    json.dumps(log, allow_nan=False)
    if "END" not in cut:
        assert (log["outcome"], log["terminator"]) != ("results", "END")
    # Nothing is made up: what is read of a part is read of the whole as well.
    assert log["blocks"] == whole["blocks"][: len(log["blocks"])]
    assert log["intervals"] == whole["intervals"][: len(log["intervals"])]
    assert log["steps"] == whole["steps"][: len(log["steps"])]


@pytest.mark.parametrize("name", REAL)
def test_a_log_cut_after_any_line_never_passes_for_a_whole_one(name):
    lines = real(name).splitlines(keepends=True)
    for count in range(len(lines)):
        log = read_stress_log(lines[:count])
        assert log["outcome"] != "results"


@given(
    text=st.text(
        st.sampled_from("0123456789.,:[]-> \nabENDFAILURERunningResults:\u202f\u066b?"),
        max_size=200,
    ),
    data=st.data(),
)
def test_text_put_anywhere_into_a_log_is_read_or_refused(text, data):
    log = real("mixed")
    at = data.draw(st.integers(log.index("type   "), len(log)))
    try:
        found = read(log[:at] + text + log[at:])
    except StressLogError as error:
        found = str(error)
    if isinstance(found, str):
        assert re.match(r"line \d+: ", found)
    else:
        json.dumps(found, allow_nan=False)
