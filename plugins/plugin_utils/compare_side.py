# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""One of two campaigns that are compared: what of its folder counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.campaign import read_campaign
from ansible_collections.katabench.scylla.plugins.plugin_utils.campaign_records import Found, read_folder
from ansible_collections.katabench.scylla.plugins.plugin_utils.plan import item_name
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary_runs import Run, planned_cells, runs_of


class CompareError(ValueError):
    """Two campaigns that cannot be compared; the text says why, and what to do."""


@dataclass(frozen=True)
class Side:
    """A campaign by its folder's name, its valid records without the pilot's, and what each of their workloads gave."""

    run_id: str
    campaign: Mapping[str, Any]
    records: Sequence[Mapping[str, Any]]
    runs: Sequence[Run]

    @property
    def baseline(self) -> str:
        """The arm that its others are compared with."""
        return str(self.campaign["settings"]["baseline"])

    @property
    def arms(self) -> dict[str, Mapping[str, Any]]:
        """The arms by name, as the settings define them."""
        return {
            item_name(arm): arm if isinstance(arm, Mapping) else {"name": arm}
            for arm in self.campaign["settings"]["arms"]
        }

    @property
    def workloads(self) -> list[str]:
        """The workloads' names, in the order in which a cell runs them."""
        return [item_name(workload) for workload in self.campaign["settings"]["workloads"]]

    def counts_in(self, cluster: str) -> bool:
        """Return whether a cell of a cluster counts."""
        return any(record["cell"]["cluster"] == cluster for record in self.records)

    def runs_in(self, cluster: str, workload: str, arm: str) -> list[Run]:
        """Return what one arm gave under one workload."""
        return [run for run in self.runs if (run.cluster, run.workload, run.arm) == (cluster, workload, arm)]


def read_side(campaign_dir: Path) -> Side:
    """Read a campaign's folder; a record that cannot be read does not count, as in its report.

    Raises CampaignError, which names the file, when campaign.json cannot be read.
    """
    campaign = read_campaign(campaign_dir)
    return side_of(campaign_dir.name, campaign, read_folder(campaign_dir, campaign))


def side_of(run_id: str, campaign: Mapping[str, Any], found: Found) -> Side:
    """Return a side from what was read of its campaign's folder."""
    cells = planned_cells(campaign, found.records, found.stops, found.unreadable)
    return Side(
        run_id=run_id,
        campaign=campaign,
        records=[cell.record for cell in cells if cell.record and cell.is_valid and not cell.is_pilot],
        runs=runs_of(cells),
    )
