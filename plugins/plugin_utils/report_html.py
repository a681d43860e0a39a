# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The report as one HTML page that needs nothing else: the styles and the charts are in it, scripts are not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ansible_collections.katabench.scylla.plugins.plugin_utils.sandbox import is_emulated, sandbox_in_words
from ansible_collections.katabench.scylla.plugins.plugin_utils.wording import arm_label

FOLDER = Path(__file__).parent / "report_page"


@dataclass(frozen=True)
class DrawnChart:
    """A chart as the page shows it: its file name without ending, its title, SVG text, and what it says in words."""

    file_name: str
    title: str
    svg: str
    words: str


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
    environment.filters |= {"fixed": _fixed, "signed": _signed, "label": arm_label, "link": _link, "size": _size}
    return environment.get_template("report.html.j2").render(
        campaign=campaign,
        summary=summary,
        published=published,
        style=Markup((FOLDER / "report.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        charts=[(chart, Markup(chart.svg)) for chart in charts],  # noqa: S704 - drawn by the renderer, which escapes
        span=_span(records),
        hosts=_hosts(summary, records),
        inside=_inside(records),
        sandboxes=_sandboxes(records),
        marks=_marks(summary),
        cells=_cells(campaign, summary, records),
        latency_notes=_latency_notes(summary),
    )


def flat(value: Any, name: str = "") -> list[tuple[str, str]]:
    """Return a nested dictionary as lines: ("cpu model", "…"). A list of plain values is one line."""
    if isinstance(value, Mapping):
        return [line for key in sorted(value) for line in flat(value[key], f"{name} {key}".strip())]
    if isinstance(value, list) and any(isinstance(item, (Mapping, list)) for item in value):
        return [line for place, item in enumerate(value, start=1) for line in flat(item, f"{name} {place}")]
    if isinstance(value, list):
        return [(name, ", ".join(str(item) for item in value))]
    if isinstance(value, bool):
        return [(name, "yes" if value else "no")]
    return [(name, "unknown" if value is None else str(value))]


def _span(records: Iterable[Mapping[str, Any]]) -> tuple[str, str] | None:
    times = [(record["started_at"], record["finished_at"]) for record in records]
    return (min(start for start, _end in times), max(end for _start, end in times)) if times else None


def _hosts(summary: Mapping[str, Any], records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    fingerprints: dict[str, Mapping[str, Any]] = {}
    for record in records:
        fingerprints.setdefault(record["cell"]["cluster"], record["host"])
    return [
        {
            "cluster": cluster["cluster"],
            "short": cluster["host"],
            "lines": flat(fingerprints.get(cluster["cluster"], {})),
        }
        for cluster in summary["clusters"]
    ]


def _inside(records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    seen = []
    for record in records:
        for node in (record["parity"] or {}).get("nodes", []):
            line = {
                "cluster": record["cell"]["cluster"],
                "arm": record["cell"]["arm"],
                "emulated": is_emulated(record.get("sandbox")),
                **{key: node[key] for key in ("kernel_release", "cpus", "memory_mib", "data_filesystem")},
            }
            if line not in seen:
                seen.append(line)
    return sorted(seen, key=lambda line: (line["cluster"], line["arm"]))


def _sandboxes(records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what each arm ran in, once; more than once where it changed in the course of a campaign."""
    seen = []
    for record in records:
        sandbox = record.get("sandbox")
        line = {
            "cluster": record["cell"]["cluster"],
            "arm": record["cell"]["arm"],
            "emulated": is_emulated(sandbox),
            "short": sandbox_in_words(sandbox) if sandbox else "",
            "lines": flat(sandbox or {}),
        }
        if sandbox and line not in seen:
            seen.append(line)
    return sorted(seen, key=lambda line: (line["cluster"], line["arm"]))


def _marks(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    cells: dict[str, list[str]] = {}
    for mark in summary["marks"]:
        cells.setdefault(mark["sentence"], []).append(mark["cell"])
    return [(", ".join(cell_ids), sentence) for sentence, cell_ids in cells.items()]


def _cells(
    campaign: Mapping[str, Any], summary: Mapping[str, Any], records: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    validity = {record["cell"]["id"]: record["validity"]["valid"] for record in records}
    words = {True: "valid", False: "does not count", None: "missing"}
    return [
        {
            **cell,
            "state": words[validity.get(cell["id"])],
            "has_record": cell["id"] in validity,
            "raw": [file for file in summary["raw"] if file["cell"] == cell["id"]],
        }
        for cell in campaign["plan"]
    ]


def _latency_notes(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    notes: dict[str, list[str]] = {}
    for workload in summary["workloads"]:
        notes.setdefault(workload["latency_note"], []).append(workload["workload"])
    return [(", ".join(workloads), note) for note, workloads in notes.items()]


def _fixed(value: float | None, decimals: int) -> str:
    return "-" if value is None else f"{value:,.{decimals}f}"


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.1f} %".replace("-", "\N{MINUS SIGN}")


def _link(path: str) -> str:
    # "./" keeps a name with a colon from being read as a scheme.
    return "./" + quote(path)


def _size(count: int) -> str:
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"
