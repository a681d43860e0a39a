# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Percentiles of latencies, read from histograms that were added up: never an average of percentiles."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.hdr_log import RESPONSE, SERVICE
from ansible_collections.katabench.scylla.plugins.plugin_utils.histograms import (
    HistogramError,
    HistogramSum,
    decode_histogram,
)

PERCENTILES = ("50", "90", "95", "99", "99.9", "99.99")

SAMPLES_BEYOND = 10
"""So many samples must lie beyond a percentile for it to be told: 99.99 needs 100,000 operations.

How many of n samples lie beyond the true percentile p is binomial, near Poisson with mean n(1 - p). With 10 expected,
4 to 17 are found in 97 % of all runs, so that the percentile lies between two values that were really measured. With
fewer than 3.7 expected, none is found in more than 2.5 %: the interval's upper end is then beyond the largest value,
and what would be printed is the maximum by another name. Source: Le Boudec, "Performance Evaluation of Computer and
Communication Systems" (EPFL Press 2010), section 2.2, intervals of quantiles from order statistics. Samples of one run
depend on each other, so that this is the least that must be asked.
"""

CURVE_POINTS = 120
# Points for each halving of what lies beyond, as in the output of the HdrHistogram libraries.
_TICKS = 5
_NS_PER_MS = 1e6


def response_tags(tags: Iterable[str], rate_mode: str) -> list[str]:
    """Return the tag of each operation by which its latency is to be told, sorted.

    That is `-rt`, the time from when an operation was to begin, for a load with a fixed rate (it is corrected for
    coordinated omission), and `-st`, the time from when it began, for every other load and where there is no `-rt`.
    Operations are not mixed: READ and WRITE of one load stay two tags. `rate_mode`: closed, fixed or throttle.
    """
    known = set(tags)
    services = sorted(tag for tag in known if tag.endswith(SERVICE))
    if rate_mode != "fixed":
        return services
    responses = [service.removesuffix(SERVICE) + RESPONSE for service in services]
    return [response if response in known else service for service, response in zip(services, responses, strict=True)]


def merge_latencies(hdrs: Mapping[str, Mapping[str, Any] | None], tag: str) -> dict[str, Any]:
    """Add up the histograms that several loads have for a tag, and read percentiles from the sum.

    `hdrs` maps the name of each load (a cell, a loader) to its record's ``hdr``, or to None where it has none. Of each
    the steady part counts, and the whole where it has none. Returns::

        tag
        complete     whether every load is in the sum, and each with a whole log
        sentence     which are missing or not whole, and why, or None
        count        values in the sum
        percentiles  {"50": ms, …, "99.99": ms}; None where fewer than SAMPLES_BEYOND values lie beyond
        curve        [[percent, ms], …] for an axis of 1 / (1 - p), as far as the count supports it; at most 120 points
        max_ms       the largest value, or None

    Of a log that is not whole, what it has counts: the sum is then incomplete, which is not the same as wrong.
    """
    merged = HistogramSum()
    faults = []
    for name, hdr in hdrs.items():
        fault = _add(merged, hdr, tag)
        if fault:
            faults.append(f"{name}: {fault}")
    histogram = merged.total()
    reader = _Reader(histogram)
    return {
        "tag": tag,
        "complete": bool(hdrs) and not faults,
        "sentence": " ".join(faults) or (None if hdrs else "There is no load with histograms."),
        "count": reader.count,
        "percentiles": {name: reader.supported_ms(Fraction(name)) for name in PERCENTILES},
        "curve": reader.curve(),
        "max_ms": reader.value_ms(Fraction(100)) if reader.count else None,
    }


def percentile_ms(encoded: str, percent: str) -> float | None:
    """Return a percentile in milliseconds of one histogram, or None when its count does not support it.

    `percent` is a decimal number in text, as "99.9". Raises HistogramError when the text is no whole histogram.
    """
    return _Reader(decode_histogram(encoded)).supported_ms(Fraction(percent))


def _add(merged: HistogramSum, hdr: Mapping[str, Any] | None, tag: str) -> str | None:
    """Add a load's histogram; return what is wrong with it, if anything is."""
    if hdr is None:
        return "there is no HDR log."
    found = hdr["tags"].get(tag)
    if found is None:
        return hdr["sentence"] or f"its HDR log has no tag {tag}."
    try:
        merged.add(decode_histogram(found.get("steady_histogram") or found["histogram"]))
    except HistogramError as error:
        return f"its histogram of {tag} is not whole ({error})."
    return None if hdr["complete"] else hdr["sentence"] or "its HDR log is not whole."


class _Reader:
    """Reads many percentiles of one histogram.

    The library walks through all counters in Python for each (5 ms); this adds the counters up once (50 µs).
    """

    def __init__(self, histogram: Any) -> None:
        import numpy

        counts = numpy.ctypeslib.as_array(histogram.counts)
        self.count = int(histogram.total_count)
        self._histogram = histogram
        self._indices = numpy.flatnonzero(counts)
        self._sums = numpy.cumsum(counts[self._indices])

    def supported_ms(self, percent: Fraction) -> float | None:
        """Return a percentile in milliseconds, or None when too few values lie beyond."""
        return self.value_ms(percent) if self.count * (100 - percent) >= 100 * SAMPLES_BEYOND else None

    def value_ms(self, percent: Fraction) -> float:
        """Return the smallest value that `percent` of all values do not exceed, in ms; there must be a value.

        That is the rule by which cassandra-stress prints (HdrHistogram 2.1.10 and later). The Python library rounds the
        rank to the nearest, as HdrHistogram did before, and so can be one value lower.
        """
        rank = max(1, math.ceil(percent * self.count / 100))
        index = int(self._indices[self._sums.searchsorted(rank)])
        value_ns = self._histogram.get_highest_equivalent_value(self._histogram.get_value_from_index(index))
        return float(round(value_ns / _NS_PER_MS, 3))

    def curve(self) -> list[list[float]]:
        """Return points that lie evenly on an axis of log(1 / (1 - p)), up to the last that the count supports."""
        if self.count < SAMPLES_BEYOND:
            return []
        # The first half of the axis is 0 to 50 %, the next 50 to 75 %, and so on.
        halvings = (self.count // SAMPLES_BEYOND).bit_length()
        ticks = max(1, min(_TICKS, CURVE_POINTS // halvings))
        percents = (
            100 * (1 - Fraction(2 * ticks - tick, 2 * ticks) / 2**halving)
            for halving in range(halvings)
            for tick in range(ticks)
        )
        supported = [percent for percent in percents if self.count * (100 - percent) >= 100 * SAMPLES_BEYOND]
        return [[round(float(percent), 12), self.value_ms(percent)] for percent in supported]
