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
def grown_folder(tmp_path_factory):
    grown = campaign_folder.grown_campaign()
    directory = tmp_path_factory.mktemp("results") / grown.campaign["run_id"]
    campaign_folder.write_grown(directory, grown)
    altered = directory / "cells/db1/block-01/runc/raw/write/stdout"
    altered.write_bytes(b"edited")
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
        assert cells[4] == "-"  # These records do not say where their steady part begins.
        assert float(cells[5]) == pytest.approx(row["latency_mean_ms"], abs=0.051)
        assert float(cells[6]) == pytest.approx(row["latency_p99_ms"], abs=0.051)
        assert_compared(cells[7:11], row)
        assert cells[11] == f"{row['replicates_valid']} of {row['replicates']}"


def test_the_table_of_the_ladder_holds_what_was_reached_and_percentiles_of_merged_histograms(open_page, grown_folder):
    summary = json.loads((grown_folder / "summary.json").read_text())
    rows = open_page(directory=grown_folder).locator("table.ladder tbody tr")
    shown = [row.locator("th, td").all_inner_texts() for row in rows.all()]
    paced = [row for row in summary["clusters"][0]["rows"] if row["figure"] == "latency_p99_ms"]
    assert len(shown) == len(paced) == 6
    for cells, row in zip(shown, paced, strict=True):
        assert (cells[0], cells[1].split()[0]) == (row["workload"], row["arm"])
        assert float(cells[2]) == row["target_ops_per_s"]
        assert float(cells[3].split()[0]) == round(row["op_rate"])
        for cell, percent in zip(cells[4:7], ("50", "99", "99.9"), strict=True):
            assert float(cell) == pytest.approx(row["hdr"]["percentiles"][percent], abs=0.051)
        assert_compared(cells[7:11], row)
    assert shown[-1][3].split("\n")[-1] == "99.8 %, missed 1\N{MULTIPLICATION SIGN}"


def assert_compared(cells, row):
    """Hold four cells against a row: ratio, change, interval and verdict, and what could have been shown."""
    if row["ratio"] is None:
        assert cells == ["1", "-", "baseline", "-"]
        return
    interval, verdict = cells[2].rsplit("\n", 1)
    low, high = (float(part) for part in interval.split(" to "))
    assert (float(cells[0]), low, high) == (
        pytest.approx(row["ratio"], abs=0.00051),
        pytest.approx(row["ratio_low"], abs=0.00051),
        pytest.approx(row["ratio_high"], abs=0.00051),
    )
    assert float(cells[1][:-2].replace("\N{MINUS SIGN}", "-")) == pytest.approx(row["change_percent"], abs=0.051)
    assert verdict == row["verdict"]
    assert float(cells[3][:-2]) == pytest.approx(row["smallest_difference_percent"], abs=0.051)


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
        "kata (emulated) \N{DOUBLE DAGGER}",
        "kata-tuned \N{DOUBLE DAGGER} 4 vCPUs, 3 GiB and I/O threads instead of 1 vCPU and 2 GiB",
    ]
    unlike = page.locator(page.locator("table.figures tbody th a").first.get_attribute("href"))
    assert "its data are on 9p where runc has ext4" in unlike.inner_text()
    assert page.locator("table.starts tbody tr").last.locator("td").all_inner_texts()[:2] == ["10", "4"]
    for chart in page.locator(".chart svg").all():
        assert "kata ran under software emulation: its figures say how it behaves" in chart.text_content()
        assert chart.get_by_text("(emulated)").count() >= 2


def test_each_chart_of_2018_is_drawn_and_said_in_words(open_page):
    page = open_page()
    for name, title in (
        ("op_rate", "Op rate"),
        ("latency_mean", "Mean latency"),
        ("latency_p99", "99th percentile latency"),
    ):
        # 3 arms, 4 blocks, 2 workloads, less the two loads of the cell that does not count.
        assert page.locator(f"#chart-{name} svg .mark-symbol path").count() == 22
        assert page.get_by_role("img", name=title, exact=True).count() == 1
        page.locator(f"#chart-{name} summary").click()
        assert "Published 2018, one run, no interval" in page.locator(f"#chart-{name} details p").inner_text()


def test_every_chart_is_drawn_has_words_and_three_files(open_page, grown_folder):
    page = open_page(directory=grown_folder)
    charts = page.locator("figure.chart").all()
    assert [chart.get_attribute("id") for chart in charts] == [
        "chart-forest",
        "chart-attribution",
        "chart-latency_rate",
        "chart-latency_percentiles",
        "chart-throughput_time",
        "chart-op_rate",
        "chart-latency_mean",
        "chart-latency_p99",
    ]
    for chart in charts:
        box = chart.locator("svg").bounding_box()
        assert box["width"] > 300
        assert box["height"] > 250
        chart.locator("summary").click()
        assert len(chart.locator("details p").inner_text()) > 100
        assert chart.locator("figcaption > a").all_inner_texts() == ["SVG", "PNG", "CSV"]


