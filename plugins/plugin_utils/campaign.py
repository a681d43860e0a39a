# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""A campaign on disk: begun or taken up again, its cells done or left to do.

The folder is laid out as docs/architecture.md says.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.cell_folder import (
    keep_attempt,
    read_note,
    record_path,
    stop_path,
    valid_record,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.json_files import json_text, write_json
from ansible_collections.katabench.scylla.plugins.plugin_utils.plan import plan_of, seed_from
from ansible_collections.katabench.scylla.plugins.plugin_utils.settings_check import (
    campaign_settings,
    check_clusters,
    check_run_id,
    check_settings,
)

SCHEMA = 1
_UNSET = object()


class CampaignError(ValueError):
    """A campaign that cannot be opened; the text says which, why, and what to do."""


def open_campaign(
    results_dir: Path,
    run_id: str,
    settings: Mapping[str, Any],
    clusters: list[str],
    now: datetime,
    *,
    seed: int | None = None,
    collection_version: str,
    check_only: bool = False,
) -> dict[str, Any]:
    """Open the campaign that a run belongs to, so that only what is missing is left to do.

    With a ``run_id``, that campaign is opened, or begun when there is none; its settings must be the same. Without
    one, the newest campaign with the same settings in which a cell of these clusters has no record is taken up, else
    one begins whose run_id is ``now``, in UTC. ``seed`` decides the order of the arms; by default it comes from the
    run_id.

    A cell whose record is valid is done; whatever another cell left behind moves to ``attempts/``. With
    ``check_only`` nothing is written.

    Returns ``{dir, resumed, changed, attempts_kept, campaign, cells}``: ``dir`` is absolute, ``attempts_kept`` lists
    the cells whose remains were (or would be) moved, ``campaign`` is the content of campaign.json, and ``cells`` are
    the planned cells of ``clusters`` with a ``state``: ``todo``, ``done``, or ``spare`` (in a block that turned out not
    to be needed). Raises PlanError or CampaignError.
    """
    check_settings(settings)
    check_clusters(clusters)
    if run_id:
        check_run_id(run_id)
    if results_dir.exists() and not results_dir.is_dir():
        raise CampaignError(f"{results_dir} is a file: results are kept in a folder, name another one.")
    latest = results_dir / "latest"
    if latest.exists() and not latest.is_symlink():
        raise CampaignError(f"{latest} is not a symbolic link: move it away, it is to point to the newest campaign.")

    # Through JSON and back, so that what is asked compares with what a campaign.json holds.
    asked = json.loads(json_text({"settings": campaign_settings(settings), "seed": seed}))
    begun = _begun(results_dir / run_id, asked) if run_id else _unfinished(results_dir, asked, clusters)
    campaign = begun or _new_campaign(run_id or _new_run_id(results_dir, now), asked, now, collection_version)
    campaign = _with_clusters(campaign, clusters)

    directory = results_dir.absolute() / campaign["run_id"]
    stops = {cluster: _blocks_of(directory, cluster) for cluster in clusters}
    cells = [
        {**cell, "state": _state(directory, cell, stops[cell["cluster"]])}
        for cell in campaign["plan"]
        if cell["cluster"] in clusters
    ]
    unfinished = [cell["id"] for cell in cells if cell["state"] == "todo"]
    left_behind = [cell_id for cell_id in unfinished if (directory / "cells" / cell_id).exists()]
    latest_is_ours = latest.is_symlink() and latest.readlink() == Path(campaign["run_id"])
    if not check_only:
        if campaign != begun:
            write_json(directory / "campaign.json", campaign)
        for cell_id in left_behind:
            keep_attempt(directory, cell_id)
        if not latest_is_ours:
            _link(latest, campaign["run_id"])
    return {
        "dir": str(directory),
        "resumed": begun is not None,
        "changed": campaign != begun or bool(left_behind) or not latest_is_ours,
        "attempts_kept": left_behind,
        "campaign": campaign,
        "cells": cells,
    }


def read_campaign(directory: Path) -> dict[str, Any]:
    """Read a campaign's campaign.json; raise CampaignError when it is missing, no JSON, or of another schema."""
    path = directory / "campaign.json"
    try:
        campaign = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CampaignError(f"{directory} is no campaign's folder: it has no campaign.json.") from error
    except ValueError as error:
        raise CampaignError(f"{path} is not JSON ({error}).") from error
    version = campaign.get("schema") if isinstance(campaign, dict) else None
    if version != SCHEMA:
        raise CampaignError(
            f"{path} has campaign schema {version!r}; this version of the collection reads schema {SCHEMA}. "
            "Use the version of the collection that wrote it."
        )
    return dict(campaign)


def _begun(directory: Path, asked: Mapping[str, Any]) -> dict[str, Any] | None:
    if not directory.exists() or not any(directory.iterdir()):
        return None
    campaign = read_campaign(directory)
    differences = _differences(campaign, asked)
    if differences:
        raise CampaignError(
            f"The campaign {directory.name} was begun with other settings:\n"
            + "\n".join(f"  {line}" for line in differences)
            + "\nUse another run_id, or the settings it was begun with."
        )
    return campaign


def _unfinished(results_dir: Path, asked: Mapping[str, Any], clusters: list[str]) -> dict[str, Any] | None:
    candidates = []
    for path in results_dir.glob("*/campaign.json"):
        if path.parent.is_symlink():
            continue
        try:
            campaign = read_campaign(path.parent)
        except CampaignError:
            continue  # Not ours to resume; whoever names it as run_id is told why.
        if not _differences(campaign, asked) and _lacks_records(path.parent, campaign, clusters):
            candidates.append(campaign)
    return max(candidates, key=lambda campaign: (campaign["created_at"], campaign["run_id"]), default=None)


def _lacks_records(directory: Path, campaign: Mapping[str, Any], clusters: list[str]) -> bool:
    if not set(clusters) <= set(campaign["clusters"]):
        return False
    blocks = {cluster: _blocks_of(directory, cluster) for cluster in clusters}
    return any(
        not record_path(directory, cell["id"]).exists()
        for cell in campaign["plan"]
        if cell["cluster"] in clusters and _is_needed(cell, blocks[cell["cluster"]])
    )


def _new_campaign(run_id: str, asked: Mapping[str, Any], now: datetime, collection_version: str) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "run_id": run_id,
        "created_at": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "collection_version": collection_version,
        "settings": asked["settings"],
        "seed": seed_from(run_id) if asked["seed"] is None else asked["seed"],
        "clusters": [],
    }


