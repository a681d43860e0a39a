# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What a log collector may have put before a line of a tool's output."""

from __future__ import annotations

# Brackets, a pod's or container's name, a timestamp, the stream of a CRI log, a level: any number of them in any order.
# Atomic and possessive: a line that does not fit is given up in time proportional to its length.
LOG_PREFIX = (
    r"(?>\s+|\[[^\]]*\]|[^\s|>\[]+>|[^\s|>\[]+\s*\|(?=\s)"
    r"|\d[\d.,:+/TZ-]*(?=\s)|(?:stdout|stderr|F|P|DEBUG|INFO|WARN|ERROR)(?=\s))*+"
)
