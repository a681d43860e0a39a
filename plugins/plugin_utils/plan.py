# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The campaign's plan: settings and a seed in, ordered cells out. Pure: no clock, no files."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

PILOT_BLOCK = 0
"""The block before the others in which each arm shows its maximum once; no figure comes from it."""


class PlanError(ValueError):
    """Settings from which no campaign can be planned. The text holds one sentence per fault, one per line."""


class Cell(TypedDict):
    """One fresh database under one arm: the unit of resume."""

    id: str
    cluster: str
    block: int
    position: int
    arm: str


def make_plan(
    clusters: list[str], arms: list[str], replicates: int, seed: int, pilot_arms: Sequence[str] = ()
) -> list[Cell]:
    """Order the cells of a campaign, cluster by cluster, block by block, the pilot first where it has arms.

    Each block holds every arm once, in random order (Abedi & Brecht, ICPE'17, doi 10.1145/3030207.3030229: arms that
    are not interleaved and randomised look different when they are not). A block's order depends on the seed, the
    cluster and the block's number alone, so that one more cluster or block leaves the others as they are.

    ``block`` and ``position`` (the place within the block) count from 1; the pilot is block 0.
    """
    blocks = [(PILOT_BLOCK, list(pilot_arms)), *((block, arms) for block in range(1, replicates + 1))]
    return [
        {
            "id": f"{cluster}/block-{block:02d}/{arm}",
            "cluster": cluster,
            "block": block,
            "position": position,
            "arm": arm,
        }
        for cluster in clusters
        for block, block_arms in blocks
        for position, arm in enumerate(_shuffled(block_arms, f"{seed}/{cluster}/{block}"), start=1)
    ]


def plan_of(settings: Mapping[str, Any], clusters: list[str], seed: int) -> list[Cell]:
    """Order the cells of a campaign with these settings: as many blocks as there may be, and a pilot for a ladder.

    Where blocks are added until the intervals are narrow (``until``), the plan holds the most that may be needed.
    """
    arms = [item_name(arm) for arm in settings["arms"]]
    pilot_arms = [item_name(arm) for arm in settings["arms"] if not _repeats(arm)] if has_ladder(settings) else []
    return make_plan(clusters, arms, most_blocks(settings), seed, pilot_arms)


def most_blocks(settings: Mapping[str, Any]) -> int:
    """Return the number of blocks beside the pilot that a campaign may have."""
    until = settings.get("until")
    return int(until["max_replicates"]) if until else int(settings["replicates"])


def has_ladder(settings: Mapping[str, Any]) -> bool:
    """Return whether a workload's rate is a fraction of a maximum, which a pilot has to find."""
    return any(rate_of(workload) is not None for workload in settings["workloads"])


def rate_of(workload: Any) -> str | None:
    """Return the workload of whose maximum this one's rate is a fraction; None where it is no rung of a ladder."""
    rate = workload.get("rate") if isinstance(workload, Mapping) else None
    return str(rate["of"]) if isinstance(rate, Mapping) and rate.get("of") else None


def seed_from(run_id: str) -> int:
    """Derive the default seed (0 .. 2**32 - 1) of a campaign from its run_id, the same on every machine."""
    return int.from_bytes(hashlib.sha256(run_id.encode()).digest()[:4], "big")


def item_name(item: Any) -> str:
    """Return the name of an arm or a workload, given as a name or as a dictionary with the key ``name``."""
    return str(item["name"]) if isinstance(item, Mapping) else str(item)


def _repeats(arm: Any) -> bool:
    return isinstance(arm, Mapping) and bool(arm.get("again_of"))


def _shuffled(arms: Sequence[str], seed: str) -> list[str]:
    # Sorted by random() rather than shuffle(): random() alone is promised to give the same sequence in every Python.
    draw = random.Random(seed)
    return [arm for _draw, arm in sorted((draw.random(), arm) for arm in arms)]
