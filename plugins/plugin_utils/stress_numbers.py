# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Numbers as cassandra-stress prints them: through Java's String.format, in the locale of its JVM.

1382 is printed as ``1,382`` in English, ``1.382`` in German, with U+2019 between the digits in Swiss German, and with a
no-break blank (U+00A0 or U+202F) in French, which arrives as ``?`` or U+FFFD where a character set lost it. The decimal
mark decides what a number is, so nothing is read before that is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

Number = int | float | None


class StressLogError(ValueError):
    """A log that cannot be read without guessing; the text names line and field and quotes what stands there."""

    def __init__(self, line_number: int, reason: str, line: str) -> None:
        """Say in which line (the first is 1) what is wrong with which text."""
        super().__init__(f"line {line_number}: {reason} in '{line.strip()[:200]}'")
        self.line_number = line_number


# U+066B and U+066C are the Arabic marks; \d and int() know the Arabic digits already.
_DECIMAL_MARKS = ".,\u066b"
_THOUSANDS_MARKS = ".,'\u2019?\u00a0\u202f\ufffd\u066c"

# One printed number in whatever dress; what Java prints for 0/0 and 1/0 are words.
PRINTED_NUMBER = rf"(?:-?\d+(?:[{re.escape(_DECIMAL_MARKS + _THOUSANDS_MARKS)}]\d+)*|NaN|-?Infinity)"

_ONE_DECIMAL = re.compile(rf"-?\d+([{re.escape(_DECIMAL_MARKS)}])\d")
_WHOLE = re.compile(rf"-?(?:\d+|\d{{1,3}}(?:([{re.escape(_THOUSANDS_MARKS)}])\d{{3}})(?:\1\d{{3}})*)")
_CLOCK = re.compile(r"(\d{2,}):([0-5]\d):([0-5]\d)")
_MEMORY = re.compile(rf"({PRINTED_NUMBER})\s*(B|bytes|KiB|MiB|GiB|TiB|PiB)")
_MEMORY_UNITS = {"B": 0, "bytes": 0, "KiB": 1, "MiB": 2, "GiB": 3, "TiB": 4, "PiB": 5}


def decimal_mark(printed: Iterable[str]) -> str | None:
    """Return the decimal mark of numbers that all have one decimal (``%.1f``), or None when none shows it.

    Raises ValueError when they disagree.
    """
    marks = {match[1] for number in printed if (match := _ONE_DECIMAL.fullmatch(number))}
    if len(marks) > 1:
        raise ValueError(f"decimal marks are mixed: {' and '.join(sorted(marks))}")
    return marks.pop() if marks else None


def read_number(printed: str, mark: str | None) -> Number:
    """Read a printed number whose decimal mark is `mark`; NaN and Infinity are None.

    An int when no decimals are printed, otherwise a float. Raises ValueError when the number is not in that dress, or
    when `mark` is None and the number could mean two things.
    """
    if printed in {"NaN", "Infinity", "-Infinity"}:
        return None
    if mark is None and any(sign in printed for sign in _DECIMAL_MARKS):
        raise ValueError(f"'{printed}' can be read in two ways, and nothing near it shows the decimal mark")
    whole, _mark, decimals = printed.partition(mark) if mark else (printed, "", "")
    match = _WHOLE.fullmatch(whole)
    if match is None or (decimals and not decimals.isdecimal()):
        raise ValueError(f"'{printed}' is no number with the decimal mark '{mark}'")
    digits = whole.replace(match[1], "") if match[1] else whole
    return float(f"{digits}.{decimals}") if decimals else int(digits)


def read_memory(printed: str, mark: str | None) -> Number:
    """Read an amount of memory (``215.107 MiB``, ``0 B``) in bytes; units are powers of 1024. Raises ValueError."""
    match = _MEMORY.fullmatch(printed)
    if match is None:
        raise ValueError(f"'{printed}' is no amount of memory")
    number = read_number(match[1], mark)
    return None if number is None else round(number * 1024 ** _MEMORY_UNITS[match[2]])


def read_clock(printed: str) -> int:
    """Read ``HH:mm:ss`` in seconds; the hours go past 24. Raises ValueError."""
    match = _CLOCK.fullmatch(printed)
    if match is None:
        raise ValueError(f"'{printed}' is no time in the form HH:mm:ss")
    hours, minutes, seconds = (int(part) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds
