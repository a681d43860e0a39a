# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.campaign import CampaignError
from ansible_collections.katabench.scylla.plugins.plugin_utils.record import RecordError
from ansible_collections.katabench.scylla.plugins.plugin_utils.report import (
    ReportError,
    build_report,
    differing,
    find_campaign,
    published_figures,
    write_files,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.report_html import flat
from ansible_collections.katabench.scylla.tests.unit import campaign_folder

EXAMPLE = Path(__file__).parents[4] / "docs" / "example"
FILES = [
    "charts/latency_mean.png",
    "charts/latency_mean.svg",
    "charts/latency_p99.png",
    "charts/latency_p99.svg",
    "charts/op_rate.png",
    "charts/op_rate.svg",
    "report.html",
    "summary.csv",
    "summary.json",
]


@pytest.fixture
def folder(tmp_path):
    campaign = campaign_folder.campaign()
    directory = tmp_path / "results" / campaign["run_id"]
    campaign_folder.write(directory, campaign, campaign_folder.records(campaign))
    return directory


def test_the_files_of_a_report(folder):
    summary, files = build_report(folder)
    assert sorted(files) == FILES
    assert json.loads(files["summary.json"]) == summary
    rows = list(csv.DictReader(io.StringIO(files["summary.csv"].decode())))
    assert len(rows) == 6
    assert (rows[2]["workload"], rows[2]["arm"], float(rows[2]["op_rate"])) == ("write", "gvisor", 623)


def test_built_again_from_records_alone_it_has_the_same_bytes(folder, tmp_path):
    _, files = build_report(folder)
    write_files(folder, files)
    assert differing(folder, files) == []
    elsewhere = tmp_path / "another" / "place"
    shutil.copytree(folder, elsewhere, ignore=shutil.ignore_patterns("raw", "summary.*", "charts", "report.html"))
    assert build_report(elsewhere)[1] == files


def test_only_what_differs_is_named_and_nothing_is_left_beside_it(folder):
    _, files = build_report(folder)
    write_files(folder, files)
    (folder / "report.html").write_text("old")
    (folder / "charts" / "op_rate.svg").unlink()
    assert sorted(differing(folder, files)) == ["charts/op_rate.svg", "report.html"]
    write_files(folder, files)
    written = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    assert sorted(name for name in written if not name.startswith("cells/")) == ["campaign.json", *FILES]


def test_the_page_escapes_what_it_is_told(folder):
    page = build_report(folder)[1]["report.html"].decode()
    assert "Example CPU 9000 &lt;x&gt;" in page
    assert "-log &#39;a&lt;b&#39;" in page
    assert "<x>" not in page


def test_the_page_warns_of_what_does_not_count(folder):
    path = folder / "cells" / "db1" / "block-01" / "gvisor" / "record.json"
    record = json.loads(path.read_text())
    campaign_folder.spoil(record, "node-lost", "read: node 2 was down after the load.")
    path.write_text(json.dumps(record))
    page = build_report(folder)[1]["report.html"].decode()
    assert "<strong>db1/block-01/gvisor</strong> (node-lost): read: node 2 was down after the load." in page


@pytest.fixture
def kata_folder(tmp_path):
    campaign, records = campaign_folder.kata_campaign()
    campaign_folder.write(tmp_path, campaign, records)
    return tmp_path


def test_the_page_marks_an_emulated_arm_at_each_of_its_figures(kata_folder):
    page = build_report(kata_folder)[1]["report.html"].decode()
    assert page.count('<th scope="row">kata (emulated)') == 4  # two workloads, its starts, what its nodes see
    assert "<h1>What does it cost to run cassandra 5.0.6 (standing in for ScyllaDB) under kata (emulated) or" in page
    assert (
        "<strong>db1/block-01/kata, db1/block-02/kata, db1/block-03/kata</strong> count, but: ran under software "
        "emulation (QEMU emulator version 2.11.0 without KVM): "
    ) in page
    assert "db1, kata (emulated): Kata Containers 1.11.5 (go, developer_guide), QEMU emulator version 2.11.0" in page
    assert '<th scope="row">kata<' not in page


def test_the_page_says_how_an_arm_differs_and_where_its_data_lies(kata_folder):
    page = build_report(kata_folder)[1]["report.html"].decode()
    assert page.count('<span class="differs note">4 vCPUs, 3 GiB and I/O threads instead') == 2
    assert page.count('<td data-label="Data on">ext4 (block)</td>') == 2
    assert page.count('<td data-label="Data on">9p (volume)</td>') == 2


def test_the_page_lists_starts_when_one_failed(folder, kata_folder):
    page = build_report(kata_folder)[1]["report.html"].decode()
    causes = f"{campaign_folder.NO_AGENT} {campaign_folder.NO_ANSWER}"
    assert f'kata-tuned</th><td class="n">10</td><td class="n">4</td><td>{causes}</td>' in page
    assert "Attempts to start a node" not in build_report(folder)[1]["report.html"].decode()


def test_starts_in_a_try_that_was_repeated_are_counted(folder):
    record = json.loads((folder / "cells" / "db1" / "block-02" / "gvisor" / "record.json").read_text())
    campaign_folder.spoil(record, "cluster-start", "Node node1 did not start.")
    record["starts"] = campaign_folder.starts({"node1": [campaign_folder.NO_AGENT]})[:1]
    for attempt, text in {"2": "{}", "10": json.dumps(record)}.items():
        path = folder / "attempts" / "db1" / "block-02" / "gvisor" / attempt / "record.json"
        path.parent.mkdir(parents=True)
        path.write_text(text)
    summary, _files = build_report(folder)
    assert summary["clusters"][0]["starts"] == [
        {"arm": "gvisor", "emulated": False, "starts": 1, "failed": 1, "causes": [campaign_folder.NO_AGENT]}
    ]
    assert summary["cells"]["valid"] == 9


def test_the_table_has_columns_for_what_explains_its_figures(kata_folder):
    rows = list(csv.DictReader(io.StringIO(build_report(kata_folder)[1]["summary.csv"].decode())))
    assert [(one["arm"], one["emulated"], one["storage"], one["data_filesystem"]) for one in rows[:4]] == [
        ("runc", "False", "", "ext4"),
        ("runc-again", "False", "", "ext4"),
        ("kata", "True", "volume", "9p"),
        ("kata-tuned", "False", "block", "ext4"),
    ]


def test_the_records_of_the_example_give_its_summary():
    # They were written before records knew of sandboxes and starts.
    files = build_report(EXAMPLE)[1]
    assert [name for name in ("summary.json", "summary.csv") if (EXAMPLE / name).read_bytes() != files[name]] == []


def test_a_record_of_another_schema_is_refused_with_its_file(folder):
    path = folder / "cells" / "db1" / "block-01" / "runc" / "record.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": 2}))
    with pytest.raises(RecordError, match=r"block-01/runc/record\.json has record schema 2"):
        build_report(folder)


