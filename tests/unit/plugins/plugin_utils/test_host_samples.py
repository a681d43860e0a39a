# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.katabench.scylla.plugins.plugin_utils.host_samples import read_host_samples

HEADER = "sampler 1 hz 100 processors 2 throttled 4\n"
END = "end 0.420 throttled 7\n"


def sample(second, *, user=50, system=20, idle=100, iowait=20, irq=0, softirq=5, steal=5, loader_us=400_000):
    """Make the line of a second of a host of two processors that does the same in each."""
    ticks = [second * each for each in (user, 0, system, idle, iowait, irq, softirq, steal)]
    loader = "-" if loader_us is None else second * loader_us
    return f"sample {1000 + second}.00 {' '.join(map(str, ticks))} {loader}\n"


def with_loader(*us):
    return [f"sample {second}.00 {second} 0 0 {second * 199} 0 0 0 0 {each}" for second, each in enumerate(us)]


def test_what_a_host_did_is_summed_up():
    found, sentence = read_host_samples([HEADER, *(sample(second) for second in range(11)), END])
    assert sentence is None
    series = found.pop("series")
    # 75 of 200 ticks a second are busy, 5 stolen: waiting for a disk is not being busy.
    assert found == {
        "samples": 11,
        "seconds": 10.0,
        "processors": 2,
        "cpu_busy_share": 0.375,
        "steal_share": 0.025,
        "cpu_busy_s": 7.5,
        "loader_cpu_s": 4.0,
        "loader_cpus": 0.4,
        "loader_cpus_max": 0.4,
        "sampler_cpu_s": 0.42,
        "throttled": 3,
    }
    assert series == [[float(second), 0.375, 0.025, 0.4] for second in range(10)]


def test_real_lines_are_read():
    lines = [
        "sampler 1 hz 100 processors 2 throttled -",
        "sample 1608.89 73049 0 25284 217907 1729 0 594 85 1200",
        "sample 1609.90 73150 0 25304 217988 1729 0 594 86 811200",
        "end 0.010 throttled -",
    ]
    found, sentence = read_host_samples(lines)
    assert sentence is None
    # 101 + 20 ticks busy, 81 idle, 1 stolen, of 203; 0.81 s of the loader in 1.01 s.
    assert (found["cpu_busy_share"], found["steal_share"]) == (0.5961, 0.0049)
    assert (found["seconds"], found["cpu_busy_s"], found["loader_cpu_s"]) == (1.01, 1.21, 0.81)
    assert (found["loader_cpus"], found["throttled"]) == (0.802, None)


@pytest.mark.parametrize(
    ("count", "rows", "pairs"), [(121, 120, 1), (122, 61, 2), (241, 120, 2), (242, 61, 4), (14_401, 113, 128)]
)
def test_the_series_has_at_most_120_rows_of_equally_many_samples(count, rows, pairs):
    found, _sentence = read_host_samples([HEADER, *(sample(second) for second in range(count)), END])
    assert [row[0] for row in found["series"]] == [float(pairs * number) for number in range(rows)]
    assert all(row[1:] == [0.375, 0.025, 0.4] for row in found["series"])
    assert (found["seconds"], found["loader_cpu_s"]) == (count - 1, round((count - 1) * 0.4, 3))


def test_the_busiest_second_of_the_loader_is_kept():
    lines = [
        f"sample {second}.00 {second} 0 0 {second * 199} 0 0 0 0 {us}" for second, us in enumerate([0, 9, 1_700_009])
    ]
    found, _sentence = read_host_samples([HEADER, *lines, END])
    assert (found["loader_cpus_max"], found["loader_cpus"]) == (1.7, 0.85)
    # Ended right after a sample, in the same hundredth of a second or the next.
    moment = "sample 2.01 3 0 0 400 0 0 0 0 1730009"
    assert read_host_samples([HEADER, *lines, moment, END])[0]["loader_cpus_max"] == 1.7


def test_a_loader_that_begins_and_ends_in_between_counts_from_its_beginning():
    loader = ["-", "-", "300000", "900000", "-"]
    lines = with_loader(*loader)
    found, sentence = read_host_samples([HEADER, *lines, END])
    assert (found["loader_cpu_s"], sentence) == (0.9, None)
    assert [row[3] for row in found["series"]] == [None, 0.3, 0.6, None]


