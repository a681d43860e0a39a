# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The arms of a campaign: what settings and records say of each, and in what their nodes differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.parity import differences, undeclared
from ansible_collections.katabench.scylla.plugins.plugin_utils.plan import item_name
from ansible_collections.katabench.scylla.plugins.plugin_utils.sandbox import is_emulated
from ansible_collections.katabench.scylla.plugins.plugin_utils.starts import count_starts

Arm = dict[str, Any]

USUAL_BAND = 0.1
"""The share by which processors and memory may differ, of campaigns whose settings do not say."""


def asked_arm(arm: Any) -> Arm:
    """Return what settings say of an arm, given as a name or as a dictionary: the keys that its rows have."""
    given = arm if isinstance(arm, Mapping) else {}
    return {
        "arm": item_name(arm),
        "runtime": given.get("runtime"),
        **{key: given.get(key) or None for key in ("again_of", "differs", "storage")},
    }


def seen_arm(arm: Arm, records: Sequence[Mapping[str, Any]]) -> Arm:
    """Add to an arm what its records say: the file system of its data, and whether it was emulated."""
    filesystems = [node["data_filesystem"] for record in records for node in (record["parity"] or {}).get("nodes", [])]
    return {
        **arm,
        "data_filesystem": ", ".join(dict.fromkeys(name for name in filesystems if name)) or None,
        "emulated": any(is_emulated(record.get("sandbox")) for record in records),
    }


def differing(
    records: Sequence[Mapping[str, Any]], settings: Mapping[str, Any], arm: str
) -> tuple[list[str], list[str]]:
    """Say in what an arm's nodes differ from the baseline's, as they see it, and which of that it does not declare."""
    baseline, band = settings["baseline"], settings.get("parity_band") or USUAL_BAND
    if arm == baseline:
        return [], []
    asked = next(one for one in settings["arms"] if item_name(one) == arm)
    found = differences(_nodes(records, arm), _nodes(records, baseline), band, baseline)
    # Before there was the setting `parity`, arms could not declare anything.
    hidden = undeclared(asked if isinstance(asked, Mapping) else {}, found) if settings.get("parity") else []
    return [one.sentence for one in found], [one.sentence for one in hidden]


def _nodes(records: Sequence[Mapping[str, Any]], arm: str) -> list[Mapping[str, Any]]:
    own = [record["parity"] or {} for record in records if record["cell"]["arm"] == arm]
    return [node for parity in own for node in parity.get("nodes", [])]


def starts_of(arms: Sequence[Arm], records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Count the attempts to start a node of each arm whose starts were recorded."""
    counted = []
    for arm in arms:
        own = [record.get("starts") or [] for record in records if record["cell"]["arm"] == arm["arm"]]
        if any(own):
            counts = count_starts([start for starts in own for start in starts])
            counted.append({"arm": arm["arm"], "emulated": arm["emulated"], **counts})
    return counted
