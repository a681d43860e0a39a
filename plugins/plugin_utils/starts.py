# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""How often nodes had to be started (`starts` of schemas/record.json): flakiness is a result."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# A container's id, which is another one at each attempt.
_ID = re.compile(r"\b[0-9a-f]{64}\b")


def start_marks(starts: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each node whose first start failed, with the causes."""
    marks = []
    for node in dict.fromkeys(start["node"] for start in starts):
        own = [start for start in starts if start["node"] == node]
        causes = failure_causes(own)
        if causes:
            tries = f"{len(own)} attempt{'' if len(own) == 1 else 's'}"
            how = f"did not start in {tries}" if own[-1]["failed"] else f"started at attempt {own[-1]['attempt']}"
            marks.append(f"node {node} {how}: {' '.join(causes)}")
    return marks


def failure_causes(starts: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return why starts failed, each cause once and in one line, in the order in which they came."""
    sentences = (" ".join(start["sentence"].split()) for start in starts if start["failed"])
    return list(dict.fromkeys(_ID.sub("…", sentence) for sentence in sentences))


def count_starts(starts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return `{starts, failed, causes}`: how many attempts there were, how many of them failed, and why."""
    return {
        "starts": len(starts),
        "failed": sum(start["failed"] for start in starts),
        "causes": failure_causes(starts),
    }
