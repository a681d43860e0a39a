# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""A campaign's plan in lines, for whoever wants to see it before it runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.plan import PILOT_BLOCK, item_name, plan_of
from ansible_collections.katabench.scylla.plugins.plugin_utils.settings_check import (
    WHERE_ABLE,
    check_clusters,
    check_settings,
)


def plan_lines(settings: Mapping[str, Any], clusters: list[str], seed: int | None) -> list[str]:
    """Say in lines what a campaign would do.

    Without a seed the order of the arms within a block is not known yet and is not shown. Arms that join only where
    the hosts can carry them have a line of their own. Raises PlanError when no campaign can be planned from the
    settings.
    """
    check_settings(settings)
    check_clusters(clusters)
    arms = [item_name(arm) for arm in settings["arms"]]
    cells = plan_of(settings, clusters, seed or 0)
    lines = [
        f"{len(cells)} cells: clusters {len(clusters)}, blocks {_blocks_in_words(settings)}, arms {len(arms)}",
        *_pilot_lines(cells),
        f"workloads of a cell, in order: {', '.join(map(item_name, settings['workloads']))}",
        f"compared with the baseline {settings['baseline']}",
    ]
    where_able = [item_name(arm) for arm in settings.get(WHERE_ABLE) or []]
    if where_able:
        more = len(plan_of({**settings, "arms": settings[WHERE_ABLE]}, clusters, 0))
        lines.append(f"{', '.join(where_able)}: where the host's checks pass, {more} more cells")
    if seed is None:
        order = "in an order that is drawn when the campaign begins"
        return [*lines, *(f"{cluster}: {', '.join(arms)} in each block, {order}" for cluster in clusters)]
    blocks: dict[str, list[str]] = {}
    for cell in cells:
        blocks.setdefault(cell["id"].rpartition("/")[0], []).append(cell["arm"])
    return [*lines, *(f"{block}: {', '.join(order)}" for block, order in blocks.items())]


def _blocks_in_words(settings: Mapping[str, Any]) -> str:
    until = settings.get("until")
    if not until:
        return str(settings["replicates"])
    width = f"until every ratio's interval is {until['ratio_ci_width']:g} wide or narrower"
    return f"{settings['replicates']} to {until['max_replicates']}, {width}"


def _pilot_lines(cells: Iterable[Mapping[str, Any]]) -> list[str]:
    pilot = sum(cell["block"] == PILOT_BLOCK for cell in cells)
    if not pilot:
        return []
    return [
        f"{pilot} of them are the pilot (block 0), which finds the maximum that the ladder's rates are fractions of"
    ]
