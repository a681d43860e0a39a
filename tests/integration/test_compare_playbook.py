# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The playbook compare as CI would run it: its exit status, what it prints, and what it writes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.katabench.scylla.tests.integration.conftest import CLONE, run_in
from ansible_collections.katabench.scylla.tests.unit import campaign_folder

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def compare(tmp_path: Path) -> Run:
    """Run the playbook in a folder whose results hold three campaigns; gVisor writes slower in `slower`."""
    slower = {**campaign_folder.RATES, ("write", "gvisor"): [509, 509, 507]}
    campaign = campaign_folder.campaign()
    for name, rates in (("before", campaign_folder.RATES), ("same", campaign_folder.RATES), ("slower", slower)):
        campaign_folder.write(tmp_path / "results" / name, campaign, campaign_folder.records(campaign, rates))

    def run(*options: str, **variables: object) -> subprocess.CompletedProcess[str]:
        environment = {
            "ANSIBLE_COLLECTIONS_PATH": str(CLONE / ".ansible" / "collections"),
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_LOCALHOST_WARNING": "false",
        }
        command = ["ansible-playbook", "katabench.scylla.compare", "-e", json.dumps(variables), *options]
        return run_in(tmp_path, *command, **environment)

    return run


def words(ended: subprocess.CompletedProcess[str]) -> str:
    """Return what a run printed, with the lines that Ansible breaks put together again."""
    return " ".join((ended.stdout + ended.stderr).split())


def test_no_regression_is_success_and_files_that_a_second_run_leaves_alone(compare: Run, tmp_path: Path) -> None:
    ended = compare(bench_baseline="before", bench_candidate="same")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "No regression past 5 % is shown." in words(ended)
    assert "no difference shown" in ended.stdout
    assert ended.stderr == ""
    written = json.loads((tmp_path / "results" / "same" / "compare-before.json").read_text())
    assert (written["baseline"]["run_id"], written["regressions"]) == ("before", [])
    assert (
        (tmp_path / "results" / "same" / "compare-before.md").read_text().startswith("## same compared with before\n")
    )
    again = compare(bench_baseline="before", bench_candidate="same")
    assert (again.returncode, "changed=0" in again.stdout) == (0, True)


def test_a_regression_is_a_failure_that_names_it_and_is_still_written(compare: Run, tmp_path: Path) -> None:
    ended = compare(bench_baseline="before", bench_candidate="slower")
    assert ended.returncode == 2
    assert (
        "1 of 4 judged changes is a regression past 5 %: db1 write op rate of gvisor against runc. db1 write: op rate "
        "of gvisor against runc: 0.504 then, 0.411 now, 0.814 times (-18.6 %, 95 % interval 0.758 to 0.874, n = 3 and "
        "3 blocks): worse, past the limit of 5 %."
    ) in words(ended)
    written = json.loads((tmp_path / "results" / "slower" / "compare-before.json").read_text())
    assert len(written["regressions"]) == 1


def test_the_limit_decides(compare: Run) -> None:
    ended = compare(bench_baseline="before", bench_candidate="slower", bench_regression_limit=0.25)
    assert ended.returncode == 0, ended.stdout
    assert "worse, within the limit of 25 %" in words(ended)


def test_check_mode_compares_and_writes_nothing(compare: Run, tmp_path: Path) -> None:
    ended = compare("--check", bench_baseline="before", bench_candidate="slower")
    assert ended.returncode == 2
    assert list((tmp_path / "results").glob("*/compare-*")) == []


def test_other_conditions_are_refused_marked_or_changed_on_purpose(compare: Run, tmp_path: Path) -> None:
    for path in (tmp_path / "results" / "same" / "cells").rglob("record.json"):
        path.write_text(path.read_text().replace("6.1.0-18-amd64", "6.1.0-20-amd64"))
    names = {"bench_baseline": "before", "bench_candidate": "same"}
    refused = compare(**names)
    assert refused.returncode == 2
    assert "kernel: then 6.1.0-18-amd64, now 6.1.0-20-amd64" in words(refused)
    assert list((tmp_path / "results").glob("*/compare-*")) == []
    marked = compare(**names, bench_differences="mark")
    assert marked.returncode == 0, marked.stdout
    assert "unlike, which may explain a change: kernel: then 6.1.0-18-amd64" in words(marked)
    changed = compare(**names, bench_compare_changed=["kernel"])
    assert changed.returncode == 0, changed.stdout
    assert "changed: kernel: then 6.1.0-18-amd64" in words(changed)


def test_the_newest_campaign_and_another_folder(compare: Run, tmp_path: Path) -> None:
    (tmp_path / "results").rename(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "latest").symlink_to("same")
    ended = compare(bench_baseline="before", bench_candidate="latest", bench_results_dir=str(tmp_path / "elsewhere"))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert (tmp_path / "elsewhere" / "same" / "compare-before.json").exists()


def test_the_published_figures_are_never_a_regression(compare: Run, tmp_path: Path) -> None:
    campaign, records = campaign_folder.kata_campaign()
    campaign_folder.write(tmp_path / "results" / "kata", campaign, records)
    ended = compare(bench_baseline="published-2018", bench_candidate="kata")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "kata compared with published-2018 (published, no interval)" in words(ended)
    assert "a regression past 5 % cannot be shown." in words(ended)
    assert (tmp_path / "results" / "kata" / "compare-published-2018.md").exists()


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({}, "Name two campaigns, by the names of their folders in results"),
        (
            {"bench_baseline": "befor", "bench_candidate": "same"},
            "There is no campaign 'befor' in results: there are before, same, slower.",
        ),
        (
            {"bench_baseline": "same", "bench_candidate": "same"},
            "same is to be compared with itself: name two campaigns.",
        ),
        (
            {"bench_baseline": "before", "bench_candidate": "same", "bench_compare_changed": ["kernal"]},
            "There is no condition 'kernal'",
        ),
        (
            {"bench_baseline": "before", "bench_candidate": "same", "bench_differences": "ignore"},
            "must be one of: refuse, mark",
        ),
        (
            {"bench_baseline": "published-2018", "bench_candidate": "same"},
            "There is nothing to compare: the figures of 2018",
        ),
    ],
)
def test_what_cannot_be_compared_is_a_failure_in_a_sentence(
    compare: Run, tmp_path: Path, variables: dict, sentence: str
) -> None:
    ended = compare(**variables)
    assert ended.returncode == 2
    assert sentence in words(ended).replace(f"{tmp_path}/", "")
    assert "Traceback" not in ended.stdout + ended.stderr
