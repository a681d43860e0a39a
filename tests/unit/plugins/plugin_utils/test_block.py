# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.block import cells_to_repeat, open_block
from ansible_collections.katabench.scylla.plugins.plugin_utils.json_files import write_json
from ansible_collections.katabench.scylla.plugins.plugin_utils.ladder import LadderError
from ansible_collections.katabench.scylla.plugins.plugin_utils.plan import plan_of
from ansible_collections.katabench.scylla.plugins.plugin_utils.record import write_record
from ansible_collections.katabench.scylla.tests.unit import campaign_folder

RUNG = {
    "name": "read@0.5",
    "operation": "read",
    "duration_s": 15,
    "threads": 50,
    "rate": {"mode": "fixed", "of": "read", "fraction": 0.5},
}
CLOSED = [{"name": "write", "operation": "write"}, {"name": "read", "operation": "read"}]


def begin(directory, **changes) -> dict:
    """Begin a campaign on db1 with a ladder."""
    campaign = campaign_folder.campaign(blocks=3)
    campaign["settings"] |= {"workloads": [*CLOSED, RUNG], "until": None, **changes}
    campaign["plan"] = plan_of(campaign["settings"], ["db1"], 7)
    write_json(directory / "campaign.json", campaign)
    return campaign


def do(directory, campaign, cell_id, write=1240, read=1500, **changes) -> None:
    """Write a cell's record, with these op rates."""
    cell = next(cell for cell in campaign["plan"] if cell["id"] == cell_id)
    rates = {(name, cell["arm"]): [rate] * 99 for name, rate in (("write", write), ("read", read))}
    record = {**campaign_folder.record(campaign, cell, rates), **changes}
    write_record(directory / "cells" / cell_id / "record.json", record)


def do_block(directory, campaign, block, gvisor=870) -> None:
    for cell in campaign["plan"]:
        if cell["block"] == block:
            do(directory, campaign, cell["id"], read=gvisor if cell["arm"] == "gvisor" else 1500)


def test_the_pilot_runs_closed_loops_under_each_arm_once(tmp_path):
    begin(tmp_path)
    opened = open_block(tmp_path, "db1", 0)
    assert opened["go_on"]
    assert sorted(cell["arm"] for cell in opened["cells"]) == ["gvisor", "runc"]
    assert [workload["name"] for workload in opened["workloads"]] == ["write", "read"]
    assert not (tmp_path / "cells/db1/rates.json").exists()


def test_the_first_block_takes_its_rates_from_the_pilot_and_all_others_the_same(tmp_path):
    campaign = begin(tmp_path)
    do_block(tmp_path, campaign, 0)
    opened = open_block(tmp_path, "db1", 1)
    assert opened["workloads"][2]["rate"] == {"mode": "fixed", "of": "read", "fraction": 0.5, "ops_per_s": 435}
    assert json.loads((tmp_path / "cells/db1/rates.json").read_text())["slowest"] == {"read": "gvisor"}

    # What a repeated pilot would say later changes nothing: all blocks have one rate.
    do(tmp_path, campaign, "db1/block-00/gvisor", read=100)
    assert open_block(tmp_path, "db1", 2)["workloads"][2]["rate"]["ops_per_s"] == 435


def test_without_a_pilot_that_counts_there_is_no_block(tmp_path):
    begin(tmp_path)
    with pytest.raises(LadderError, match="no arm's pilot"):
        open_block(tmp_path, "db1", 1)
    assert not (tmp_path / "cells/db1/rates.json").exists()


def test_what_has_a_valid_record_is_not_left_to_do(tmp_path):
    campaign = begin(tmp_path, workloads=CLOSED)
    do(tmp_path, campaign, "db1/block-01/runc")
    invalid = {"valid": False, "failures": [{"class": "errors", "sentence": "12 operations failed."}], "marks": []}
    do(tmp_path, campaign, "db1/block-01/gvisor", validity=invalid)
    left = [cell["arm"] for cell in open_block(tmp_path, "db1", 1)["cells"]]
    assert sorted(left) == ["gvisor", "runc-again"]
    assert left == [cell["arm"] for cell in campaign["plan"] if cell["block"] == 1 and cell["arm"] != "runc"]


def test_blocks_are_added_until_the_interval_is_narrow_and_not_after(tmp_path):
    campaign = begin(tmp_path, workloads=CLOSED, until={"ratio_ci_width": 0.05, "max_replicates": 9})
    for block in (1, 2, 3):
        assert open_block(tmp_path, "db1", block)["go_on"]
        do_block(tmp_path, campaign, block, gvisor=870 + block)
    opened = open_block(tmp_path, "db1", 4)
    assert (opened["go_on"], opened["reason"], opened["cells"]) == (False, "narrow", [])
    stop = json.loads((tmp_path / "cells/db1/stop.json").read_text())
    assert (stop["blocks"], stop["reason"]) == (3, "narrow")
    assert stop["sentence"] == opened["sentence"]
    assert open_block(tmp_path, "db1", 3)["go_on"]
    assert not open_block(tmp_path, "db1", 9)["go_on"]


def test_a_wide_interval_asks_for_another_block(tmp_path):
    campaign = begin(tmp_path, workloads=CLOSED, until={"ratio_ci_width": 0.05, "max_replicates": 99})
    for block, gvisor in ((1, 850), (2, 870), (3, 890)):
        do_block(tmp_path, campaign, block, gvisor=gvisor)
    assert open_block(tmp_path, "db1", 4)["go_on"]
    assert not (tmp_path / "cells/db1/stop.json").exists()


INVALID = {"valid": False, "failures": [{"class": "parity", "sentence": "1.54 CPUs, not 1."}], "marks": []}


def test_a_disturbed_cell_is_given_once_more_and_what_it_left_is_kept(tmp_path):
    campaign = begin(tmp_path, workloads=CLOSED, disturbed="repeat")
    do(tmp_path, campaign, "db1/block-01/runc", disturbances=["The host was busy."])
    do(tmp_path, campaign, "db1/block-01/gvisor")
    do(tmp_path, campaign, "db1/block-01/runc-again", validity=INVALID)
    assert [cell["arm"] for cell in cells_to_repeat(tmp_path, "db1", 1)] == ["runc"]
    assert (tmp_path / "attempts/db1/block-01/runc/1/record.json").exists()
    do(tmp_path, campaign, "db1/block-01/runc", disturbances=["The host was busy again."])
    assert cells_to_repeat(tmp_path, "db1", 1) == []


def test_a_disturbed_cell_that_is_only_to_be_marked_is_not_repeated(tmp_path):
    campaign = begin(tmp_path, workloads=CLOSED, disturbed="mark")
    do(tmp_path, campaign, "db1/block-01/runc", disturbances=["The host was busy."])
    assert cells_to_repeat(tmp_path, "db1", 1) == []


def test_a_pilot_that_does_not_count_gets_a_second_try_before_the_rates_are_set(tmp_path):
    campaign = begin(tmp_path)
    do(tmp_path, campaign, "db1/block-00/runc")
    do(tmp_path, campaign, "db1/block-00/gvisor", validity=INVALID)
    assert [cell["arm"] for cell in cells_to_repeat(tmp_path, "db1", 0)] == ["gvisor"]
    do(tmp_path, campaign, "db1/block-00/gvisor", validity=INVALID)
    assert cells_to_repeat(tmp_path, "db1", 0) == []
