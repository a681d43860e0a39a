# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What the host did while a load ran: the lines of roles/stress/files/sampler.sh, summed up.

    sampler 1 hz <clock ticks per second> processors <n> throttled <n|->
    sample <uptime s> <user> <nice> <system> <idle> <iowait> <irq> <softirq> <steal> <loader µs>
    end <the sampler's own CPU seconds> throttled <n|->

The eight numbers are those of the first line of /proc/stat, in clock ticks; the loader's are its control group's
CPU time since it was made, or ``-`` where there is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

MOST_ROWS = 120
VERSION = "1"
# The clock has hundredths, and the last sample may come right after the one before: that would be any number.
SHORTEST_FOR_MAX_S = 0.5

_NUMBER = r"\d{1,18}"
_DECIMAL = r"\d{1,12}(?:\.\d{1,9})?"
_HEADER = re.compile(rf"sampler (\d+) hz ({_NUMBER}) processors ({_NUMBER}) throttled ({_NUMBER}|-)\s*")
_SAMPLE = re.compile(rf"sample ({_DECIMAL})((?: {_NUMBER}){{8}}) ({_NUMBER}|-)\s*")
_END = re.compile(rf"end ({_DECIMAL}) throttled ({_NUMBER}|-)\s*")


class _Sample(NamedTuple):
    """A line; the counters in clock ticks, the loader's in microseconds, None where it has no control group."""

    uptime_s: float
    busy: int
    waiting: int  # idle, with and without disk access under way: between these two the kernel may count back
    steal: int
    loader_us: int | None


@dataclass
class _Span:
    """What happened between one sample and a later one."""

    begin_s: float
    seconds: float = 0.0
    busy: int = 0
    waiting: int = 0
    steal: int = 0
    loader_us: int | None = None

    def add(self, other: _Span) -> None:
        """Add the span that follows."""
        self.seconds += other.seconds
        self.busy += other.busy
        self.waiting += other.waiting
        self.steal += other.steal
        if other.loader_us is not None:
            self.loader_us = (self.loader_us or 0) + other.loader_us

    def share(self, ticks: int) -> float | None:
        """Return what share of all processors' time `ticks` are."""
        total = self.busy + self.waiting + self.steal
        return round(ticks / total, 4) if total else None

    @property
    def loader_cpus(self) -> float | None:
        """How many processors the loader kept busy."""
        return None if self.loader_us is None else round(self.loader_us / 1e6 / self.seconds, 3)


def read_host_samples(lines: Iterable[str]) -> tuple[dict[str, Any] | None, str | None]:
    """Sum up a sampler's lines, in one pass and in flat memory.

    Returns the dictionary, or None when there is nothing to sum up, and a sentence on what is wrong with the lines, or
    None. Of broken lines, what is sound is used::

        samples            how many lines were read
        seconds            between the samples that were used, by the clock that never jumps (/proc/uptime)
        processors         of the host
        cpu_busy_share     user, nice, system, irq and softirq over all time, of all processors
        steal_share        what the hypervisor gave to others
        cpu_busy_s         CPU seconds that the host was busy, the loader's among them
        loader_cpu_s       CPU seconds of the loader; None when it was never seen
        loader_cpus        how many processors it kept busy on average, and at most between two samples
        loader_cpus_max
        sampler_cpu_s      what the sampler itself cost; None when it was ended early
        throttled          how often processors were throttled for heat meanwhile; None when the host does not tell
        series             [[time_s since the first sample, cpu_busy_share, steal_share, loader_cpus], …], at most 120
                           rows, each the mean of equally many samples

    A pair of samples between which a counter or the clock goes back (a virtual machine that was moved) is left out.
    """
    samples = _Samples()
    for line in lines:
        samples.take(line)
    return samples.result(), samples.sentence()


