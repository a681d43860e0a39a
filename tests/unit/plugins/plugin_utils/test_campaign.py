# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.campaign import (
    CampaignError,
    open_campaign,
    read_campaign,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.plan import PlanError, seed_from
from ansible_collections.katabench.scylla.plugins.plugin_utils.record import write_record

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
SETTINGS = {
    "profile": "smoke",
    "arms": [{"name": "runc", "runtime": "runc"}, {"name": "gvisor", "runtime": "gvisor"}],
    "workloads": [{"name": "write", "operations": 5000, "threads": 50}],
    "replicates": 2,
    "baseline": "runc",
    "arm_catalogue_names": ["runc", "gvisor"],
}


@pytest.fixture
def results(tmp_path):
    return tmp_path / "results"


def start(results, run_id="", settings=SETTINGS, clusters=("db1",), now=NOON, **options):
    return open_campaign(results, run_id, settings, list(clusters), now, collection_version="0.1.0", **options)


def finish(opened, cell_id, valid=True):
    """Write the record that the cell's play would."""
    cell = next(cell for cell in opened["cells"] if cell["id"] == cell_id)
    failure = {"class": "cluster-start", "sentence": "No node answered."}
    record = {
        "schema": 1,
        "run_id": opened["campaign"]["run_id"],
        "cell": cell,
        "arm": {"name": cell["arm"], "runtime": "runc"},
        "engine": None,
        "image": None,
        "host": {},
        "cluster": {"nodes": 2, "node_cpus": 1, "node_memory_mib": 2048},
        "parity": None,
        "workloads": [],
        "failure": None if valid else failure,
        "validity": {"valid": valid, "failures": [] if valid else [failure], "marks": []},
        "started_at": "2026-11-22T12:00:00Z",
        "finished_at": "2026-11-22T12:01:00Z",
        "timings_s": {},
        "versions": {"collection": "0.1.0", "ansible_core": "2.19.14"},
    }
    write_record(Path(opened["dir"]) / "cells" / cell_id / "record.json", record)


def finish_all(opened, valid=True):
    for cell in opened["cells"]:
        finish(opened, cell["id"], valid)


def states(opened):
    return {cell["id"]: cell["state"] for cell in opened["cells"]}


def begin_load(opened, cell_id, text="half a log"):
    folder = Path(opened["dir"]) / "cells" / cell_id / "raw" / "write"
    folder.mkdir(parents=True)
    (folder / "stdout").write_text(text)


class TestBegin:
    def test_a_new_campaign_is_named_after_the_time_in_utc(self, results):
        east = datetime(2026, 11, 22, 14, 30, 0, tzinfo=UTC).astimezone()
        opened = start(results, now=east)
        assert opened["campaign"]["run_id"] == "20261122T143000Z"
        assert opened["dir"] == str(results / "20261122T143000Z")
        assert (opened["resumed"], opened["changed"]) == (False, True)

    def test_campaign_json_holds_what_the_report_and_a_resumption_need(self, results):
        opened = start(results)
        stored = json.loads((results / "20261122T120000Z" / "campaign.json").read_text())
        assert stored == opened["campaign"]
        assert stored["schema"] == 1
        assert stored["created_at"] == "2026-11-22T12:00:00Z"
        assert stored["collection_version"] == "0.1.0"
        assert stored["seed"] == seed_from("20261122T120000Z")
        assert stored["clusters"] == ["db1"]
        assert stored["settings"] == {key: value for key, value in SETTINGS.items() if key != "arm_catalogue_names"}
        assert [cell["id"] for cell in stored["plan"]] == list(states(opened))
        assert len(stored["plan"]) == 4

    def test_latest_is_a_relative_link_to_the_campaign_opened_last(self, results):
        start(results, "first")
        assert (results / "latest").readlink() == Path("first")
        start(results, "second")
        assert (results / "latest").readlink() == Path("second")
        assert start(results, "first")["changed"]
        assert (results / "latest").readlink() == Path("first")

    def test_two_campaigns_of_one_second_have_different_names(self, results):
        finish_all(start(results))
        finish_all(start(results))
        assert start(results)["campaign"]["run_id"] == "20261122T120000Z-3"

    def test_a_seed_that_was_asked_for_is_used_and_recorded(self, results):
        assert start(results, seed=7)["campaign"]["seed"] == 7

    def test_settings_of_no_campaign_are_refused_before_anything_is_written(self, results):
        with pytest.raises(PlanError, match="replicates is 0"):
            start(results, settings={**SETTINGS, "replicates": 0})
        with pytest.raises(PlanError, match="cannot be the name of a folder"):
            start(results, run_id="../elsewhere")
        assert not results.exists()

    def test_results_that_are_a_file_are_refused(self, results):
        results.write_text("")
        with pytest.raises(CampaignError, match="is a file"):
            start(results)

    def test_a_folder_named_latest_is_left_alone(self, results):
        (results / "latest").mkdir(parents=True)
        with pytest.raises(CampaignError, match="is not a symbolic link"):
            start(results)
        assert [path.name for path in results.iterdir()] == ["latest"]

    def test_a_folder_that_is_no_campaign_is_not_taken_for_one(self, results):
        (results / "photos").mkdir(parents=True)
        (results / "photos" / "cat.jpg").write_text("")
        with pytest.raises(CampaignError, match="is no campaign's folder"):
            start(results, "photos")


