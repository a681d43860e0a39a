# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Cut the start of a load, by a rule that is stated, so that what remains is the steady part."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

FEWEST_ROWS = 10
"""With fewer, nothing is cut: a mean of so few rows tells nothing of its own variance."""

BATCH = 5
FEWEST_ROWS_FOR_BATCHES = 50
LAST_LEFT_OUT = 5
"""So many values at the end are no place to cut: the variance of what would remain is small by chance."""

NO_RULE = "none"


def steady_state(intervals: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Find where the steady part of a load begins.

    `intervals` are the interval rows of a log (``read_stress_log``); of these the rows ``total`` are judged by their
    op_rate. They may be thinned. The last row is a fraction of an interval and left out.

    MSER cuts the first d of n values where the squared standard error of the mean of the others is smallest:

        MSER(d) = sum over i > d of (y_i - mean of y_d+1 .. y_n)² / (n - d)²

    MSER-5 takes as values the means of 5 rows; it is used from 50 rows on. With fewer, single rows are the values
    (MSER-1). With fewer than 10 rows nothing is cut. A smallest value in the second half means that the load did not
    settle, and nothing is cut; nor is it when the rows' times do not increase (the loader's clock jumped) or the load
    went through several thread counts.

    Sources: White, Simulation 69 (1997) 323, "An effective truncation heuristic for bias reduction in simulation
    output"; White, Cobb and Spratt, WSC 2000, and Franklin and White, WSC 2008, for batches of 5; Hoad, Robinson and
    Davies, J. Oper. Res. Soc. 61 (2010) 1389, for not cutting among the last 5 and for the second half.

    Returns ``{rule, from_s, op_rate, rows, rows_cut, sentence}``: `rule` "MSER-5", "MSER-1" or "none"; `from_s` the
    time at which the steady part begins, on the scale of the rows; `op_rate` the operations per second of the steady
    part: operations over time, not a mean of rates, so that an interval without operations, which has no row, counts.
    Where nothing is cut, up to a second before the load began counts, too: the rows' times begin at a full second. It
    is None when times or totals cannot be used. `rows` were judged, `rows_cut` of them cut.
    """
    totals = [row for row in intervals if row["type"] == "total"]
    if len({row["block"] for row in totals}) > 1:
        return _uncut(len(totals), None, "The load stepped through thread counts: there is no one steady part.")
    rows = [row for row in totals if _is_readable(row)]
    times = [row["time_s"] for row in rows]
    # The last row may be so short a fraction that it has the time of the one before.
    if any(later <= earlier for earlier, later in itertools.pairwise(times[:-1])) or times != sorted(times):
        return _uncut(len(rows), None, "The rows' times do not increase (the loader's clock jumped): nothing is cut.")
    if len(rows) > 1:
        rows = rows[:-1]
    rate = _rate(rows, 0)
    if len(rows) < FEWEST_ROWS:
        why = f"{len(rows)} rows are too few to judge, {FEWEST_ROWS} are needed: nothing is cut."
        return _uncut(len(rows), rate, why)
    rule, size = ("MSER-5", BATCH) if len(rows) >= FEWEST_ROWS_FOR_BATCHES else ("MSER-1", 1)
    values = _batch_means([row["op_rate"] for row in rows], size)
    cut = _mser(values)
    if cut > len(values) / 2:
        sentence = f"The load did not settle ({rule} would cut {cut * size} of {len(rows)} rows): nothing is cut."
        return {**_uncut(len(rows), rate, sentence), "rule": rule}
    from_s = rows[cut * size - 1]["time_s"] if cut else 0.0
    what = f"{cut * size} of {len(rows)} rows, the first {from_s:g} s" if cut else f"none of {len(rows)} rows"
    return {
        "rule": rule,
        "from_s": from_s,
        "op_rate": _rate(rows, cut * size),
        "rows": len(rows),
        "rows_cut": cut * size,
        "sentence": f"{rule} cut {what}.",
    }


def _uncut(rows: int, op_rate: float | None, sentence: str) -> dict[str, Any]:
    return {"rule": NO_RULE, "from_s": 0.0, "op_rate": op_rate, "rows": rows, "rows_cut": 0, "sentence": sentence}


def _is_readable(row: Mapping[str, Any]) -> bool:
    numbers = [row.get(key) for key in ("time_s", "op_rate", "total_ops")]
    return all(number is not None and math.isfinite(number) for number in numbers)


def _batch_means(values: Sequence[float], size: int) -> list[float]:
    """Return the means of whole batches from the start on."""
    return [math.fsum(values[at : at + size]) / size for at in range(0, len(values) - size + 1, size)]


def _mser(values: Sequence[float]) -> int:
    """Return how many values MSER cuts; of equals, the fewest."""
    return min(range(len(values) - LAST_LEFT_OUT + 1), key=lambda cut: _squared_standard_error(values[cut:]))


def _squared_standard_error(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.fsum((value - mean) ** 2 for value in values) / len(values) ** 2


def _rate(rows: Sequence[Mapping[str, Any]], cut: int) -> float | None:
    """Return the operations per second of the rows after the first `cut`."""
    if not rows:
        return None
    begin_s, before = (rows[cut - 1]["time_s"], rows[cut - 1]["total_ops"]) if cut else (0.0, 0)
    seconds = rows[-1]["time_s"] - begin_s
    return float((rows[-1]["total_ops"] - before) / seconds) if seconds > 0 else None
