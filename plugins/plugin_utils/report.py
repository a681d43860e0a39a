# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Build a campaign's report from its folder alone: no host, no network, no clock; the same records, the same bytes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.katabench.scylla.plugins.plugin_utils.campaign import read_campaign
from ansible_collections.katabench.scylla.plugins.plugin_utils.campaign_records import read_folder
from ansible_collections.katabench.scylla.plugins.plugin_utils.charts import chart_files, draw_all
from ansible_collections.katabench.scylla.plugins.plugin_utils.lean_records import shown
from ansible_collections.katabench.scylla.plugins.plugin_utils.markdown_table import markdown_text
from ansible_collections.katabench.scylla.plugins.plugin_utils.open_metrics import open_metrics_text
from ansible_collections.katabench.scylla.plugins.plugin_utils.raw_digests import sha256sums_text, verify_raw_files
from ansible_collections.katabench.scylla.plugins.plugin_utils.report_html import FOLDER, render_page
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary import summarise
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary_files import summary_csv, summary_json


class ReportError(ValueError):
    """A report that cannot be built; the text says which campaign was asked for and what there is."""


def find_campaign(campaign_dir: Path) -> Path:
    """Return a campaign's folder with links resolved (`results/latest` is one).

    Raises ReportError, naming the campaigns beside it, when there is no campaign in it.
    """
    if (campaign_dir / "campaign.json").is_file():
        return campaign_dir.resolve()
    results_dir = campaign_dir.parent
    existing = sorted(path.parent.name for path in results_dir.glob("*/campaign.json") if not path.parent.is_symlink())
    there = f"there are {', '.join(existing)}" if existing else "there is none yet; bench.yml measures one"
    raise ReportError(f"There is no campaign {campaign_dir.name!r} in {results_dir}: {there}.")


@dataclass(frozen=True)
class Content:
    """What a report is made from: campaign.json, of the records what the page shows, the summary, and SHA256SUMS."""

    campaign: Mapping[str, Any]
    records: Sequence[Mapping[str, Any]]
    summary: dict[str, Any]
    sums: str


def build_report(campaign_dir: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the summary and the report's files, by their paths relative to the campaign's folder.

    A record or note that cannot be read, and a raw file that was altered or lost, is named in the report, which comes
    out all the same. Raises CampaignError, which names the file, when campaign.json cannot be read.
    """
    content, published = read_content(campaign_dir), published_figures()
    # Before the charts: the memory that the texts take in passing is then there for these.
    files = machine_files(content)
    charts = draw_all(content.summary, content.records, published)
    page = render_page(content.campaign, content.summary, content.records, published, charts)
    return content.summary, {**files, **chart_files(charts), "report.html": page.encode()}


def read_content(campaign_dir: Path) -> Content:
    """Read a campaign's folder, hold its raw files against the records' digests, and sum it up."""
    campaign = read_campaign(campaign_dir)
    found = read_folder(campaign_dir, campaign)
    summary = summarise(
        campaign,
        found.records,
        found.earlier,
        stops=found.stops,
        ladders=found.ladders,
        unreadable=found.unreadable,
        verified=verify_raw_files(campaign_dir, found.records),
    )
    return Content(campaign, shown(found.records), summary, sha256sums_text(found.records))


def machine_files(content: Content) -> dict[str, bytes]:
    """Return the figures in the forms that machines read and people paste, and the digests of the raw files."""
    texts = {
        "summary.json": summary_json(content.summary),
        "summary.csv": summary_csv(content.summary),
        "summary.md": markdown_text(content.summary),
        "metrics.txt": open_metrics_text(content.summary),
        "SHA256SUMS": content.sums,
    }
    return {name: text.encode() for name, text in texts.items()}


def published_figures() -> dict[str, Any]:
    """Return the figures of 2018 that the charts show beside the measured ones (report_page/published-2018.yml)."""
    return dict(yaml.safe_load((FOLDER / "published-2018.yml").read_text(encoding="utf-8")))


def differing(campaign_dir: Path, files: Mapping[str, bytes]) -> list[str]:
    """Return the paths of the files that do not yet hold these bytes."""
    return [name for name, content in files.items() if not _holds(campaign_dir / name, content)]


def write_files(campaign_dir: Path, files: Mapping[str, bytes]) -> None:
    """Write each file whole or not at all, through a temporary file beside it."""
    for name, content in files.items():
        path = campaign_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            temporary.write_bytes(content)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content