class TestResumeWithoutRunId:
    def test_what_is_done_stays_done_and_the_rest_is_to_do(self, results):
        first = start(results)
        finish(first, "db1/block-01/runc")
        again = start(results, now=NOON + timedelta(hours=1))
        assert again["resumed"]
        assert again["campaign"] == first["campaign"]
        assert states(again) == {
            **dict.fromkeys(states(first), "todo"),
            "db1/block-01/runc": "done",
        }

    def test_opening_twice_changes_nothing(self, results):
        start(results)
        assert not start(results)["changed"]

    def test_a_finished_campaign_is_followed_by_a_new_one(self, results):
        finish_all(start(results))
        assert not start(results, now=NOON + timedelta(hours=1))["resumed"]

    def test_invalid_records_alone_do_not_make_a_campaign_unfinished(self, results):
        finish_all(start(results), valid=False)
        assert not start(results, now=NOON + timedelta(hours=1))["resumed"]

    def test_the_newest_unfinished_campaign_is_taken_not_the_last_in_the_alphabet(self, results):
        finish_all(start(results, "zebra"))
        (results / "zebra" / "cells" / "db1" / "block-01" / "runc" / "record.json").unlink()
        start(results, "apple", now=NOON + timedelta(hours=1))
        assert start(results, now=NOON + timedelta(hours=2))["campaign"]["run_id"] == "apple"

    def test_other_settings_another_seed_or_an_unknown_cluster_begin_a_new_campaign(self, results):
        start(results, "first")
        later = NOON + timedelta(hours=1)
        assert not start(results, settings={**SETTINGS, "replicates": 3}, now=later)["resumed"]
        assert not start(results, seed=1, now=later)["resumed"]
        assert not start(results, clusters=["db1", "db2"], now=later)["resumed"]

    def test_some_of_the_clusters_go_on_with_their_own_cells(self, results):
        start(results, "first", clusters=["db1", "db2"])
        again = start(results, clusters=["db2"])
        assert again["campaign"]["run_id"] == "first"
        assert {cell["cluster"] for cell in again["cells"]} == {"db2"}
        assert {cell["cluster"] for cell in again["campaign"]["plan"]} == {"db1", "db2"}

    def test_names_that_merely_exist_do_not_bind_a_campaign(self, results):
        start(results)
        assert start(results, settings={**SETTINGS, "arm_catalogue_names": ["runc", "gvisor", "kata"]})["resumed"]

    @pytest.mark.parametrize("text", ["{", "[]", '{"schema": 2}'])
    def test_a_campaign_that_cannot_be_read_is_passed_over(self, results, text):
        broken = results / "broken"
        broken.mkdir(parents=True)
        (broken / "campaign.json").write_text(text)
        assert not start(results)["resumed"]
        with pytest.raises(CampaignError, match=r"broken/campaign\.json"):
            start(results, "broken")


