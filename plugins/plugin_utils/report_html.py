# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The report as one HTML page that needs nothing else: the styles and the charts are in it, scripts are not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ansible_collections.katabench.scylla.plugins.plugin_utils.chart_style import DrawnChart, is_paced, number
from ansible_collections.katabench.scylla.plugins.plugin_utils.report_hosts import (
    host_table,
    inside_table,
    load_table,
    origin_table,
    parameter_tables,
    sandbox_table,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.report_tables import (
    STATES,
    command_table,
    probe_tables,
    raw_table,
    row_tables,
    status_grid,
    was_probed,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.wording import arm_label

FOLDER = Path(__file__).parent / "report_page"


def render_page(
    campaign: Mapping[str, Any],
    summary: Mapping[str, Any],
    records: Sequence[Mapping[str, Any]],
    published: Mapping[str, Any],
    charts: Sequence[DrawnChart],
) -> str:
    """Return the page's HTML. All text in it is escaped; of the arguments only the charts' SVG is taken as markup."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "fixed": _fixed,
        "share": _share,
        "percent": _percent,
        "signed": _signed,
        "short": number,
        "label": arm_label,
        "link": _link,
        "size": _size,
    }
    return environment.get_template("report.html.j2").render(
        campaign=campaign,
        summary=summary,
        published=published,
        style=Markup((FOLDER / "report.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        charts={chart.file_name: chart for chart in charts},
        # Drawn by the renderer, which escapes.
        drawings={chart.file_name: Markup(chart.svg) for chart in charts},  # noqa: S704
        span=_span(records),
        marks=_marks(summary),
        figures=[(cluster, row_tables(cluster)) for cluster in summary["clusters"]],
        latency_notes=_latency_notes(summary),
        printed=any(is_paced(row) and not row["hdr"] for cluster in summary["clusters"] for row in cluster["rows"]),
        probes=probe_tables(summary),
        probed=was_probed(summary),
        grids=status_grid(summary),
        states=STATES,
        hosts=host_table(summary, records),
        sandboxes=sandbox_table(records),
        inside=inside_table(summary, records),
        parameters=parameter_tables(summary, records),
        loads=load_table(summary, records),
        origin=origin_table(campaign, summary, records),
        commands=command_table(summary),
        cells=raw_table(summary, records),
    )


def _span(records: Iterable[Mapping[str, Any]]) -> tuple[str, str] | None:
    times = [(record["started_at"], record["finished_at"]) for record in records]
    return (min(start for start, _end in times), max(end for _start, end in times)) if times else None


def _marks(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    cells: dict[str, list[str]] = {}
    for mark in summary["marks"]:
        cells.setdefault(mark["sentence"], []).append(mark["cell"])
    return [(", ".join(cell_ids), sentence) for sentence, cell_ids in cells.items()]


def _latency_notes(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    notes: dict[str, list[str]] = {}
    for workload in summary["workloads"]:
        notes.setdefault(workload["latency_note"], []).append(workload["workload"])
    return [(", ".join(workloads), note) for note, workloads in notes.items()]


def _fixed(value: float | None, decimals: int) -> str:
    return "-" if value is None else f"{value:,.{decimals}f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value * 100:.1f} %"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} %"


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.1f} %".replace("-", "\N{MINUS SIGN}")


def _link(path: str) -> str:
    # "./" keeps a name with a colon from being read as a scheme.
    return "./" + quote(path)


def _size(count: int) -> str:
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"
