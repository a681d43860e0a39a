#!/usr/bin/env python3
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""How long the report over many records with raw logs takes, and how much memory.

    benchmarks/report.py [CLUSTERS [FOLDER]]

A campaign of 5 blocks, 4 arms and 4 workloads, two of them rungs of a ladder with real histograms and real rows, on
so many clusters (50: 1,000 records) is written, and its report built in a process of its own. FOLDER, when one is
given, keeps the campaign. Prints seconds, and the peak of resident memory; `taskset -c 0` before it shows what one
core takes.
"""

from __future__ import annotations

import copy
import gzip
import hashlib
import importlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "tests" / "data" / "stress-logs" / "fixed-hdr"
ROWS = 30
BLOCKS, ARMS = 5, 4
GOAL_S, GOAL_MIB = 30, 400


def ours(name: str) -> Any:
    return importlib.import_module(f"ansible_collections.katabench.scylla.{name}")


def one_cluster(folder: Any) -> list[dict]:
    """Return the records of one cluster, `c`, as large as real ones."""
    hdr = ours("plugins.plugin_utils.hdr_log").read_hdr_log(SAMPLES / "fixed.hdr", steady_from_s=3.0)
    log = ours("plugins.plugin_utils.stress_log").read_stress_log((SAMPLES / "stdout").read_text().splitlines())
    rows = [row | {"time_s": float(place)} for place, row in enumerate(log["intervals"] * ROWS)][:ROWS]
    grown = folder.grown_campaign(("c",))
    records = [record for record in grown.records if record["cell"]["block"]]
    records += [in_place_of(record, "kata") for record in records if record["cell"]["arm"] == "gvisor"]
    for record in records:
        for workload in record["workloads"]:
            workload["result"]["intervals"] = rows
            if workload["asked"]["rate"]["mode"] == "fixed":
                workload["hdr"] |= {"tags": hdr["tags"]}
    return records


def in_place_of(record: dict, arm: str) -> dict:
    text = json.dumps(record).replace(record["cell"]["arm"], arm)
    return json.loads(text)


def write_campaign(directory: Path, clusters: int) -> int:
    """Write the campaign; return how many bytes it has."""
    folder = ours("tests.unit.campaign_folder")
    streams = {
        "stdout": gzip.compress((SAMPLES / "stdout").read_bytes()),
        "stderr": gzip.compress((SAMPLES / "stderr").read_bytes()),
        "hdr": gzip.compress((SAMPLES / "fixed.hdr").read_bytes()),
        "samples": gzip.compress(b"1795380414.12 8123 40 2210 133 2 0 7731 0\n" * 60),
    }
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in streams.items()}
    names = [f"db{number:02d}" for number in range(1, clusters + 1)]
    grown = folder.grown_campaign(tuple(names))
    campaign = copy.deepcopy(grown.campaign)
    campaign["settings"]["arms"] = [
        *campaign["settings"]["arms"],
        {"name": "kata", "runtime": "kata", "again_of": None},
    ]
    campaign["settings"] |= {"until": None, "replicates": BLOCKS}
    campaign["plan"] = ours("plugins.plugin_utils.plan").make_plan(
        names, [arm["name"] for arm in campaign["settings"]["arms"]], BLOCKS, 7
    )
    (directory / "cells").mkdir(parents=True)
    (directory / "campaign.json").write_text(json.dumps(campaign))
    positions = {cell["id"]: cell["position"] for cell in campaign["plan"]}
    records = one_cluster(folder)
    for name in names:
        for record in records:
            write_cell(directory, name, record, positions, streams, digests)
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def write_cell(directory: Path, cluster: str, template: dict, positions: dict, streams: dict, digests: dict) -> None:
    record = copy.copy(template)
    cell_id = record["cell"]["id"].replace("c/", f"{cluster}/", 1)
    record["cell"] = record["cell"] | {"id": cell_id, "cluster": cluster, "position": positions[cell_id]}
    record["workloads"] = [dict(workload) for workload in record["workloads"]]
    folder = directory / "cells" / cell_id
    for workload in record["workloads"]:
        raw = folder / "raw" / workload["name"]
        raw.mkdir(parents=True)
        workload["raw"] = {}
        for stream, content in streams.items():
            path = raw / f"{stream}.gz"
            path.write_bytes(content)
            workload["raw"][stream] = {
                "path": str(path.relative_to(directory)),
                "bytes": len(content),
                "sha256": digests[stream],
            }
    (folder / "record.json").write_text(json.dumps(record, indent=2))


def build(directory: Path) -> None:
    started = time.monotonic()
    _summary, files = ours("plugins.plugin_utils.report").build_report(directory)
    elapsed_s, peak = time.monotonic() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"report         {elapsed_s:7.1f} s (goal: {GOAL_S})")
    print(f"peak memory    {peak:7.0f} MiB (goal: {GOAL_MIB})")
    print(f"report.html    {len(files['report.html']) / 1e6:7.2f} MB")


def main(clusters: int, kept: Path | None) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        directory = kept or Path(temporary) / "campaign"
        if not directory.exists():
            size = write_campaign(directory, clusters)
            print(f"campaign       {clusters * BLOCKS * ARMS:7,} records, {size / 1e6:.0f} MB", flush=True)
        # In a process of its own, so that its memory is not that of the writer.
        subprocess.run([sys.executable, __file__, "--build", directory], check=True)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / ".ansible" / "collections"))
    arguments = sys.argv[1:]
    if arguments[:1] == ["--build"]:
        build(Path(arguments[1]))
    else:
        main(int(arguments[0]) if arguments else 50, Path(arguments[1]) if len(arguments) > 1 else None)
