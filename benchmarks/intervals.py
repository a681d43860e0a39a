#!/usr/bin/env python3
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""How often the intervals hold the truth, and how often they see a difference where there is none.

    benchmarks/intervals.py [SIMULATIONS]

Simulates campaigns whose truth is known (2000 of each kind when no number is given), with normal noise as large as that
of docs/example and with noise drawn from it, and prints what plugins/plugin_utils/statistics.py, welch.py and
stopping.py make of them. The seeds are fixed.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BLOCKS = (3, 5, 10)
# Resampling takes its time.
BOOTSTRAP_SHARE = 0.25


def main(simulations: int) -> None:
    sys.path.insert(0, str(ROOT / ".ansible" / "collections"))
    campaigns = importlib.import_module("ansible_collections.katabench.scylla.tests.unit.simulated_campaigns")
    noises = {"normal": campaigns.normal(), "as sampled": campaigns.sampled()}
    print(f"{simulations} campaigns of each kind; a cell's standard deviation {campaigns.CELL_SD}, in logarithms")
    print()
    print_row("", *(f"{count} blocks" for count in BLOCKS), "goal")
    for name, noise in noises.items():
        print_shares(f"95 % interval holds the truth, {name}", campaigns.coverage, simulations, noise, "93 to 97 %")
    for name, noise in noises.items():
        print_shares(f"identical arms differ, {name}", campaigns.type_1_rate, simulations, noise, "3 to 7 %")
    for name, noise in noises.items():
        both = [percent(campaigns.welch_type_1_rate((count, count), simulations, noise)) for count in BLOCKS]
        print_row(f"identical campaigns differ, {name}", *both, "up to 7 %")
    print_shares("smallest difference is shown", campaigns.power, simulations, noises["normal"], "80 %")
    few = max(1, int(simulations * BOOTSTRAP_SHARE))
    print_shares("bootstrap interval holds it, normal", campaigns.bootstrap_coverage, few, noises["normal"], "none")
    for name, noise in noises.items():
        errors = [campaigns.estimate_errors(count, simulations, noise) for count in BLOCKS]
        shown = [f"{mean:.3f}, {hodges_lehmann:.3f}" for mean, hodges_lehmann in errors]
        print_row(f"error of mean, Hodges-Lehmann, {name}", *shown, "none")
    print()
    print("Until the interval is narrow, 20 blocks at most: how often the interval at the end holds the truth")
    print()
    print_row("asked, a cell's deviation, first blocks", "held", "if narrow", "blocks", "why it ended")
    for asked, deviation in ((0.05, campaigns.QUIET_CELL_SD), (0.1, campaigns.CELL_SD), (0.05, campaigns.CELL_SD)):
        for first in (3, 5, 8):
            stopped = campaigns.run_until(asked, simulations, campaigns.normal(deviation), first)
            why = ", ".join(f"{reason} {share:.1%}" for reason, share in stopped.reasons.items())
            held = percent(stopped.coverage), percent(stopped.narrow_coverage)
            print_row(f"{asked}, {deviation}, {first}", *held, f"{stopped.mean_blocks:.1f}", why)


def print_shares(title: str, share: Any, simulations: int, noise: Any, goal: str) -> None:
    print_row(title, *(percent(share(count, simulations, noise)) for count in BLOCKS), goal)


def print_row(title: str, *cells: str) -> None:
    print(f"{title:45}", *(f"{cell:>12}" for cell in cells[:3]), " ", *cells[3:])


def percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
