# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Build a campaign's report from its folder alone: no host, no network, no clock; the same records, the same bytes."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.katabench.scylla.plugins.plugin_utils.campaign import read_campaign
from ansible_collections.katabench.scylla.plugins.plugin_utils.charts import FIGURES, chart, describe, render
from ansible_collections.katabench.scylla.plugins.plugin_utils.json_files import json_text
from ansible_collections.katabench.scylla.plugins.plugin_utils.record import RecordError, read_record
from ansible_collections.katabench.scylla.plugins.plugin_utils.report_html import FOLDER, DrawnChart, render_page
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary import rows_of, summarise


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


def build_report(campaign_dir: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the summary and the report's files, by their paths relative to the campaign's folder.

    Raises CampaignError or RecordError, which name the file, when campaign.json or a record cannot be read.
    """
    campaign = read_campaign(campaign_dir)
    paths = [campaign_dir / "cells" / cell["id"] / "record.json" for cell in campaign["plan"]]
    records = [read_record(path) for path in paths if path.exists()]
    published = published_figures()
    summary = summarise(campaign, records, _earlier(campaign_dir, campaign))

    files = {"summary.json": json_text(summary).encode(), "summary.csv": _csv(summary).encode()}
    drawn = []
    for figure in FIGURES:
        svg, png = render(chart(summary, published, figure))
        files |= {f"charts/{figure.file_name}.svg": svg.encode(), f"charts/{figure.file_name}.png": png}
        drawn.append(DrawnChart(figure.file_name, figure.title, svg, describe(summary, published, figure)))
    files["report.html"] = render_page(campaign, summary, records, published, drawn).encode()
    return summary, files


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


def _earlier(campaign_dir: Path, campaign: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the records of tries that were repeated, in the order in which they were made."""
    records = []
    for cell in campaign["plan"]:
        found = (campaign_dir / "attempts" / cell["id"]).glob("*/record.json")
        numbered = [path for path in found if path.parent.name.isdecimal()]
        for path in sorted(numbered, key=lambda path: int(path.parent.name)):
            try:
                records.append(read_record(path))
            except RecordError:
                continue  # A record that cannot be read is one of the reasons for which a cell is repeated.
    return records


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


def _csv(summary: Mapping[str, Any]) -> str:
    rows = rows_of(summary)
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
