# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""A block of a cluster's campaign: whether it is needed, which of its cells are left to do, and at which rates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.campaign import read_campaign
from ansible_collections.katabench.scylla.plugins.plugin_utils.cell_folder import (
    attempts_kept,
    keep_attempt,
    rates_path,
    read_note,
    readable_record,
    stop_path,
    valid_record,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.json_files import write_json
from ansible_collections.katabench.scylla.plugins.plugin_utils.ladder import decide_rates, workloads_of
from ansible_collections.katabench.scylla.plugins.plugin_utils.plan import PILOT_BLOCK, has_ladder
from ansible_collections.katabench.scylla.plugins.plugin_utils.stopping import decide

STOP_SCHEMA = 1
REPEATS = 1
"""How often a cell is run again within one run of the campaign."""


def open_block(directory: Path, cluster: str, block: int) -> dict[str, Any]:
    """Open a block of a cluster: of a campaign that goes on, its cells without a valid record and their workloads.

    Where blocks are added until the intervals are narrow, the blocks before this one decide whether it is needed; that
    it is not is written to stop.json, and holds from then on. Where the workloads have a ladder, its rates are read
    from rates.json, which is written from the pilot's records when the first block after it is opened.

    Returns ``{go_on, reason, sentence, cells, workloads}``; ``reason`` and ``sentence`` say why it does not go on.
    Raises CampaignError or LadderError.
    """
    campaign = read_campaign(directory)
    settings, plan = campaign["settings"], [cell for cell in campaign["plan"] if cell["cluster"] == cluster]
    stop = read_note(stop_path(directory, cluster)) or _stop(directory, cluster, block, settings, plan)
    if stop and block > stop["blocks"]:
        return {
            "go_on": False,
            "reason": stop["reason"],
            "sentence": stop["sentence"],
            "cells": [],
            "workloads": [],
        }
    rates = _rates(directory, cluster, settings, plan)["rates"] if has_ladder(settings) and block > PILOT_BLOCK else {}
    return {
        "go_on": True,
        "reason": None,
        "sentence": None,
        "cells": [cell for cell in _in_block(plan, block) if not valid_record(directory, cell["id"])],
        "workloads": workloads_of(settings["workloads"], block, rates),
    }


def cells_to_repeat(directory: Path, cluster: str, block: int) -> list[dict[str, Any]]:
    """Return the cells of a block that may be run once more; what they left is kept.

    These are, of the pilot, those that do not count, since the rates of all blocks hang on them; and where the settings
    ask for that, those that count but were disturbed.
    """
    campaign = read_campaign(directory)
    plan = [cell for cell in campaign["plan"] if cell["cluster"] == cluster]
    again = [
        cell
        for cell in _in_block(plan, block)
        if _is_to_repeat(readable_record(directory, cell["id"]), block, campaign["settings"])
        and attempts_kept(directory, cell["id"]) < REPEATS
    ]
    for cell in again:
        keep_attempt(directory, cell["id"])
    return again


def _is_to_repeat(record: Mapping[str, Any] | None, block: int, settings: Mapping[str, Any]) -> bool:
    if record is None:
        return False
    if not record["validity"]["valid"]:
        return bool(block == PILOT_BLOCK)
    return settings.get("disturbed") == "repeat" and bool(record.get("disturbances"))


def _stop(
    directory: Path, cluster: str, block: int, settings: Mapping[str, Any], plan: Iterable[Mapping[str, Any]]
) -> dict[str, Any] | None:
    if not settings.get("until") or block <= PILOT_BLOCK + 1:
        return None
    records = [record for cell in plan if (record := readable_record(directory, cell["id"]))]
    decision = decide(settings, records, block - 1)
    if decision["go_on"]:
        return None
    stop = {
        "schema": STOP_SCHEMA,
        "cluster": cluster,
        "blocks": block - 1,
        "reason": decision["reason"],
        "sentence": decision["sentence"],
    }
    write_json(stop_path(directory, cluster), stop)
    return stop


def _rates(
    directory: Path, cluster: str, settings: Mapping[str, Any], plan: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    path = rates_path(directory, cluster)
    found = read_note(path)
    if found:
        return dict(found)
    pilot = _in_block(plan, PILOT_BLOCK)
    records = [record for cell in pilot if (record := readable_record(directory, cell["id"]))]
    decided = decide_rates(cluster, settings["workloads"], [cell["arm"] for cell in pilot], records)
    write_json(path, decided)
    return dict(decided)


def _in_block(plan: Iterable[Mapping[str, Any]], block: int) -> list[dict[str, Any]]:
    return [dict(cell) for cell in plan if cell["block"] == block]