def test_a_folder_without_a_campaign_is_refused(tmp_path):
    with pytest.raises(CampaignError, match=r"has no campaign\.json"):
        build_report(tmp_path)


def test_latest_is_followed(folder):
    latest = folder.parent / "latest"
    latest.symlink_to(folder.name)
    assert find_campaign(latest) == folder.resolve()


def test_a_campaign_that_is_not_there_is_answered_with_those_that_are(folder):
    (folder.parent / "latest").symlink_to(folder.name)
    with pytest.raises(ReportError, match=r"There is no campaign 'june' in .*: there are 20261122T223000Z\."):
        find_campaign(folder.parent / "june")


def test_no_campaign_at_all_says_how_to_get_one(tmp_path):
    with pytest.raises(ReportError, match=r"there is none yet; bench\.yml measures one"):
        find_campaign(tmp_path / "latest")


def test_the_published_figures_are_those_of_the_post():
    published = published_figures()
    cells = {(cell["arm"], cell["workload"]): cell for cell in published["cells"]}
    assert len(published["cells"]) == len(cells) == 8
    assert cells["kata", "write"]["op_rate"] == 3594
    assert cells["runc", "read"]["latency_p99_ms"] == 107.7
    for cell in published["cells"]:
        # Two hundred threads in a closed loop: what was copied wrongly would break Little's law.
        assert cell["op_rate"] * cell["latency_mean_ms"] / 1000 == pytest.approx(published["threads"], rel=0.01)


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        ({"cpu": {"smt": True, "cores": 2}, "a": None}, [("a", "unknown"), ("cpu cores", "2"), ("cpu smt", "yes")]),
        ({"flags": ["vmx", "avx"]}, [("flags", "vmx, avx")]),
        ({"disks": [{"model": "x"}, {"model": "y"}]}, [("disks 1 model", "x"), ("disks 2 model", "y")]),
        ({}, []),
    ],
)
def test_a_fingerprint_of_any_shape_becomes_lines(value, lines):
    assert flat(value) == lines
