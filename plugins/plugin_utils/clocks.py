# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""By how much the clocks of hosts differ from the controller's and from each other, and what to say of it.

A host's clock is read over a connection, so what is known is that it was read between the question and the answer: the
offset at the middle of that time, and half of that time as the uncertainty (F. Cristian, "Probabilistic clock
synchronization", Distributed Computing 3, 1989).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import TypedDict

# Seconds since 1970, then a dot and nanoseconds, in place of which some systems' `date` prints something else.
READ_COMMAND = "date -u +%s.%N"
_READING = re.compile(r"(?P<seconds>\d+)\.(?P<nanoseconds>\d{9}$)?")

_REMEDY = "Let chrony or systemd-timesyncd keep them, or raise the tolerance."


class ClockError(ValueError):
    """A clock that cannot be read. The text is a sentence."""


class Clock(TypedDict):
    """By how much a clock is ahead of the controller's (behind it, where negative), and how far off that may be."""

    offset_s: float
    uncertainty_s: float


def read_clock(printed: str) -> tuple[float, float]:
    """Read what READ_COMMAND printed: seconds since 1970, and by how much they may be too few. Raises ClockError."""
    match = _READING.match(printed.strip())
    if not match:
        raise ClockError(f"`{READ_COMMAND}` printed {printed.strip()[:80]!r}; seconds since 1970 are expected.")
    seconds = int(match["seconds"])
    return (seconds, 1.0) if match["nanoseconds"] is None else (seconds + int(match["nanoseconds"]) / 1e9, 0.0)


def compare_clock(
    ask: Callable[[], str],
    readings: int,
    enough_s: float,
    wall: Callable[[], float] = time.time,
    ticks: Callable[[], float] = time.monotonic,
) -> Clock:
    """Compare a host's clock, which `ask` reads with READ_COMMAND, with this one; the most certain reading counts.

    It is read until the uncertainty is at most `enough_s`, and at most `readings` times. Raises ClockError.
    """
    best = _compare_once(ask, wall, ticks)
    for _further in range(readings - 1):
        if best["uncertainty_s"] <= enough_s:
            break
        best = min(best, _compare_once(ask, wall, ticks), key=lambda clock: clock["uncertainty_s"])
    return best


def _compare_once(ask: Callable[[], str], wall: Callable[[], float], ticks: Callable[[], float]) -> Clock:
    # The controller's own clock is read once, so that it may be set meanwhile.
    asked_at, began = wall(), ticks()
    printed = ask()
    took_s = ticks() - began
    seconds, resolution_s = read_clock(printed)
    return {
        "offset_s": round(seconds + resolution_s / 2 - (asked_at + took_s / 2), 6),
        "uncertainty_s": round((took_s + resolution_s) / 2, 6),
    }


def clock_faults(clocks: Mapping[str, Clock], tolerance_s: float) -> list[str]:
    """Say which hosts' clocks differ by more than the tolerance from the controller's or from each other's.

    Nothing is said that the uncertainty leaves open; that it leaves something open is said.
    """
    far = [host for host, clock in clocks.items() if abs(clock["offset_s"]) - clock["uncertainty_s"] > tolerance_s]
    near = {host: clock for host, clock in clocks.items() if host not in far}
    if len(far) > 1 and not near and not _pair_fault(clocks, tolerance_s):
        offset_s = sum(clock["offset_s"] for clock in clocks.values()) / len(clocks)
        return [
            f"The clocks of all {len(clocks)} hosts agree and are {_ahead(offset_s)} the controller's, which therefore "
            f"is the one to set; at most {_long(tolerance_s)} is allowed. {_REMEDY}"
        ]
    faults = [
        f"The clock of {host} is {_ahead(clocks[host]['offset_s'])} the controller's (± "
        f"{_long(clocks[host]['uncertainty_s'])}); at most {_long(tolerance_s)} is allowed. {_REMEDY}"
        for host in far
    ]
    faults += [
        f"The clock of {host} could be read to ± {_long(clock['uncertainty_s'])} only, which does not tell whether it "
        f"is within {_long(tolerance_s)} of the controller's. Look for what makes the connection slow."
        for host, clock in near.items()
        if clock["uncertainty_s"] > tolerance_s
    ]
    return faults + _pair_fault(near, tolerance_s)


def _pair_fault(clocks: Mapping[str, Clock], tolerance_s: float) -> list[str]:
    """Say by how much the two hosts differ that are furthest apart for certain, where that is too much."""
    if not clocks:
        return []
    late = min(clocks, key=lambda host: clocks[host]["offset_s"] + clocks[host]["uncertainty_s"])
    early = max(clocks, key=lambda host: clocks[host]["offset_s"] - clocks[host]["uncertainty_s"])
    apart_s = clocks[early]["offset_s"] - clocks[late]["offset_s"]
    uncertainty_s = clocks[early]["uncertainty_s"] + clocks[late]["uncertainty_s"]
    if apart_s - uncertainty_s <= tolerance_s:
        return []
    return [
        f"The clock of {early} is {_long(apart_s)} ahead of that of {late} (± {_long(uncertainty_s)}); at most "
        f"{_long(tolerance_s)} is allowed. {_REMEDY}"
    ]


def _ahead(seconds: float) -> str:
    return f"{_long(abs(seconds))} {'ahead of' if seconds > 0 else 'behind'}"


def _long(seconds: float) -> str:
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.3g} s"
