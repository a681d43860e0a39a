# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
from pathlib import Path

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.campaign import CampaignError
from ansible_collections.katabench.scylla.plugins.plugin_utils.report import (
    ReportError,
    build_report,
    differing,
    find_campaign,
    machine_files,
    published_figures,
    read_content,
    write_files,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.report_hosts import flat
from ansible_collections.katabench.scylla.plugins.plugin_utils.report_html import render_page
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary import summarise
from ansible_collections.katabench.scylla.tests.unit import campaign_folder

EXAMPLE = Path(__file__).parents[4] / "docs" / "example"
MACHINE_FILES = ["SHA256SUMS", "metrics.txt", "summary.csv", "summary.json", "summary.md"]


def folder_of(directory, campaign, records):
    campaign_folder.write(directory / campaign["run_id"], campaign, records)
    return directory / campaign["run_id"]


@pytest.fixture
def folder(tmp_path):
    campaign = campaign_folder.campaign()
    return folder_of(tmp_path / "results", campaign, campaign_folder.records(campaign))


@pytest.fixture
def grown_folder(tmp_path):
    campaign_folder.write_grown(tmp_path, campaign_folder.grown_campaign())
    return tmp_path


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return a folder with its whole report, and the report; charts take their time, so that it is built once."""
    campaign = campaign_folder.campaign()
    directory = folder_of(tmp_path_factory.mktemp("results"), campaign, campaign_folder.records(campaign))
    summary, files = build_report(directory)
    write_files(directory, files)
    return directory, summary, files


def page_of(folder):
    """Return the page, without charts."""
    content = read_content(folder)
    return render_page(content.campaign, content.summary, content.records, published_figures(), [])


def record_path(folder, cell_id):
    return folder / "cells" / cell_id / "record.json"


def test_the_files_of_a_report(whole):
    _folder, summary, files = whole
    charts = {name for name in files if name.startswith("charts/")}
    assert sorted(set(files) - charts) == sorted([*MACHINE_FILES, "report.html"])
    for chart in ("op_rate", "latency_mean", "latency_p99", "forest"):
        assert {f"charts/{chart}.{ending}" for ending in ("svg", "png", "csv")} <= charts
    assert json.loads(files["summary.json"]) == summary
    assert files["summary.md"].startswith(b"**What does it cost to run cassandra 5.0.6")
    assert files["metrics.txt"].endswith(b"# EOF\n")
    rows = list(csv.DictReader(io.StringIO(files["summary.csv"].decode())))
    assert len(rows) == 6
    assert (rows[2]["workload"], rows[2]["arm"], float(rows[2]["op_rate"])) == ("write", "gvisor", 623)


def test_built_again_elsewhere_from_records_and_raw_files_it_has_the_same_bytes(whole, tmp_path):
    folder, _summary, files = whole
    assert differing(folder, files) == []
    elsewhere = tmp_path / "another" / "place"
    built = [path.name for path in folder.iterdir() if path.name not in ("cells", "campaign.json")]
    shutil.copytree(folder, elsewhere, ignore=shutil.ignore_patterns(*built))
    assert build_report(elsewhere)[1] == files


def test_only_what_differs_is_named_and_nothing_is_left_beside_it(folder):
    files = machine_files(read_content(folder))
    assert sorted(files) == MACHINE_FILES
    write_files(folder, files)
    (folder / "summary.csv").write_text("old")
    (folder / "SHA256SUMS").unlink()
    assert sorted(differing(folder, files)) == ["SHA256SUMS", "summary.csv"]
    write_files(folder, files)
    written = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    there = [name for name in written if not name.startswith("cells/")]
    assert sorted(there) == sorted(["campaign.json", *MACHINE_FILES])


def test_a_record_that_cannot_be_read_is_a_problem_and_the_rest_stands(folder):
    path = record_path(folder, "db1/block-01/runc")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": 2}))
    record_path(folder, "db1/block-02/gvisor").write_text('{"schema": 1, "run_id')
    summary = read_content(folder).summary
    assert [(problem["cell"], problem["class"]) for problem in summary["problems"]] == [
        ("db1/block-01/runc", "unreadable"),
        ("db1/block-02/gvisor", "unreadable"),
    ]
    assert "cells/db1/block-01/runc/record.json has record schema 2" in summary["problems"][0]["sentence"]
    assert summary["cells"] == {"planned": 9, "valid": 7, "invalid": 2, "missing": 0}
    rows = {(row["workload"], row["arm"]): row for row in summary["clusters"][0]["rows"]}
    assert (rows["write", "runc"]["op_rate"], rows["write", "gvisor"]["blocks"]) == (1250.5, 1)
    assert "(unreadable): cells/db1/block-01/runc/record.json has record schema 2" in page_of(folder)


def test_raw_files_that_were_altered_or_lost_are_named_and_the_report_comes_out(grown_folder):
    (grown_folder / "cells/db1/block-02/gvisor/raw/read@0.5/hdr").write_text("hdr of read@0.6\n")
    (grown_folder / "cells/db1/block-00/runc/raw/write/stdout").unlink()
    content = read_content(grown_folder)
    provenance = content.summary["provenance"]
    assert provenance["altered"] == ["cells/db1/block-02/gvisor/raw/read@0.5/hdr"]
    assert provenance["lost"] == ["cells/db1/block-00/runc/raw/write/stdout"]
    assert provenance["sentence"].startswith("Of 256 raw files ")
    assert content.summary["cells"]["valid"] == 15
    page = page_of(grown_folder)
    assert "cells/db1/block-02/gvisor/raw/read@0.5/hdr" in page
    assert provenance["sentence"] in page


def test_the_sums_are_those_of_the_files(grown_folder):
    for line in machine_files(read_content(grown_folder))["SHA256SUMS"].decode().splitlines():
        digest, path = line.split("  ", 1)
        assert hashlib.sha256((grown_folder / path).read_bytes()).hexdigest() == digest


def test_what_is_left_out_of_records_is_in_no_figure(grown_folder):
    grown = campaign_folder.grown_campaign()
    whole = summarise(grown.campaign, grown.records, stops=grown.stops, ladders=grown.ladders)
    read = read_content(grown_folder).summary
    assert {**read, "provenance": None} == {**whole, "provenance": None}
    assert (read["clusters"][0]["stop"]["blocks"], read["clusters"][0]["ladder"]["slowest"]) == (5, {"read": "gvisor"})


def test_a_note_that_cannot_be_read_is_a_problem(grown_folder):
    (grown_folder / "cells" / "db1" / "rates.json").write_text("{")
    summary = read_content(grown_folder).summary
    assert [(problem["cell"], problem["class"]) for problem in summary["problems"]] == [
        ("db1/rates.json", "unreadable")
    ]
    assert summary["clusters"][0]["ladder"] is None
    assert summary["cells"]["valid"] == 15


def test_the_page_escapes_what_it_is_told(folder):
    page = page_of(folder)
    assert "Example CPU 9000 &lt;x&gt;" in page
    assert "-log &#39;a&lt;b&#39;" in page
    assert "<x>" not in page


def test_the_page_warns_of_what_does_not_count(folder):
    path = record_path(folder, "db1/block-01/gvisor")
    record = json.loads(path.read_text())
    campaign_folder.spoil(record, "node-lost", "read: node 2 was down after the load.")
    path.write_text(json.dumps(record))
    page = page_of(folder)
    assert "<strong>db1/block-01/gvisor</strong> (node-lost): read: node 2 was down after the load." in page


@pytest.fixture
def kata_folder(tmp_path):
    campaign, records = campaign_folder.kata_campaign()
    campaign_folder.write(tmp_path, campaign, records)
    return tmp_path


def test_the_page_marks_an_emulated_arm_at_each_of_its_figures(kata_folder):
    page = page_of(kata_folder)
    assert page.count('<th scope="row">kata (emulated)') == 5  # the grid, two workloads, its starts, its nodes
    assert "<h1>What does it cost to run cassandra 5.0.6 (standing in for ScyllaDB) under kata (emulated) or" in page
    assert (
        "<strong>db1/block-01/kata, db1/block-02/kata, db1/block-03/kata</strong> count, but: ran under software "
        "emulation (QEMU emulator version 2.11.0 without KVM): "
    ) in page
    assert "db1, kata (emulated): Kata Containers 1.11.5 (go, developer_guide), QEMU emulator version 2.11.0" in page
    assert '<th scope="row">kata<' not in page


def test_the_page_says_how_an_arm_differs_and_where_its_data_lies(kata_folder):
    page = page_of(kata_folder)
    assert page.count('<span class="differs note">4 vCPUs, 3 GiB and I/O threads instead') == 2
    assert page.count('<td data-label="Data on">ext4 (block)</td>') == 2
    assert page.count('<td data-label="Data on">9p (volume)</td>') == 2


def test_the_page_lists_starts_when_one_failed(folder, kata_folder):
    page = page_of(kata_folder)
    causes = f"{campaign_folder.NO_AGENT} {campaign_folder.NO_ANSWER}"
    assert f'kata-tuned</th><td class="n">10</td><td class="n">4</td><td>{causes}</td>' in page
    assert "Attempts to start a node" not in page_of(folder)


def test_starts_in_a_try_that_was_repeated_are_counted(folder):
    record = json.loads((folder / "cells" / "db1" / "block-02" / "gvisor" / "record.json").read_text())
    campaign_folder.spoil(record, "cluster-start", "Node node1 did not start.")
    record["starts"] = campaign_folder.starts({"node1": [campaign_folder.NO_AGENT]})[:1]
    for attempt, text in {"2": "{}", "10": json.dumps(record)}.items():
        path = folder / "attempts" / "db1" / "block-02" / "gvisor" / attempt / "record.json"
        path.parent.mkdir(parents=True)
        path.write_text(text)
    summary = read_content(folder).summary
    assert summary["clusters"][0]["starts"] == [
        {"arm": "gvisor", "emulated": False, "starts": 1, "failed": 1, "causes": [campaign_folder.NO_AGENT]}
    ]
    assert summary["cells"]["valid"] == 9


def test_the_table_has_columns_for_what_explains_its_figures(kata_folder):
    rows = list(csv.DictReader(io.StringIO(machine_files(read_content(kata_folder))["summary.csv"].decode())))
    assert [(one["arm"], one["emulated"], one["storage"], one["data_filesystem"]) for one in rows[:4]] == [
        ("runc", "False", "", "ext4"),
        ("runc-again", "False", "", "ext4"),
        ("kata", "True", "volume", "9p"),
        ("kata-tuned", "False", "block", "ext4"),
    ]


def test_the_records_of_the_example_give_its_summary():
    # They were written before records knew of sandboxes and starts.
    files = machine_files(read_content(EXAMPLE))
    assert [name for name in ("summary.json", "summary.csv") if (EXAMPLE / name).read_bytes() != files[name]] == []


def test_a_folder_without_a_campaign_is_refused(tmp_path):
    with pytest.raises(CampaignError, match=r"has no campaign\.json"):
        read_content(tmp_path)


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
