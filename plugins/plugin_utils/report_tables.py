# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What the page's tables hold: a campaign's summary and records, arranged in rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.chart_attribution import Kept, entries_of, has_probes
from ansible_collections.katabench.scylla.plugins.plugin_utils.chart_latency import kind_of
from ansible_collections.katabench.scylla.plugins.plugin_utils.chart_style import arm_labels, is_paced
from ansible_collections.katabench.scylla.plugins.plugin_utils.summary_attribution import CPU_PER_1000, CQL_READY

PILOT_BLOCK = 0

# What a reader sees of a cell's state: a sign and a word, so that no state is told by its colour alone.
STATES = {
    "valid": ("\N{CHECK MARK}", "counts"),
    "disturbed": ("!", "disturbed"),
    "invalid": ("\N{MULTIPLICATION X}", "does not count"),
    "missing": ("\N{WHITE CIRCLE}", "missing"),
    "calibration": ("\N{WHITE DIAMOND}", "pilot"),
}
STATE_SENTENCES = {
    "valid": "The cell counts.",
    "disturbed": "The cell counts, but the host was disturbed.",
    "invalid": "The cell does not count.",
    "missing": "The cell has no record.",
    "calibration": "A cell of the pilot: it gives the rates of the ladder and enters no figure.",
}
DENSE_BLOCKS = 8

Line = dict[str, Any]


def row_tables(cluster: Mapping[str, Any]) -> Line:
    """Return a cluster's rows as the page shows them: closed loops, loads at a rate, and what to know of them."""
    rows = cluster["rows"]
    unlike = {arm_labels([row])[row["arm"]]: row["unlike"] for row in rows if row["unlike"]}
    notes = [
        f"{row['workload']}, {arm_labels([row])[row['arm']]}: {row['hdr']['sentence']}"
        for row in rows
        if row["hdr"] and row["hdr"]["sentence"]
    ]
    tags = list(dict.fromkeys(row["hdr"]["tag"] for row in rows if is_paced(row) and row["hdr"] and row["hdr"]["tag"]))
    return {
        "closed": [row for row in rows if not is_paced(row)],
        "paced": [row for row in rows if is_paced(row)],
        "unlike": [(label, [sentence.rstrip(".") for sentence in sentences]) for label, sentences in unlike.items()],
        "histogram_notes": list(dict.fromkeys(notes)),
        "histograms": ", ".join(f"{tag} ({kind_of(tag)})" for tag in tags),
    }


def status_grid(summary: Mapping[str, Any]) -> list[Line]:
    """Return for each cluster what became of its cells: an arm's in a row, a block's in a column, the pilot first."""
    sentences = _sentences(summary)
    grids = []
    for cluster in summary["clusters"]:
        labels = arm_labels(cluster["rows"])
        own = {(cell["arm"], cell["block"]): cell for cell in summary["grid"] if cell["cluster"] == cluster["cluster"]}
        blocks = sorted({block for _arm, block in own})
        grids.append(
            {
                "cluster": cluster["cluster"],
                "dense": len(blocks) > DENSE_BLOCKS,
                "blocks": ["pilot" if block == PILOT_BLOCK else str(block) for block in blocks],
                "arms": [
                    (label, [_grid_cell(own.get((arm, block)), sentences) for block in blocks])
                    for arm, label in labels.items()
                ],
            }
        )
    return grids


def _sentences(summary: Mapping[str, Any]) -> dict[str, list[str]]:
    sentences: dict[str, list[str]] = {}
    for one in (*summary["problems"], *summary["marks"]):
        sentences.setdefault(one["cell"], []).append(one["sentence"])
    return sentences


def _grid_cell(cell: Mapping[str, Any] | None, sentences: Mapping[str, list[str]]) -> Line | None:
    if cell is None:
        return None
    state = "disturbed" if cell["state"] == "valid" and cell["disturbed"] else cell["state"]
    sign, word = STATES[state]
    return {
        "id": cell["id"],
        "state": state,
        "sign": sign,
        "word": word,
        "title": " ".join([f"{cell['id']}: {STATE_SENTENCES[state]}", *sentences.get(cell["id"], [])]),
        "has_record": cell["state"] != "missing",
    }


def probe_tables(summary: Mapping[str, Any]) -> list[Line]:
    """Return for each cluster that was probed its sentences, failures, and every probe under every arm."""
    return [
        {
            "cluster": cluster["cluster"],
            "sentences": [words["sentence"] for words in cluster["layer_words"]],
            "failures": _failures(cluster),
            "entries": [
                {**entry, "label": arm_labels(cluster["rows"])[entry["arm"]], "kept": Kept.of(entry)}
                for entry in entries_of(cluster)
            ],
        }
        for cluster in summary["clusters"]
        if has_probes(cluster)
    ]


def was_probed(summary: Mapping[str, Any]) -> bool:
    """Return whether microbenchmarks ran; some of the layers' figures come from the cells themselves."""
    return any(
        entry["probe"] != CQL_READY and not entry["probe"].startswith(CPU_PER_1000)
        for cluster in summary["clusters"]
        for entry in cluster["attribution"]
    )


def _failures(cluster: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return of each probe that failed the first reason: those of other blocks have other figures in the same words."""
    labels = arm_labels(cluster["rows"])
    return [
        (f"{labels[entry['arm']]}, {entry['probe']}", _first_of(entry["failures"]))
        for entry in cluster["attribution"]
        if entry["failures"]
    ]


def _first_of(sentences: Sequence[str]) -> str:
    more = len(sentences) - 1
    return f"{sentences[0]} (And {more} more {'time' if more == 1 else 'times'}.)" if more else sentences[0]


def command_table(summary: Mapping[str, Any]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Return the commands of each workload: those of different cells differ in addresses at least."""
    commands: dict[str, list[Mapping[str, Any]]] = {}
    for command in summary["commands"]:
        commands.setdefault(command["workload"], []).append(command)
    return list(commands.items())


def raw_table(summary: Mapping[str, Any], records: Iterable[Mapping[str, Any]]) -> list[Line]:
    """Return the cells that were to run, each with its state in a word and its raw files."""
    with_record = {record["cell"]["id"] for record in records}
    files: dict[str, list[Mapping[str, Any]]] = {}
    for file in summary["raw"]:
        files.setdefault(file["cell"], []).append(file)
    return [
        {
            "id": cell["id"],
            "position": cell["position"],
            "state": STATES[cell["state"]][1],
            "counts": cell["state"] in {"valid", "calibration"},
            "has_record": cell["id"] in with_record,
            "raw": files.get(cell["id"], []),
        }
        for cell in summary["grid"]
    ]