def test_no_text_of_a_chart_is_cut_off_or_lies_on_another(open_page, grown_folder):
    page = open_page(directory=grown_folder)
    faults = page.evaluate(
        """() => [...document.querySelectorAll('.chart svg')].flatMap(svg => {
            const frame = svg.getBoundingClientRect();
            const texts = [...svg.querySelectorAll('text')].filter(text => text.textContent.trim())
                .map(text => [text.textContent, text.getBoundingClientRect()]);
            const cut = texts.filter(([, box]) => box.left < frame.left - 1 || box.right > frame.right + 1
                || box.top < frame.top - 1 || box.bottom > frame.bottom + 1).map(([words]) => 'cut off: ' + words);
            // A box of text is higher than its letters.
            const on = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2
                && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4;
            const lying = texts.flatMap(([words, box], place) => texts.slice(place + 1)
                .filter(([, other]) => on(box, other)).map(([others]) => words + ' / ' + others));
            return [...cut, ...lying];
        })"""
    )
    assert faults == []


def test_the_grid_of_cells_tells_each_state_in_a_sign_and_a_word_and_leads_to_the_record(open_page, grown_folder):
    page = open_page(directory=grown_folder)
    rows = [row.locator("th, td").all_inner_texts() for row in page.locator("table.grid tbody tr").all()]
    assert page.locator("table.grid thead th").all_inner_texts() == ["Arm", "pilot", "1", "2", "3", "4", "5"]
    counts, pilot = "\N{CHECK MARK} counts", "\N{WHITE DIAMOND} pilot"
    assert [[" ".join(cell.split()) for cell in row] for row in rows] == [
        ["runc", pilot, counts, counts, "! disturbed", counts, counts],
        ["runc-again", "", *[counts] * 5],
        ["gvisor", pilot, *[counts] * 5],
    ]
    assert page.get_by_title(campaign_folder.STEAL_MARK).count() == 1
    assert page.locator("table.grid a").first.get_attribute("href") == "./cells/db1/block-00/runc/record.json"


def test_what_explains_and_proves_the_figures_is_there(open_page, grown_folder):
    summary = json.loads((grown_folder / "summary.json").read_text())
    page = open_page(directory=grown_folder)
    assert page.locator(".stop").inner_text() == f"db1: {summary['clusters'][0]['stop']['sentence']}"
    assert page.locator(".layers").all_inner_texts() == [
        words["sentence"] for words in summary["clusters"][0]["layer_words"]
    ]
    assert page.locator(".failures li").all_inner_texts() == [
        f"gvisor, disk-write-direct failed: {campaign_folder.NO_DIRECT}"
    ]
    assert page.locator("#methods").inner_text() == " ".join(summary["methods"])
    assert summary["provenance"]["sentence"] in page.locator("#origin").inner_text()
    altered = "cells/db1/block-01/runc/raw/write/stdout is not what the record was made from: it was altered."
    assert altered in page.locator("#problems li").all_inner_texts()


def test_every_link_leads_to_a_file_of_the_campaign(open_page, grown_folder):
    page = open_page(directory=grown_folder)
    links = [link.get_attribute("href") for link in page.locator("a[href]").all()]
    files = [link for link in links if not link.startswith("#")]
    # 15 cells of 4 loads and, of the pilot, 2 of 2, each with 4 files.
    assert len([link for link in files if "/raw/" in link]) == (15 * 4 + 2 * 2) * 4
    assert {"./summary.json", "./summary.csv", "./summary.md", "./metrics.txt", "./SHA256SUMS"} <= set(files)
    assert all(link.startswith("./") for link in files)
    assert [link for link in files if not (grown_folder / unquote(urlparse(link).path)).is_file()] == []
    assert [link for link in links if link.startswith("#") and page.locator(link).count() != 1] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_the_page_fits_its_window_and_stands_out_from_its_paper(open_page, kata_folder, grown_folder, width, scheme):
    assert open_page(width, scheme, kata_folder).evaluate("document.documentElement.scrollWidth") <= width
    page = open_page(width, scheme, grown_folder)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    paper, inks = brightness(page)
    assert all(abs(paper - ink) > 150 for ink in inks)
    assert (paper > 128) == (scheme == "light")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_in_print_it_is_dark_on_white_and_nothing_is_out_of_sight(open_page, grown_folder, scheme):
    page = open_page(width=718, scheme=scheme, directory=grown_folder)  # A4 at 96 dots per inch, less its margins
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 718
    paper, inks = brightness(page)
    assert paper == 255
    assert max(inks) < 100
    # What scrolls on a screen is cut off on paper.
    scrolling = "element => ['auto', 'scroll', 'hidden'].includes(getComputedStyle(element).overflowX)"
    assert page.locator(".wide, .drawing").evaluate_all(f"elements => elements.filter({scrolling}).length") == 0


def brightness(page):
    """Return how bright the paper is, and the text of each chart and of the page, from 0 to 255."""
    colours = page.evaluate(
        """() => [
            getComputedStyle(document.documentElement).backgroundColor,
            getComputedStyle(document.body).color,
            ...[...document.querySelectorAll('.chart svg')].map(
                svg => getComputedStyle(svg.querySelector('text')).fill),
        ]"""
    )
    paper, *inks = (sum(int(part) for part in colour[4:-1].split(",")) / 3 for colour in colours)
    return paper, inks
