# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""A campaign of any size, for tests of what must not grow with it: the grown campaign's records, over and over."""

from __future__ import annotations

from ansible_collections.katabench.scylla.plugins.plugin_utils.plan import make_plan
from ansible_collections.katabench.scylla.tests.unit import campaign_folder

ARMS = [*campaign_folder.GROWN_ARMS, {"name": "kata", "runtime": "kata", "again_of": None}]
TWINS = {"kata": "gvisor"}  # An arm that the grown campaign lacks has the figures of this one.
ROWS = 300


def large_campaign(blocks: int, clusters: tuple[str, ...] = ("db1",)) -> campaign_folder.Grown:
    """Return a campaign of four arms, four workloads (two of them rungs) and this many blocks; a load has 300 rows."""
    grown = campaign_folder.grown_campaign()
    campaign = grown.campaign
    arms = [arm["name"] for arm in ARMS]
    campaign["clusters"] = list(clusters)
    campaign["settings"] |= {"arms": ARMS, "until": None, "replicates": blocks}
    campaign["plan"] = make_plan(list(clusters), arms, blocks, 7, [arm for arm in arms if arm != "runc-again"])
    measured = {(record["cell"]["arm"], record["cell"]["block"]): record for record in grown.records}
    records = []
    for cell in campaign["plan"]:
        block = (cell["block"] - 1) % 5 + 1 if cell["block"] else 0
        records.append(_renamed(measured[TWINS.get(cell["arm"], cell["arm"]), block], cell))
    ladders = {cluster: grown.ladders["db1"] | {"cluster": cluster} for cluster in clusters}
    return campaign_folder.Grown(campaign, records, {}, ladders)


def _renamed(record: dict, cell: dict) -> dict:
    arm = next(arm for arm in ARMS if arm["name"] == cell["arm"])
    workloads = [
        {
            **workload,
            "command": workload["command"].replace("172.18.0.2", f"172.18.{cell['block']}.{cell['position']}"),
            "raw": {
                stream: file | {"path": file["path"].replace(record["cell"]["id"], cell["id"])}
                for stream, file in workload["raw"].items()
            },
            "result": workload["result"] | {"intervals": _rows(workload["result"]["intervals"])},
        }
        for workload in record["workloads"]
    ]
    return {**record, "cell": cell, "arm": arm, "workloads": workloads}


def _rows(rows: list[dict]) -> list[dict]:
    # Uneven, as real rows are: what repeats would be drawn as a straight line.
    return [
        rows[min(place, len(rows) - 1)] | {"time_s": place + 1.0, "op_rate": rows[-1]["op_rate"] + place * 37 % 101}
        for place in range(ROWS)
    ]
