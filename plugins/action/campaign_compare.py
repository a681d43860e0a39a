# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Compare two campaigns on the controller; documented in plugins/modules/campaign_compare.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.katabench.scylla.plugins.plugin_utils.campaign import CampaignError
from ansible_collections.katabench.scylla.plugins.plugin_utils.compare import compare
from ansible_collections.katabench.scylla.plugins.plugin_utils.compare_published import NAME, compare_published
from ansible_collections.katabench.scylla.plugins.plugin_utils.compare_side import CompareError, read_side
from ansible_collections.katabench.scylla.plugins.plugin_utils.compare_words import markdown, terminal_lines
from ansible_collections.katabench.scylla.plugins.plugin_utils.json_files import json_text
from ansible_collections.katabench.scylla.plugins.plugin_utils.report import (
    ReportError,
    differing,
    find_campaign,
    published_figures,
    write_files,
)

ARGUMENT_SPEC = {
    "results_dir": {"type": "path", "required": True},
    "baseline": {"type": "str", "required": True},
    "candidate": {"type": "str", "required": True},
    "regression_limit": {"type": "float", "default": 0.05},
    "differences": {"type": "str", "choices": ["refuse", "mark"], "default": "refuse"},
    "changed": {"type": "list", "elements": "str", "default": []},
}


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _validation, args = self.validate_argument_spec(ARGUMENT_SPEC)
        results_dir = Path(args["results_dir"])
        try:
            directory = find_campaign(results_dir / args["candidate"])
            comparison = _compare(directory, results_dir, args)
        except (CampaignError, CompareError, ReportError) as error:
            raise AnsibleActionFail(str(error)) from error
        name = f"compare-{comparison['baseline']['run_id']}"
        files = {f"{name}.json": json_text(comparison).encode(), f"{name}.md": markdown(comparison).encode()}
        written = differing(directory, files)
        if not self._task.check_mode:
            write_files(directory, {path: files[path] for path in written})
        return {
            "changed": bool(written),
            "written": [str(directory / path) for path in written],
            "lines": terminal_lines(comparison),
            **{key: comparison[key] for key in ("verdict", "regressions", "differences", "rows", "notes")},
        }


def _compare(directory: Path, results_dir: Path, args: dict[str, Any]) -> dict[str, Any]:
    candidate, limit = read_side(directory), args["regression_limit"]
    if args["baseline"] == NAME:
        return compare_published(published_figures(), candidate, limit)
    baseline = read_side(find_campaign(results_dir / args["baseline"]))
    return compare(baseline, candidate, limit, args["changed"], mark=args["differences"] == "mark")