@dataclass
class _Samples:
    """What has been read so far."""

    header: re.Match[str] | None = None
    end: re.Match[str] | None = None
    count: int = 0
    torn: int = 0
    back: int = 0
    loader_cpus_max: float | None = None
    _first: _Sample | None = None
    _last: _Sample | None = None
    _seen_loader: bool = False
    _spans: list[_Span] = field(default_factory=list)
    _pairs_in_span: int = 1
    _pairs_in_last: int = 0

    def take(self, line: str) -> None:
        """Take a line."""
        if match := _SAMPLE.fullmatch(line):
            self._take_sample(_sample(match))
        elif match := _HEADER.fullmatch(line):
            self.header = match
        elif match := _END.fullmatch(line):
            self.end = match
        elif line.strip():
            self.torn += 1

    def result(self) -> dict[str, Any] | None:
        """Sum up, when the lines have ended."""
        header = self.header
        if header is None or header[1] != VERSION or header[2] == "0" or not self._spans:
            return None
        whole = _Span(0.0)
        for span in self._spans:
            whole.add(span)
        loader_s = None if whole.loader_us is None else round(whole.loader_us / 1e6, 3)
        return {
            "samples": self.count,
            "seconds": round(whole.seconds, 2),
            "processors": int(header[3]),
            "cpu_busy_share": whole.share(whole.busy),
            "steal_share": whole.share(whole.steal),
            "cpu_busy_s": round(whole.busy / int(header[2]), 3),
            "loader_cpu_s": loader_s,
            "loader_cpus": whole.loader_cpus,
            "loader_cpus_max": self.loader_cpus_max,
            "sampler_cpu_s": float(self.end[1]) if self.end else None,
            "throttled": self._throttled(),
            "series": [
                [round(span.begin_s, 2), span.share(span.busy), span.share(span.steal), span.loader_cpus]
                for span in self._spans
            ],
        }

    def sentence(self) -> str | None:
        """Say what is wrong with the lines."""
        faults = []
        if self.header is None:
            faults.append("The sampler's lines have no line 'sampler 1 hz …'.")
        elif self.header[1] != VERSION or self.header[2] == "0":
            found = self.header[0].strip()
            faults.append(f"The sampler's first line is '{found}'; 'sampler {VERSION} hz <ticks> …' was expected.")
        if not self._spans:
            faults.append(f"The sampler left {self.count} samples that can be used; two are the least.")
        elif self.end is None:
            faults.append("The sampler was ended early: its lines have no line 'end …'.")
        if self.torn:
            faults.append(f"Of the sampler's lines {self.torn} cannot be read and did not count.")
        if self.back:
            times = "once" if self.back == 1 else f"{self.back} times"
            faults.append(f"The counters or the clock went back {times}; what lies between was left out.")
        return " ".join(faults) or None

    def _throttled(self) -> int | None:
        if self.header is None or self.end is None or "-" in {self.header[4], self.end[2]}:
            return None
        return max(0, int(self.end[2]) - int(self.header[4]))

    def _take_sample(self, sample: _Sample) -> None:
        self.count += 1
        last, self._last = self._last, sample
        if last is None or self._first is None:
            self._first = sample
        else:
            self._take_pair(self._first, last, sample)
        self._seen_loader = self._seen_loader or sample.loader_us is not None

    def _take_pair(self, first: _Sample, last: _Sample, sample: _Sample) -> None:
        span = _Span(
            begin_s=last.uptime_s - first.uptime_s,
            seconds=sample.uptime_s - last.uptime_s,
            busy=sample.busy - last.busy,
            waiting=sample.waiting - last.waiting,
            steal=sample.steal - last.steal,
            loader_us=self._loader_us(last, sample),
        )
        if span.seconds <= 0 or min(span.busy, span.waiting, span.steal, span.loader_us or 0) < 0:
            self.back += 1
            return
        if span.loader_cpus is not None and span.seconds >= SHORTEST_FOR_MAX_S:
            self.loader_cpus_max = max(self.loader_cpus_max or 0.0, span.loader_cpus)
        self._add(span)

    def _loader_us(self, last: _Sample, sample: _Sample) -> int | None:
        if sample.loader_us is None:
            return None
        if last.loader_us is not None:
            return sample.loader_us - last.loader_us
        # The loader began between the two samples, and its count with it, unless it had been seen before.
        return None if self._seen_loader else sample.loader_us

    def _add(self, span: _Span) -> None:
        """Add a pair to the last span or begin a new one; when there are too many, join each with its neighbour."""
        if self._spans and self._pairs_in_last < self._pairs_in_span:
            self._spans[-1].add(span)
            self._pairs_in_last += 1
            return
        if len(self._spans) == MOST_ROWS:
            for earlier, later in zip(self._spans[::2], self._spans[1::2], strict=True):
                earlier.add(later)
            self._spans = self._spans[::2]
            self._pairs_in_span *= 2
        self._spans.append(span)
        self._pairs_in_last = 1


def _sample(match: re.Match[str]) -> _Sample:
    user, nice, system, idle, iowait, irq, softirq, steal = map(int, match[2].split())
    return _Sample(
        uptime_s=float(match[1]),
        busy=user + nice + system + irq + softirq,
        waiting=idle + iowait,
        steal=steal,
        loader_us=None if match[3] == "-" else int(match[3]),
    )
