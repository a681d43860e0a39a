# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Whether settings make a campaign: every fault in a sentence, before anything is touched."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.plan import PlanError, item_name, rate_of
from ansible_collections.katabench.scylla.plugins.plugin_utils.quiet import threshold_faults
from ansible_collections.katabench.scylla.plugins.plugin_utils.stopping import until_faults

# Where settings say which names exist. They serve the checks below and are no part of what a campaign measures.
CATALOGUE_KEYS = {
    "arm": "arm_catalogue_names",
    "workload": "workload_catalogue_names",
    "profile": "profile_catalogue_names",
}

# Arms that join where the hosts can carry them, which is seen on the hosts only.
WHERE_ABLE = "arms_where_able"

# Where the data of an arm may lie, as schemas/record.json says.
STORAGES = ("volume", "rootfs", "block")

# Settings that are one word out of a few.
CHOICES = {"parity": ("enforce", "mark"), "disturbed": ("mark", "repeat")}

# Names become folders, so: no separators, nothing hidden, nothing that a shell or a URL has to escape.
_FIT_FOR_PATH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}")


def campaign_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that decide what is measured: all but the lists of names that exist or that may join."""
    return {key: value for key, value in settings.items() if key not in {*CATALOGUE_KEYS.values(), WHERE_ABLE}}


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raise PlanError, with every fault found, unless a campaign can be planned from the settings.

    Looked at are ``arms`` and ``workloads`` (lists of names or of dictionaries with a ``name``), ``replicates``,
    ``baseline``, ``profile``, and, where they are given, ``until``, ``quiet``, ``parity``, ``disturbed``, the arms that
    join where the hosts are able (WHERE_ABLE) and the lists of names that exist (CATALOGUE_KEYS).
    """
    arm_faults, workload_faults = _list_faults("arm", settings), _list_faults("workload", settings)
    replicates = settings.get("replicates")
    replicates_faults = _replicates_faults(replicates)
    faults = [
        *arm_faults,
        *_where_able_faults(settings),
        *workload_faults,
        *replicates_faults,
        *_choice_faults(settings),
        *threshold_faults(settings.get("quiet") or {}),
    ]
    if not workload_faults:
        faults += _rung_faults(settings["workloads"])
    if settings.get("until") and not replicates_faults:
        faults += until_faults(settings["until"], replicates)
    if settings.get("profile") is not None:
        faults += _unknown_faults("profile", [settings["profile"]], settings)

    if not arm_faults:
        faults += _baseline_faults(settings.get("baseline"), [item_name(arm) for arm in settings["arms"]])
        faults += [fault for arm in settings["arms"] if isinstance(arm, Mapping) for fault in _arm_faults(arm)]
    if faults:
        raise PlanError("\n".join(faults))


def check_clusters(clusters: list[str]) -> None:
    """Raise PlanError unless the names of the clusters can be told apart and used as folders."""
    if not clusters:
        raise PlanError("There is no cluster to measure on: the inventory names no host for the campaign.")
    faults = [*_duplicate_faults("cluster", clusters), *_path_faults("cluster", clusters)]
    if faults:
        raise PlanError("\n".join(faults))


def check_run_id(run_id: str) -> None:
    """Raise PlanError when a run_id cannot be the name of a campaign's folder."""
    if run_id == "latest":
        raise PlanError("The run_id 'latest' is taken: results/latest points to the newest campaign.")
    faults = _path_faults("run_id", [run_id])
    if faults:
        raise PlanError("\n".join(faults))


def _list_faults(what: str, settings: Mapping[str, Any]) -> list[str]:
    items = settings.get(f"{what}s")
    if not items or isinstance(items, (str, Mapping)) or not isinstance(items, Iterable):
        return [f"The list of {what}s is {items!r}: name at least one {what}."]
    return _item_faults(what, items, settings)


