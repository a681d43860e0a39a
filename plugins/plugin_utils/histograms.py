# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""HdrHistograms in their text form (base64 of the V2 compressed encoding), read and added with the library."""

from __future__ import annotations

import zlib
from typing import Any

# hdrh is imported where it is used: ansible-doc and ansible-test load this file in environments without it.

SIGNIFICANT_FIGURES = 3
"""What cassandra-stress records (TimingInterval)."""

MOST_SIGNIFICANT_FIGURES = 4
"""With more, one histogram takes 50 MB."""

MOST_VALUES = 2**53
"""What JSON carries exactly. Beyond that a count is damage: it would take a million operations per second 285 years."""


class HistogramError(ValueError):
    """A text that is no whole histogram; says why."""


def decode_histogram(encoded: bytes | str) -> Any:
    """Return the ``hdrh.histogram.HdrHistogram`` of a text; raise HistogramError when it is not whole.

    The encoding carries its length and a checksum (zlib's Adler-32): what can be read has not been cut.
    """
    from hdrh.codec import HdrCookieException, HdrHistogramEncoder, HdrLengthException
    from hdrh.histogram import HdrHistogram

    # What the library raises for base64 that is none, a header that is too short, counts beyond the range.
    faults = (ValueError, TypeError, IndexError, OverflowError, RuntimeError, zlib.error)
    try:
        payload = HdrHistogramEncoder.decode(encoded)
    except (HdrCookieException, HdrLengthException, *faults) as error:
        raise HistogramError(str(error) or "it does not begin as one") from error
    header = payload.payload
    lowest, highest = header.lowest_trackable_value, header.highest_trackable_value
    figures = header.significant_figures
    if not (lowest >= 1 and 2 * lowest <= highest < 2**63 and 1 <= figures <= MOST_SIGNIFICANT_FIGURES):
        raise HistogramError(f"its header asks for {figures} significant figures of values from {lowest} to {highest}")
    try:
        histogram = HdrHistogram(lowest, highest, figures, hdr_payload=payload)
    except faults as error:
        raise HistogramError(str(error)) from error
    if not 0 <= histogram.total_count < MOST_VALUES:
        raise HistogramError(f"it has {histogram.total_count} values")
    return histogram


def empty_histogram() -> Any:
    """Return a histogram without a value."""
    from hdrh.histogram import HdrHistogram

    return HdrHistogram(1, 2, SIGNIFICANT_FIGURES)


def encode_histogram(histogram: Any) -> str:
    """Return the text of a histogram, which decode_histogram and other HdrHistogram libraries read."""
    return str(histogram.encode().decode("ascii"))


class HistogramSum:
    """The sum of any number of histograms.

    Histograms of one log differ in size, because they grow with the largest value seen. The library adds two of the
    same size in C (30 µs), two of different size value by value in Python (3 ms). So there is one sum per size, and
    these are added when the total is asked for.
    """

    def __init__(self) -> None:
        self._by_size: dict[tuple[int, int, int], Any] = {}

    def add(self, histogram: Any) -> None:
        """Add a histogram, which belongs to the sum from now on."""
        size = (histogram.bucket_count, histogram.sub_bucket_count, histogram.unit_magnitude)
        found = self._by_size.get(size)
        if found is None:
            self._by_size[size] = histogram
        else:
            found.add(histogram)

    def total(self) -> Any:
        """Return the sum, an empty histogram when nothing was added."""
        if not self._by_size:
            return empty_histogram()
        # The one with the largest range first: the library adds only what fits.
        first, *others = sorted(self._by_size, key=_range, reverse=True)
        for size in others:
            self._by_size[first].add(self._by_size.pop(size))
        return self._by_size[first]


def _range(size: tuple[int, int, int]) -> int:
    bucket_count, sub_bucket_count, unit_magnitude = size
    return sub_bucket_count << (unit_magnitude + bucket_count - 1)
