#!/usr/bin/env python3
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What the harness adds to a cell: campaigns side by side with the same calls made by a plain shell script.

A campaign of one cell and one of three are timed; half their difference is what one cell costs. The shell script is
timed between the two, so that a drift of the machine's speed meets both. Needs a provisioned machine (`make bench`).
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
OPERATIONS, THREADS, ROUNDS = 20000, 50, 3


def campaign_s(replicates: int) -> tuple[float, str]:
    """Run a campaign of so many cells under runc; return its seconds and the image that it used."""
    with tempfile.TemporaryDirectory() as results_dir:
        variables = {
            "bench_arms": ["runc"],
            "bench_profiles": {"timed": {"replicates": replicates, "operations": OPERATIONS, "threads": THREADS}},
            "bench_profile": "timed",
            "bench_results_dir": results_dir,
        }
        started = time.monotonic()
        subprocess.run(
            [PLAYBOOK, "playbooks/campaign.yml", "-i", "local", "-e", json.dumps(variables)],
            cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        elapsed_s = time.monotonic() - started
        record = json.loads(next(Path(results_dir).glob("latest/cells/*/*/*/record.json")).read_text())
    return elapsed_s, record["image"]["reference"]


def by_hand_s(image: str) -> float:
    """Run the same cell by hand; return its seconds."""
    command = [ROOT / "benchmarks/by_hand.sh", image, "runc", str(OPERATIONS), str(THREADS)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    cells_s, hands_s = [], []
    for _ in range(ROUNDS):
        one_s, image = campaign_s(1)
        hands_s.append(by_hand_s(image))
        three_s, _image = campaign_s(3)
        cells_s.append((three_s - one_s) / 2)
    cell_s, hand_s = statistics.median(cells_s), statistics.median(hands_s)
    print(f"a cell of the campaign  {cell_s:6.1f} s   (of {ROUNDS}: {', '.join(f'{s:.1f}' for s in cells_s)})")
    print(f"the same by hand        {hand_s:6.1f} s   (of {ROUNDS}: {', '.join(f'{s:.1f}' for s in hands_s)})")
    print(f"ratio {cell_s / hand_s:.2f}, difference {cell_s - hand_s:+.1f} s")


if __name__ == "__main__":
    main()