def _item_faults(what: str, items: Iterable[Any], settings: Mapping[str, Any]) -> list[str]:
    nameless = [item for item in items if isinstance(item, Mapping) and "name" not in item]
    if nameless:
        return [f"The {what} {dict(item)!r} has no name: give it one." for item in nameless]
    names = [item_name(item) for item in items]
    return [*_unknown_faults(what, names, settings), *_duplicate_faults(what, names), *_path_faults(what, names)]


def _where_able_faults(settings: Mapping[str, Any]) -> list[str]:
    items, arms = settings.get(WHERE_ABLE) or [], settings.get("arms")
    if not isinstance(items, (list, tuple)):
        return [f"The arms to join where the hosts are able are {items!r}: give a list of names."]
    faults = _item_faults("arm", items, settings)
    if not faults and isinstance(arms, (list, tuple)):
        always = {item_name(arm) for arm in arms}
        faults = [
            f"The arm {name!r} is to run anyway and to join where the hosts are able: list it in one place."
            for name in map(item_name, items)
            if name in always
        ]
    return faults


def _arm_faults(arm: Mapping[str, Any]) -> list[str]:
    faults = []
    if arm.get("storage") not in {None, *STORAGES}:
        faults.append(f"The arm {arm['name']!r} has storage {arm['storage']!r}: it is one of {', '.join(STORAGES)}.")
    for key in ("node_cpus", "node_memory_mib"):
        given = arm.get(key)
        if given is not None and (isinstance(given, bool) or not isinstance(given, (int, float)) or given <= 0):
            faults.append(f"The arm {arm['name']!r} has {key} {given!r}: give a number greater than 0.")
        elif given is not None and not arm.get("differs"):
            faults.append(
                f"The arm {arm['name']!r} has {key} of its own and does not say so: give it `differs`, a sentence that "
                "the report shows beside its figures."
            )
    return faults


def _rung_faults(workloads: Iterable[Any]) -> list[str]:
    faults, paced_by_themselves = [], []
    for workload in workloads:
        of = rate_of(workload)
        if of is None:
            paced_by_themselves.append(item_name(workload))
        elif of not in paced_by_themselves:
            faults.append(
                f"The rate of the workload {item_name(workload)!r} is a fraction of the maximum of {of!r}, which does "
                "not run before it: add that to the workloads, before the ladder."
            )
    return faults


def _choice_faults(settings: Mapping[str, Any]) -> list[str]:
    return [
        f"{key} is {settings[key]!r}: it is one of {', '.join(choices)}."
        for key, choices in CHOICES.items()
        if settings.get(key) not in {None, *choices}
    ]


def _baseline_faults(baseline: Any, arms: list[str]) -> list[str]:
    if baseline in arms:
        return []
    listed = ", ".join(arms)
    return [f"The baseline {baseline!r} is not one of the arms ({listed}): add it to the arms or name one of them."]


def _unknown_faults(what: str, names: list[str], settings: Mapping[str, Any]) -> list[str]:
    existing = settings.get(CATALOGUE_KEYS[what])
    if existing is None:
        return []
    faults = []
    for name in names:
        if name not in existing:
            near = difflib.get_close_matches(name, existing, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            faults.append(f"There is no {what} {name!r}: there are {', '.join(existing)}.{hint}")
    return faults


def _duplicate_faults(what: str, names: list[str]) -> list[str]:
    twice = sorted({name for name in names if names.count(name) > 1})
    return [f"The {what} {name!r} is listed more than once: list it once." for name in twice]


def _path_faults(what: str, names: list[str]) -> list[str]:
    return [
        f"The {what} {name!r} cannot be the name of a folder: use up to 100 letters, digits and . _ @ + -, "
        "beginning with a letter or a digit."
        for name in names
        if not _FIT_FOR_PATH.fullmatch(name)
    ]


def _replicates_faults(replicates: Any) -> list[str]:
    if isinstance(replicates, int) and not isinstance(replicates, bool) and replicates >= 1:
        return []
    return [f"The number of replicates is {replicates!r}: give a whole number of at least 1."]