def _with_clusters(campaign: Mapping[str, Any], clusters: list[str]) -> dict[str, Any]:
    # A cluster's plan does not depend on the others, so those of the campaign keep theirs when one is added.
    together = list(dict.fromkeys([*campaign["clusters"], *clusters]))
    plan = plan_of(campaign["settings"], together, campaign["seed"])
    return {**campaign, "clusters": together, "plan": plan}


def _state(directory: Path, cell: Mapping[str, Any], blocks: int | None) -> str:
    if not _is_needed(cell, blocks):
        return "spare"
    return "done" if valid_record(directory, cell["id"]) else "todo"


def _blocks_of(directory: Path, cluster: str) -> int | None:
    """Return with how many blocks a cluster's campaign has ended; None while it has not."""
    stop = read_note(stop_path(directory, cluster))
    return stop["blocks"] if stop else None


def _is_needed(cell: Mapping[str, Any], blocks: int | None) -> bool:
    return blocks is None or cell["block"] <= blocks


def _link(path: Path, target: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.symlink_to(target)
    temporary.replace(path)


def _new_run_id(results_dir: Path, now: datetime) -> str:
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    run_id, count = stamp, 1
    while (results_dir / run_id).exists():
        count += 1
        run_id = f"{stamp}-{count}"
    return run_id


def _differences(campaign: Mapping[str, Any], asked: Mapping[str, Any]) -> list[str]:
    # Whoever asks for no seed takes the campaign's.
    seed = campaign["seed"] if asked["seed"] is None else asked["seed"]
    return [
        *_value_differences("", campaign["settings"], asked["settings"]),
        *_value_differences("seed", campaign["seed"], seed),
    ]


def _value_differences(place: str, then: Any, now: Any) -> list[str]:
    """Name each place at which two JSON values differ, as deep as their forms are alike."""
    if isinstance(then, dict) and isinstance(now, dict):
        keys = sorted({*then, *now})
        places = [(f"{place}.{key}" if place else key, then.get(key, _UNSET), now.get(key, _UNSET)) for key in keys]
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        places = [(f"{place}[{index}]", *pair) for index, pair in enumerate(zip(then, now, strict=True))]
    else:
        return [] if then == now else [f"{place}: then {_shown(then)}, now {_shown(now)}"]
    return [line for inner in places for line in _value_differences(*inner)]


def _shown(value: Any) -> str:
    return "not set" if value is _UNSET else json.dumps(value, ensure_ascii=False)
