# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Getting through to a host again that could be reached before: for how long it is tried, and how often.

What runs in a container there goes on meanwhile, so a connection that breaks is nothing yet.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 15.0


class NoAnswer(Exception):  # noqa: N818 - it is no error yet
    """Nobody answered this time. The text says why."""


@dataclass(frozen=True)
class Answer:
    """What came back: `value`, None when patience ended; for how long nothing did; and why not, the last time."""

    value: dict[str, Any] | None
    silent_s: float
    reason: str


def ask_patiently(
    ask: Callable[[], dict[str, Any]],
    patience_s: float,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Answer:
    """Ask, and where that raises NoAnswer, again after longer and longer pauses, for `patience_s` seconds."""
    silent_since: float | None = None
    pause_s = FIRST_PAUSE_S
    reason = ""
    while True:
        asked_at = clock()
        try:
            value = ask()
        except NoAnswer as error:
            reason = str(error)
        else:
            return Answer(value, 0.0 if silent_since is None else asked_at - silent_since, reason)
        # A question that nobody answers can take long, and that is part of the silence.
        silent_since = asked_at if silent_since is None else silent_since
        silent_s = clock() - silent_since
        if silent_s + pause_s > patience_s:
            return Answer(None, silent_s, reason)
        sleep(pause_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
