# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The report's page as a reader sees it: opened from disk in a browser without a network."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from playwright.sync_api import sync_playwright

from ansible_collections.katabench.scylla.plugins.plugin_utils.report import build_report, write_files
from ansible_collections.katabench.scylla.tests.unit import campaign_folder

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",  # the tests may run as root
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
SPOILED = "db1/block-02/gvisor"

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"needs {CHROMIUM}: apt-get install chromium")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    campaign = campaign_folder.campaign(blocks=4)
    rates = {key: [*values, values[0]] for key, values in campaign_folder.RATES.items()}
    records = campaign_folder.records(campaign, rates)
    spoiled = next(record for record in records if record["cell"]["id"] == SPOILED)
    campaign_folder.spoil(spoiled, "errors", "write: 83,452 errors of <89,445> operations.")
    directory = tmp_path_factory.mktemp("results") / campaign["run_id"]
    campaign_folder.write(directory, campaign, records)
    write_files(directory, build_report(directory)[1])
    return directory


@pytest.fixture(scope="module")
def kata_folder(tmp_path_factory):
    campaign, records = campaign_folder.kata_campaign()
    directory = tmp_path_factory.mktemp("results") / campaign["run_id"]
    campaign_folder.write(directory, campaign, records)
    write_files(directory, build_report(directory)[1])
    return directory


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, folder):
    """Open the page; what it says to the console and what it asks for beyond itself is kept and must be nothing."""
    complaints = []
    contexts = []

    def opened(width=1200, scheme="light", directory=folder):
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme))
        page = contexts[-1].new_page()
        url = (directory / "report.html").as_uri()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.append(request.url) if request.url != url else None)
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def test_the_table_holds_the_figures_of_the_summary(open_page, folder):
    summary = json.loads((folder / "summary.json").read_text())
    rows = open_page().locator("table.figures tbody tr")
    shown = [row.locator("th, td").all_inner_texts() for row in rows.all()]
    assert len(shown) == 6
    for cells, row in zip(shown, summary["clusters"][0]["rows"], strict=True):
        assert cells[0] == row["workload"]
        assert cells[1].split()[0] == row["arm"]
        assert cells[2] == row["data_filesystem"]
        assert float(cells[3].replace(",", "")) == round(row["op_rate"])
        assert float(cells[4]) == pytest.approx(row["latency_mean_ms"], abs=0.051)
        assert float(cells[5]) == pytest.approx(row["latency_p99_ms"], abs=0.051)
        if row["ratio"] is not None:
            low, high = (float(part) for part in cells[7].split(" to "))
            assert (float(cells[6]), low, high) == (
                pytest.approx(row["ratio"], abs=0.00051),
                pytest.approx(row["ratio_low"], abs=0.00051),
                pytest.approx(row["ratio_high"], abs=0.00051),
            )
        assert cells[9] == f"{row['replicates_valid']} of {row['replicates']}"


def test_question_verdict_and_warnings_can_be_read(open_page, folder):
    summary = json.loads((folder / "summary.json").read_text())
    page = open_page()
    assert page.locator("h1").inner_text() == summary["question"]
    assert page.locator("#verdict").inner_text() == summary["verdict"]
    assert page.locator("#problems li").all_inner_texts() == [
        f"{SPOILED} (errors): write: 83,452 errors of <89,445> operations."
    ]


def test_software_emulation_differences_and_failed_starts_stand_beside_the_figures(open_page, kata_folder):
    page = open_page(directory=kata_folder)
    names = page.locator("table.figures tbody th").all_inner_texts()
    assert [" ".join(name.split()) for name in names[:4]] == [
        "runc",
        "runc-again (A/A)",
        "kata (emulated)",
        "kata-tuned 4 vCPUs, 3 GiB and I/O threads instead of 1 vCPU and 2 GiB",
    ]
    assert page.locator("table.starts tbody tr").last.locator("td").all_inner_texts()[:2] == ["10", "4"]
    for chart in page.locator(".chart svg").all():
        assert "kata ran under software emulation: its figures say how it behaves" in chart.text_content()
        assert chart.get_by_text("(emulated)", exact=True).count() == 2


def test_each_chart_is_drawn_and_said_in_words(open_page):
    page = open_page()
    for name, title in (
        ("op_rate", "Op rate"),
        ("latency_mean", "Mean latency"),
        ("latency_p99", "99th percentile latency"),
    ):
        box = page.locator(f"#chart-{name} svg").bounding_box()
        assert box["width"] > 300
        assert box["height"] > 300
        # 3 arms, 4 blocks, 2 workloads, less the two loads of the cell that does not count.
        assert page.locator(f"#chart-{name} svg .mark-symbol path").count() == 22
        assert page.get_by_role("img", name=title, exact=True).count() == 1
        page.locator(f"#chart-{name} summary").click()
        assert "Published 2018, one run, no interval" in page.locator(f"#chart-{name} details p").inner_text()


def test_every_link_leads_to_a_file_of_the_campaign(open_page, folder):
    page = open_page()
    links = [link.get_attribute("href") for link in page.locator("a[href]").all()]
    files = [link for link in links if not link.startswith("#")]
    assert len([link for link in files if "/raw/" in link]) == 12 * 2 * 2
    assert all(link.startswith("./") for link in files)
    assert [link for link in files if not (folder / unquote(urlparse(link).path)).is_file()] == []
    assert [link for link in links if link.startswith("#") and page.locator(link).count() != 1] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_the_page_fits_its_window_and_stands_out_from_its_paper(open_page, kata_folder, width, scheme):
    assert open_page(width, scheme, kata_folder).evaluate("document.documentElement.scrollWidth") <= width
    page = open_page(width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    colours = page.evaluate(
        """() => [document.documentElement, document.querySelector('.chart svg text')].map(
            (element, place) => getComputedStyle(element)[place ? 'fill' : 'backgroundColor'])"""
    )
    paper, ink = (sum(int(part) for part in colour[4:-1].split(",")) / 3 for colour in colours)
    assert abs(paper - ink) > 150
    assert (paper > 128) == (scheme == "light")