class TestResumeWithRunId:
    def test_other_settings_are_refused_naming_each_that_differs(self, results):
        start(results, "r1")
        workloads = [{"name": "write", "operations": 9000, "duration_s": None}]
        arms = [*SETTINGS["arms"], {"name": "runc-again", "runtime": "runc"}]
        changed = {**SETTINGS, "workloads": workloads, "arms": arms[1:], "baseline": "gvisor", "note": "x"}
        changed.pop("arm_catalogue_names")
        before = (results / "r1" / "campaign.json").read_bytes()
        with pytest.raises(CampaignError) as refused:
            start(results, "r1", settings=changed, seed=5)
        assert str(refused.value).splitlines() == [
            "The campaign r1 was begun with other settings:",
            '  arms[0].name: then "runc", now "gvisor"',
            '  arms[0].runtime: then "runc", now "gvisor"',
            '  arms[1].name: then "gvisor", now "runc-again"',
            '  arms[1].runtime: then "gvisor", now "runc"',
            '  baseline: then "runc", now "gvisor"',
            '  note: then not set, now "x"',
            "  workloads[0].duration_s: then not set, now null",
            "  workloads[0].operations: then 5000, now 9000",
            "  workloads[0].threads: then 50, now not set",
            f"  seed: then {seed_from('r1')}, now 5",
            "Use another run_id, or the settings it was begun with.",
        ]
        assert (results / "r1" / "campaign.json").read_bytes() == before

    def test_lists_of_different_length_are_shown_whole(self, results):
        start(results, "r1", settings={**SETTINGS, "arms": ["runc"]})
        with pytest.raises(CampaignError, match=r'  arms: then \["runc"\], now \["runc", "gvisor"\]\n'):
            start(results, "r1", settings={**SETTINGS, "arms": ["runc", "gvisor"]})

    def test_an_invalid_cell_runs_anew_and_its_evidence_is_kept(self, results):
        first = start(results, "r1")
        finish_all(first)
        finish(first, "db1/block-02/gvisor", valid=False)
        again = start(results, "r1")
        assert [cell for cell, state in states(again).items() if state == "todo"] == ["db1/block-02/gvisor"]
        assert again["attempts_kept"] == ["db1/block-02/gvisor"]
        kept = results / "r1" / "attempts" / "db1" / "block-02" / "gvisor" / "1" / "record.json"
        assert json.loads(kept.read_text())["validity"]["valid"] is False
        assert not (results / "r1" / "cells" / "db1" / "block-02" / "gvisor").exists()

    @pytest.mark.parametrize("text", ["", "{", '{"schema": 1}', '{"schema": 2}'])
    def test_a_record_that_cannot_be_read_counts_as_none(self, results, text):
        finish_all(start(results, "r1"))
        (results / "r1" / "cells" / "db1" / "block-01" / "runc" / "record.json").write_text(text)
        again = start(results, "r1")
        assert states(again)["db1/block-01/runc"] == "todo"
        kept = results / "r1" / "attempts" / "db1" / "block-01" / "runc" / "1" / "record.json"
        assert kept.read_text() == text

    def test_every_attempt_is_kept(self, results):
        cell = "db1/block-01/runc"
        for text in ("one", "two", "three"):
            begin_load(start(results, "r1"), cell, text)
        start(results, "r1")
        attempts = results / "r1" / "attempts" / cell
        assert {path.name: (path / "raw/write/stdout").read_text() for path in attempts.iterdir()} == {
            "1": "one",
            "2": "two",
            "3": "three",
        }

    def test_cells_of_clusters_that_are_not_asked_for_stay_where_they_are(self, results):
        begin_load(start(results, "r1", clusters=["db1", "db2"]), "db1/block-01/runc")
        assert start(results, "r1", clusters=["db2"])["attempts_kept"] == []
        assert (results / "r1" / "cells" / "db1" / "block-01" / "runc").exists()

    def test_a_new_cluster_is_added_and_the_others_keep_their_plan(self, results):
        first = start(results, "r1")
        finish_all(first)
        again = start(results, "r1", clusters=["db1", "db2"])
        assert again["campaign"]["plan"][:4] == first["campaign"]["plan"]
        assert [cell["state"] for cell in again["cells"]] == ["done"] * 4 + ["todo"] * 4
        assert read_campaign(results / "r1")["clusters"] == ["db1", "db2"]


class TestCheckOnly:
    def test_nothing_is_written_for_a_new_campaign(self, results):
        opened = start(results, check_only=True)
        assert opened["changed"]
        assert len(opened["cells"]) == 4
        assert not results.exists()

    def test_nothing_moves_in_an_unfinished_one(self, results):
        begin_load(start(results, "r1"), "db1/block-01/runc")
        opened = start(results, check_only=True)
        assert (opened["campaign"]["run_id"], opened["attempts_kept"]) == ("r1", ["db1/block-01/runc"])
        assert (results / "r1" / "cells" / "db1" / "block-01" / "runc").exists()
        assert not (results / "r1" / "attempts").exists()