def test_a_loader_that_was_lost_from_sight_for_a_moment_is_not_counted_twice():
    loader = ["100000", "-", "900000", "950000"]
    lines = with_loader(*loader)
    found, _sentence = read_host_samples([HEADER, *lines, END])
    assert found["loader_cpu_s"] == 0.05


def test_a_loader_that_is_never_seen_has_no_figures():
    found, sentence = read_host_samples([HEADER, *(sample(second, loader_us=None) for second in range(3)), END])
    assert (found["loader_cpu_s"], found["loader_cpus"], found["loader_cpus_max"]) == (None, None, None)
    assert found["cpu_busy_share"] == 0.375
    assert sentence is None


def test_torn_lines_are_passed_over_and_counted():
    torn = ["sample 1003.00 150 0\n", "\x00\x00\x00\n", "sample 1004.00 a b c d e f g h -\n", "\n"]
    found, sentence = read_host_samples([HEADER, sample(0), *torn, sample(5), END])
    assert (found["samples"], found["seconds"], found["cpu_busy_share"]) == (2, 5.0, 0.375)
    assert sentence == "Of the sampler's lines 3 cannot be read and did not count."


@pytest.mark.parametrize(
    "back",
    [
        sample(2).replace("sample 1002.00 100", "sample 1002.00 10"),  # user below what it was
        sample(2).replace("sample 1002.00", "sample 1001.00"),  # no time has passed
        sample(2).replace(" 800000", " 300000"),  # the loader's
    ],
)
def test_a_pair_between_which_a_counter_goes_back_is_left_out(back):
    found, sentence = read_host_samples([HEADER, sample(0), sample(1), back, END])
    assert (found["seconds"], found["cpu_busy_s"], found["loader_cpu_s"]) == (1.0, 0.75, 0.4)
    assert sentence == "The counters or the clock went back once; what lies between was left out."


def test_waiting_for_the_disk_may_be_counted_back_in_favour_of_idling():
    lines = [
        "sample 1.00 10 0 0 100 90 0 0 0 -",
        "sample 2.00 20 0 0 280 100 0 0 0 -",
        "sample 3.00 30 0 0 490 80 0 0 0 -",
    ]
    found, sentence = read_host_samples([HEADER, *lines, END])
    assert (found["seconds"], found["cpu_busy_share"]) == (2.0, 0.05)
    assert sentence is None


def test_a_sampler_that_was_ended_early_has_no_cost_of_its_own():
    found, sentence = read_host_samples([HEADER, sample(0), sample(1), "end 0.1"])
    assert (found["sampler_cpu_s"], found["throttled"], found["cpu_busy_share"]) == (None, None, 0.375)
    assert sentence.startswith("The sampler was ended early: its lines have no line 'end …'.")


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([], "The sampler's lines have no line 'sampler 1 hz …'."),
        ([sample(0), sample(1), END], "The sampler's lines have no line 'sampler 1 hz …'."),
        ([HEADER, END], "The sampler left 0 samples that can be used; two are the least."),
        ([HEADER, sample(0), END], "The sampler left 1 samples that can be used; two are the least."),
        (
            [HEADER.replace("sampler 1", "sampler 2"), sample(0), sample(1), END],
            "The sampler's first line is 'sampler 2 hz 100 processors 2 throttled 4'; 'sampler 1 hz <ticks>",
        ),
        (
            [HEADER.replace("hz 100", "hz 0"), sample(0), sample(1), END],
            "The sampler's first line is 'sampler 1 hz 0 processors 2 throttled 4'; 'sampler 1 hz <ticks>",
        ),
    ],
)
def test_without_enough_lines_there_is_no_sum_and_it_is_said(lines, sentence):
    found, said = read_host_samples(lines)
    assert found is None
    assert said.startswith(sentence)


def test_a_clock_that_ticks_no_tick_is_no_share():
    lines = ["sample 1.00 5 0 0 5 0 0 0 0 -", "sample 1.01 5 0 0 5 0 0 0 0 -"]
    found, _sentence = read_host_samples([HEADER, *lines, END])
    assert (found["cpu_busy_share"], found["cpu_busy_s"]) == (None, 0.0)


@given(st.lists(st.text(alphabet="sample endr 0123456789.-hzprocothd\n", max_size=60), max_size=12))
def test_no_text_stops_the_reader(lines):
    found, sentence = read_host_samples([HEADER, *lines])
    assert found is not None or sentence
