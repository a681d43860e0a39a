# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Which layer loses what, in a sentence per arm: measured, where the post of 2018 guessed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# Through these goes every operation of the database; the other layers cost, but no operation waits for them.
PATH_LAYERS = ("storage", "network", "cpu", "memory")

Entry = Mapping[str, Any]


def loss(entry: Entry) -> float | None:
    """Return by what factor an arm is worse than the baseline in a probe (2.0: twice as bad), None if unknown."""
    if not entry["ratio"]:
        return None
    return float(1.0 / entry["ratio"] if entry["better"] == "higher" else entry["ratio"])


def layers_in_words(entries: Iterable[Entry], arm: str, label: str, baseline: str) -> str | None:
    """Name the layers in which an arm loses most, each with its worst probe; None when it was not probed.

    `entries` are a cluster's `attribution` of summary.py. A probe whose interval holds 1.0 shows no loss. Layers that
    operations go through come first: twice the memory beside a node says nothing of how fast it answers.
    """
    own = [entry for entry in entries if entry["arm"] == arm]
    compared = [entry for entry in own if entry["ratio"] is not None]
    failed = [entry["probe"] for entry in own if entry["failures"] and entry["value"] is None]
    if not compared and not failed:
        return None
    losses = sorted((entry for entry in compared if _loses(entry)), key=lambda entry: -(loss(entry) or 0.0))
    worst: dict[str, Entry] = {}
    for entry in losses:
        worst.setdefault(entry["layer"], entry)
    on_path = [_layer_in_words(entry, baseline) for layer, entry in worst.items() if layer in PATH_LAYERS]
    beside = [_layer_in_words(entry, baseline) for layer, entry in worst.items() if layer not in PATH_LAYERS]
    even = [layer for layer in dict.fromkeys(entry["layer"] for entry in compared) if layer not in worst]
    parts = [
        f"{label} loses most in {', then in '.join(on_path)}"
        if on_path
        else f"no loss of {label} is shown in any layer on the path of an operation",
        f"no loss is shown in {', '.join(even)}" if even and on_path else "",
        f"it costs more in {', and in '.join(beside)}" if beside else "",
        f"{', '.join(failed)} could not be measured under it" if failed else "",
    ]
    return f"{'; '.join(part for part in parts if part)}."


def _loses(entry: Entry) -> bool:
    low, high = entry["ratio_low"], entry["ratio_high"]
    unclear = low is not None and high is not None and low <= 1.0 <= high
    return not unclear and (loss(entry) or 0.0) > 1.0


def _layer_in_words(entry: Entry, baseline: str) -> str:
    count = entry["blocks"]
    interval = (
        f"n = {count}"
        if entry["ratio_low"] is None
        else f"95 % interval {_factor(entry['ratio_low'])} to {_factor(entry['ratio_high'])}, n = {count}"
    )
    return f"{entry['layer']} ({entry['probe']} {_factor(entry['ratio'])} times that of {baseline}, {interval})"


def _factor(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def layer_words(entries: Sequence[Entry], labels: Mapping[str, str], baseline: str) -> list[dict[str, str]]:
    """Return `{arm, sentence}` of each compared arm that was probed; `labels` maps these arms to their labels."""
    sentences = {arm: layers_in_words(entries, arm, label, baseline) for arm, label in labels.items()}
    return [{"arm": arm, "sentence": sentence} for arm, sentence in sentences.items() if sentence]
