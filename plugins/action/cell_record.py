# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Judge a cell and write its record on the controller; documented in plugins/modules/cell_record.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.release import __version__ as ansible_core_version

from ansible_collections.katabench.scylla.plugins.plugin_utils.campaign import CampaignError, read_campaign
from ansible_collections.katabench.scylla.plugins.plugin_utils.cell_judgement import build_record
from ansible_collections.katabench.scylla.plugins.plugin_utils.collection_version import (
    collection_git,
    collection_version,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.load_shares import merge_raw
from ansible_collections.katabench.scylla.plugins.plugin_utils.plan import PILOT_BLOCK, item_name, rate_of
from ansible_collections.katabench.scylla.plugins.plugin_utils.raw_files import read_raw
from ansible_collections.katabench.scylla.plugins.plugin_utils.record import (
    RecordError,
    headline,
    workload_figures,
    write_record,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.sandbox import is_emulated
from ansible_collections.katabench.scylla.plugins.plugin_utils.starts import count_starts

ARGUMENT_SPEC = {
    "campaign_dir": {"type": "path", "required": True},
    "cell": {"type": "dict", "required": True},
    "facts": {"type": "dict", "required": True},
    "failure": {"type": "dict"},
}
CELL_KEYS = ("id", "cluster", "block", "position", "arm")


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _validation, args = self.validate_argument_spec(ARGUMENT_SPEC)
        campaign_dir = Path(args["campaign_dir"])
        cell = {key: args["cell"].get(key) for key in CELL_KEYS}
        path = campaign_dir / "cells" / str(cell["id"]) / "record.json"
        if self._task.check_mode:
            # A cell does not run in check mode, so there is nothing to judge.
            return {"changed": True, "path": str(path)}
        try:
            record = _write(campaign_dir, cell, path, args)
        except (CampaignError, RecordError) as error:
            raise AnsibleActionFail(str(error)) from error
        return {
            "changed": True,
            "path": str(path),
            **record["validity"],
            "katabench_event": _record_event(record),
        }


def _write(campaign_dir: Path, cell: dict[str, Any], path: Path, args: dict[str, Any]) -> dict[str, Any]:
    campaign = read_campaign(campaign_dir)
    settings, facts = campaign["settings"], args["facts"]
    record = build_record(
        run_id=campaign["run_id"],
        cell=cell,
        facts=facts,
        raw={workload["name"]: _read(campaign_dir, cell["id"], workload) for workload in facts.get("workloads") or []},
        failure=args["failure"],
        workload_names=_workload_names(settings, cell["block"]),
        versions=_versions(),
        parity_mode=settings.get("parity") or "enforce",
        thresholds=settings.get("quiet"),
    )
    write_record(path, record)
    return record


def _read(campaign_dir: Path, cell_id: str, workload: dict[str, Any]) -> dict[str, Any]:
    name, rate_mode = workload["name"], _rate_mode(workload)
    loaders = [loader["name"] for loader in workload.get("loaders") or []]
    if not loaders:
        return read_raw(campaign_dir, cell_id, name, rate_mode=rate_mode)
    parts = {loader: read_raw(campaign_dir, cell_id, f"{name}/{loader}", rate_mode=rate_mode) for loader in loaders}
    return {**merge_raw(parts), "parts": parts}


def _rate_mode(workload: dict[str, Any]) -> str:
    # What has another form than the record's is refused, with its place, when the record is put together.
    asked = workload.get("asked")
    rate = asked.get("rate") if isinstance(asked, dict) else None
    return str(rate.get("mode")) if isinstance(rate, dict) else "closed"


def _workload_names(settings: dict[str, Any], block: int) -> list[str]:
    # The pilot has no ladder.
    workloads = settings["workloads"]
    return [item_name(workload) for workload in workloads if block != PILOT_BLOCK or rate_of(workload) is None]


def _versions() -> dict[str, str]:
    git = collection_git()
    return {
        "collection": collection_version(),
        "ansible_core": ansible_core_version,
        **({"collection_git": git} if git else {}),
    }


def _record_event(record: dict[str, Any]) -> dict[str, Any]:
    cell = record["cell"]
    return {
        "event": "record",
        "cell": cell["id"],
        **{key: cell[key] for key in ("cluster", "arm", "block")},
        "valid": record["validity"]["valid"],
        "sentence": headline(record),
        "emulated": is_emulated(record["sandbox"]),
        "failed_starts": count_starts(record["starts"])["failed"],
        "workloads": [workload_figures(workload) for workload in record["workloads"]],
    }
