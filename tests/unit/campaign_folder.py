# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Campaigns for tests of what reads them: small, with figures that are written down, not computed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.katabench.scylla.plugins.plugin_utils.json_files import write_json
from ansible_collections.katabench.scylla.plugins.plugin_utils.plan import make_plan
from ansible_collections.katabench.scylla.plugins.plugin_utils.record import write_record
from ansible_collections.katabench.scylla.plugins.plugin_utils.sandbox import sandbox_marks
from ansible_collections.katabench.scylla.plugins.plugin_utils.starts import start_marks

ARMS = [
    {"name": "runc", "runtime": "runc", "again_of": None},
    {"name": "runc-again", "runtime": "runc", "again_of": "runc"},
    {"name": "gvisor", "runtime": "gvisor", "again_of": None},
]

# A virtual machine under software emulation, and one that is tuned and needs several starts.
KATA = {"name": "kata", "runtime": "kata", "again_of": None, "storage": "volume"}
TUNED = {
    "name": "kata-tuned",
    "runtime": "kata-tuned",
    "again_of": None,
    "storage": "block",
    "differs": "4 vCPUs, 3 GiB and I/O threads instead of 1 vCPU and 2 GiB",
    "node_cpus": 4,
    "node_memory_mib": 3072,
}
KATA_ARMS = [*ARMS[:2], KATA, TUNED]
# Why starts fail.
NO_AGENT = "The container did not start: Failed to check if grpc server is working."
NO_ANSWER = "The node did not answer CQL within 600 s."

# Operations per second by workload, arm and block: what two nodes gave on a small machine.
RATES = {
    ("write", "runc"): [1214, 1261, 1240],
    ("write", "runc-again"): [1229, 1238, 1251],
    ("write", "gvisor"): [623, 611, 640],
    ("read", "runc"): [1529, 1498, 1541],
    ("read", "runc-again"): [1511, 1533, 1520],
    ("read", "gvisor"): [874, 902, 861],
    ("write", "kata"): [58, 71, 64],
    ("write", "kata-tuned"): [520, 541, 533],
    ("read", "kata"): [47, 60, 52],
    ("read", "kata-tuned"): [702, 688, 715],
}
THREADS = 50

# A campaign with a ladder. Block 0 is the pilot; gvisor is the slowest, at 800 reads per second.
GROWN_ARMS = [*ARMS[:2], {**ARMS[2], "own": ["kernel", "parameters", "data_filesystem"]}]
GROWN_RATES = {
    ("write", "runc"): [1230, 1214, 1261, 1240, 1222, 1250],
    ("write", "runc-again"): [None, 1229, 1238, 1251, 1216, 1244],
    ("write", "gvisor"): [620, 623, 611, 640, 618, 633],
    ("read", "runc"): [1500, 1529, 1498, 1541, 1510, 1522],
    ("read", "runc-again"): [None, 1511, 1533, 1520, 1519, 1508],
    ("read", "gvisor"): [800, 874, 902, 861, 880, 868],
    ("read@0.5", "runc"): [None, 400, 400, 400, 400, 400],
    ("read@0.5", "runc-again"): [None, 400, 400, 400, 400, 400],
    ("read@0.5", "gvisor"): [None, 400, 400, 400, 400, 400],
    ("read@1", "runc"): [None, 800, 800, 800, 800, 800],
    ("read@1", "runc-again"): [None, 800, 800, 800, 800, 800],
    ("read@1", "gvisor"): [None, 800, 796, 800, 700, 798],  # block 4 misses its target
}
LADDER_RATES = {"read@0.5": 400, "read@1": 800}
LADDER_SECONDS = 20
# Milliseconds that half of the response times of a block reach: what LATENCY_SHAPE multiplies.
GROWN_LATENCIES_MS = {
    ("read@0.5", "runc"): [2.0, 2.1, 1.9, 2.0, 2.05],
    ("read@0.5", "runc-again"): [2.0, 2.0, 2.1, 1.95, 2.0],
    ("read@0.5", "gvisor"): [4.2, 4.0, 4.3, 4.1, 4.2],
    ("read@1", "runc"): [2.6, 2.7, 2.5, 2.6, 2.7],
    ("read@1", "runc-again"): [2.7, 2.6, 2.6, 2.5, 2.6],
    ("read@1", "gvisor"): [11.0, 14.0, 12.0, 90.0, 13.0],
}
# (multiple, how many of 6,000): 50 % reach 1, 75 % 1.2, 90 % 1.5, 95 % 2, 99 % 3, 99.9 % 6, all 20.
LATENCY_SHAPE = [(1.0, 3000), (1.2, 1500), (1.5, 900), (2.0, 300), (3.0, 240), (6.0, 54), (12.0, 5), (20.0, 1)]
WARM_UP = 2000  # operations that the steady part leaves out, at four times the first latency

# probe, layer, unit, which is better, and what runc, runc-again and gvisor give in the first block.
PROBES = [
    ("disk-read-direct", "storage", "IOPS", "higher", (21000, 20900, 9100)),
    ("disk-write-direct", "storage", "IOPS", "higher", (15000, 15100, None)),
    ("fsync-p99", "storage", "ms", "lower", (1.9, 1.9, 2.6)),
    ("tcp-throughput", "network", "Mbit/s", "higher", (24000, 24100, 7900)),
    ("tcp-round-trip", "network", "µs", "lower", (31, 31, 118)),
    ("cpu", "cpu", "events/s", "higher", (1450, 1448, 1440)),
    ("memory-bandwidth", "memory", "MiB/s", "higher", (9800, 9790, 9600)),
    ("first-process", "start", "s", "lower", (0.42, 0.43, 0.61)),
    ("memory-overhead", "overhead", "MiB", "lower", (9, 9, 62)),
]
NO_DIRECT = "fio: this file system refuses O_DIRECT (invalid argument)."
# Seconds of processor time of the host, and of the loader in it, in the first block.
GROWN_CPU_S = {"runc": (36.0, 12.0), "runc-again": (36.0, 12.0), "gvisor": (38.0, 6.0)}
STEAL_MARK = "read: 5 % of the host's processor time was stolen; 2 % are allowed."

HOST = {
    "cpu": {
        "model": "Example CPU 9000 <x>",
        "cores": 2,
        "microcode": "0x1",
        "smt": False,
        "mitigations": {"retbleed": "Not affected"},
    },
    "memory_mib": 24576,
    "kernel": "6.1.0-18-amd64",
    "distribution": "Debian 12.5",
    "disk": {"model": "Example SSD", "filesystem": "ext4"},
    "runtimes": {"runc": "1.1.5", "runsc": "release-20221219"},
}


def campaign(blocks: int = 3, arms: list[dict] = ARMS, clusters: tuple[str, ...] = ("db1",)) -> dict:
    """Return the content of a campaign.json: `arms` under write and read, `blocks` times, on each cluster."""
    return {
        "schema": 1,
        "run_id": "20261122T223000Z",
        "created_at": "2026-11-22T22:30:00Z",
        "collection_version": "0.1.0",
        "clusters": list(clusters),
        "settings": {
            "profile": "local",
            "arms": arms,
            "workloads": [{"name": name, "operation": name} for name in ("write", "read")],
            "replicates": blocks,
            "baseline": "runc",
        },
        "seed": 7,
        "plan": make_plan(list(clusters), [arm["name"] for arm in arms], blocks, 7),
    }


class Grown(NamedTuple):
    """A campaign with a ladder, its records, and what was decided on its way: stop.json and rates.json by cluster."""

    campaign: dict
    records: list[dict]
    stops: dict[str, dict]
    ladders: dict[str, dict]


def grown_campaign(clusters: tuple[str, ...] = ("db1",)) -> Grown:
    """Return a campaign of write, read and two rungs that was stopped after 5 of at most 8 blocks.

    Its records hold everything that records may hold: histograms, the steady part, the host's load, probes, what the
    nodes see, a missed target (block 4, gvisor, read@1), a disturbed cell (block 3, runc), and the cells of the pilot.
    """
    begun = campaign(arms=GROWN_ARMS, clusters=clusters)
    arms = [arm["name"] for arm in GROWN_ARMS]
    begun["settings"] |= {
        "workloads": [
            *({"name": name, "operation": name, "operations": 20000, "threads": THREADS} for name in ("write", "read")),
            *(_rung(name) for name in LADDER_RATES),
        ],
        "until": {"ratio_ci_width": 0.05, "max_replicates": 8, "max_minutes": 240},
        "parity": "mark",
        "parity_band": 0.1,
        "quiet": {"cpu_busy_share": 0.1, "steal_share": 0.02, "loader_cpu_share": 0.7},
        "disturbed": "mark",
        "attribution": True,
    }
    begun["plan"] = make_plan(list(clusters), arms, 8, 7, [arm["name"] for arm in GROWN_ARMS if not arm["again_of"]])
    stops = {cluster: stop(cluster, 5) for cluster in clusters}
    ladders = {cluster: ladder(cluster) for cluster in clusters}
    return Grown(begun, [grown_record(begun, cell) for cell in begun["plan"] if cell["block"] <= 5], stops, ladders)


def stop(cluster: str, blocks: int) -> dict:
    """Return the content of a stop.json."""
    return {
        "schema": 1,
        "cluster": cluster,
        "blocks": blocks,
        "reason": "narrow",
        "sentence": f"Stopped after {blocks} blocks: every interval is narrower than 5 % of its ratio.",
    }


def ladder(cluster: str) -> dict:
    """Return the content of a rates.json."""
    return {
        "schema": 1,
        "cluster": cluster,
        "maxima": {"read": {"runc": 1500.0, "gvisor": 800.0}},
        "slowest": {"read": "gvisor"},
        "rates": dict(LADDER_RATES),
        "left_out": [],
    }


def grown_record(campaign: dict, cell: dict) -> dict:
    """Return the valid record of one cell of a grown campaign; one of the pilot has the closed loops only."""
    block, arm = cell["block"], cell["arm"]
    names = [name for name in ("write", "read", *LADDER_RATES) if GROWN_RATES[name, arm][block] is not None]
    written = record(campaign, cell, {(name, arm): {block - 1: GROWN_RATES[name, arm][block]} for name in names})
    written["workloads"] = [_grown_workload(cell, name) for name in names]
    for number, node in enumerate(written["parity"]["nodes"]):
        node |= {
            "processors": 2,
            "cpuset": str(number),
            "aio_max_nr": 65536,
            "parameters": {"net.core.somaxconn": "128" if arm == "gvisor" else "4096", "vm.swappiness": "60"},
        }
    written |= {
        "starts": starts({}),
        "quiet": {
            "settled": True,
            "waited_s": 3.0,
            "cpu_busy_share": 0.02,
            "steal_share": 0.0,
            "load_1min": 0.4,
            "memory_available_mib": 20480,
            "swap_used_mib": 0,
            "governor": None,
            "turbo": None,
            "throttle_count": None,
            "temperature_c": None,
            "clocksource": "tsc",
            "clock_synchronised": True,
            "busiest": [{"name": "dockerd", "cpus": 0.01}],
        },
        "disturbances": [],
        "attribution": _attribution(arm, block) if block else None,
        "versions": {"collection": "0.1.0", "ansible_core": "2.19.14", "collection_git": "c0ffee" + "0" * 34},
    }
    if (arm, block) == ("runc", 3):
        written["disturbances"] = [STEAL_MARK]
    if (arm, block) == ("gvisor", 4):
        written["workloads"][-1]["validity"]["marks"] = [
            "Target missed: the load reached 700 of 800 op/s, and its latencies are those of a growing backlog."
        ]
    written["validity"]["marks"] = [
        *written["disturbances"],
        *(f"{one['name']}: {mark}" for one in written["workloads"] for mark in one["validity"]["marks"]),
    ]
    return written


def histogram(counts: Mapping[float, int]) -> str:
    """Return a histogram of latencies, given how often each of them (ms) occurred, encoded as a record holds it."""
    from hdrh.histogram import HdrHistogram

    filled = HdrHistogram(1, 3_600_000_000_000, 3)
    for latency_ms, count in counts.items():
        filled.record_value(round(latency_ms * 1_000_000), count)
    return filled.encode().decode()


def kata_campaign() -> tuple[dict, list[dict]]:
    """Return a campaign and its records: the arm kata ran under software emulation, kata-tuned needed more starts."""
    begun = campaign(arms=KATA_ARMS)
    written = records(begun)
    for record in written:
        if record["cell"]["arm"] == "kata":
            _put_in_vm(record, "tcg", "9p", {})
        if record["cell"]["arm"] == "kata-tuned":
            causes = {1: {"node1": [NO_AGENT]}, 2: {}, 3: {"node1": [NO_AGENT, NO_ANSWER], "node2": [NO_AGENT]}}
            _put_in_vm(record, "kvm", "ext4", causes[record["cell"]["block"]])
    return begun, written


def sandbox(accelerator: str | None = "kvm", profile: str = "kata") -> dict:
    """Return what a record says of a virtual machine of Kata Containers."""
    return {
        "kata_version": "1.11.5",
        "implementation": "go",
        "install_method": "developer_guide",
        "commits": {"runtime": "1" * 40},
        "hypervisor": {
            "path": "/usr/local/bin/katabench-hypervisor",
            "program": "/usr/bin/qemu-lite-system-x86_64",
            "version": "QEMU emulator version 2.11.0",
        },
        "guest_kernel": "6.1.0-kata",
        "accelerator": accelerator,
        "profile": profile,
        "env": {"Runtime": {"Debug": False}},
    }


def starts(causes: dict[str, list[str]]) -> list[dict]:
    """Return the attempts to start two nodes; `causes` says why those before the last one failed."""
    return [
        {"node": node, "attempt": attempt, "elapsed_s": 20.5, "failed": cause is not None, "sentence": cause}
        for node in ("node1", "node2")
        for attempt, cause in enumerate([*causes.get(node, []), None], start=1)
    ]


def records(campaign: dict, rates: dict = RATES) -> list[dict]:
    """Return a valid record for each cell of the plan; `rates` holds operations per second by workload, arm, block."""
    return [record(campaign, cell, rates) for cell in campaign["plan"]]


def record(campaign: dict, cell: dict, rates: dict = RATES) -> dict:
    """Return the valid record of one cell. p99 is ten times the mean, which follows from the closed loop."""
    arm = next(arm for arm in campaign["settings"]["arms"] if arm["name"] == cell["arm"])
    return {
        "schema": 1,
        "run_id": campaign["run_id"],
        "cell": cell,
        "arm": arm,
        "engine": {"name": "cassandra", "version": "5.0.6"},
        "image": None,
        "host": HOST,
        "cluster": {"nodes": 2, "node_cpus": 1, "node_memory_mib": 2048},
        "parity": {
            "nodes": [
                {
                    "node": f"node{number}",
                    "kernel_release": "4.4.0" if arm["runtime"] == "gvisor" else "6.1.0-18-amd64",
                    "cpus": 1,
                    "memory_mib": 2048,
                    "data_filesystem": "ext4",
                }
                for number in (1, 2)
            ],
            "band": 0.1,
            "valid": True,
            "failures": [],
        },
        "workloads": [_workload(cell, name, rates[name, cell["arm"]][cell["block"] - 1]) for name in ("write", "read")],
        "failure": None,
        "validity": {"valid": True, "failures": [], "marks": []},
        "started_at": "2026-11-22T22:31:00Z",
        "finished_at": "2026-11-22T22:33:00Z",
        "timings_s": {"deploy": 20.5},
        "versions": {"collection": "0.1.0", "ansible_core": "2.19.14"},
    }


def _put_in_vm(record: dict, accelerator: str, filesystem: str, causes: dict[str, list[str]]) -> None:
    record["sandbox"] = sandbox(accelerator, record["arm"]["runtime"])
    record["starts"] = starts(causes)
    record["validity"]["marks"] = [*sandbox_marks(record["sandbox"]), *start_marks(record["starts"])]
    for node in record["parity"]["nodes"]:
        node |= {
            "kernel_release": "6.1.0-kata",
            "cpus": record["arm"].get("node_cpus", 1),
            "memory_mib": record["arm"].get("node_memory_mib", 2048),
            "data_filesystem": filesystem,
        }


def spoil(record: dict, failure_class: str, sentence: str) -> None:
    """Make a record one that does not count."""
    record["validity"] = {"valid": False, "failures": [{"class": failure_class, "sentence": sentence}], "marks": []}


def write_grown(directory: Path, grown: Grown) -> None:
    """Write the folder of a grown campaign: what `write` writes, and each cluster's stop.json and rates.json."""
    write(directory, grown.campaign, grown.records)
    for name, by_cluster in {"stop.json": grown.stops, "rates.json": grown.ladders}.items():
        for cluster, content in by_cluster.items():
            write_json(directory / "cells" / cluster / name, content)


def write(directory: Path, campaign: dict, records: list[dict]) -> None:
    """Write a campaign's folder: campaign.json, the records, and the raw files that they name."""
    write_json(directory / "campaign.json", campaign)
    for record in records:
        write_record(directory / "cells" / record["cell"]["id"] / "record.json", record)
        for workload in record["workloads"]:
            for stream, file in workload["raw"].items():
                path = directory / file["path"]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(_raw(workload["name"], stream))


def _workload(cell: dict, name: str, op_rate: float) -> dict:
    mean_ms = round(THREADS / op_rate * 1000, 1)
    total = {"op_rate": op_rate, "latency_mean_ms": mean_ms, "latency_p99_ms": mean_ms * 10, "total_errors": 0}
    return {
        "name": name,
        "operation": name,
        "command": f"cassandra-stress {name} no-warmup n=20000 -node 172.18.0.2 -rate threads={THREADS} -log 'a<b'",
        "tool": {"name": "cassandra-stress", "version": "3.11.4"},
        "asked": {
            "operations": 20000,
            "duration_s": None,
            "threads": THREADS,
            "rate": {"mode": "closed", "ops_per_s": None},
            "error_limit": 0,
            "littles_law_band": 0.1,
        },
        "rc": 0,
        "timed_out": False,
        "started_at": "2026-11-22T22:31:30Z",
        "finished_at": "2026-11-22T22:31:50Z",
        "elapsed_s": 20.0,
        "nodes_before": None,
        "nodes_after": None,
        "result": {
            "outcome": "results",
            "terminator": "END",
            "blocks": [{"threads": THREADS, "total": total, "ops": {name.upper(): total}, "gc": {}}],
            "steps": [],
            "intervals": [],
        },
        "raw": {
            stream: {
                "path": f"cells/{cell['id']}/raw/{name}/{stream}",
                "bytes": len(_raw(name, stream)),
                "sha256": hashlib.sha256(_raw(name, stream)).hexdigest(),
            }
            for stream in ("stdout", "stderr")
        },
        "validity": {"valid": True, "failures": [], "marks": []},
    }


def _rung(name: str) -> dict:
    of, fraction = name.split("@")
    return {
        "name": name,
        "operation": "read",
        "duration_s": LADDER_SECONDS,
        "threads": THREADS,
        "rate": {"mode": "fixed", "of": of, "fraction": float(fraction)},
    }


def _grown_workload(cell: dict, name: str) -> dict:
    block, arm = cell["block"], cell["arm"]
    op_rate = GROWN_RATES[name, arm][block]
    written = _workload(cell, name, op_rate)
    [result] = written["result"]["blocks"]
    if name in LADDER_RATES:
        median_ms, operations, elapsed_s = GROWN_LATENCIES_MS[name, arm][block - 1], op_rate * LADDER_SECONDS, 20
        written["operation"] = "read"
        written["command"] = (
            f"cassandra-stress read no-warmup duration={LADDER_SECONDS}s -node 172.18.0.2 "
            f"-rate threads={THREADS} fixed={LADDER_RATES[name]}/s"
        )
        written["asked"] |= {"operations": None, "duration_s": LADDER_SECONDS}
        written["asked"]["rate"] = _rung(name)["rate"] | {"ops_per_s": LADDER_RATES[name]}
        tags = {"READ-rt": median_ms, "READ-st": median_ms / 2, "READ-wt": median_ms / 2}
        steady = operations * 3 // 4
    else:
        median_ms, operations, elapsed_s = result["total"]["latency_mean_ms"] * 0.8, 20000, round(20000 / op_rate, 1)
        tags = {f"{name.upper()}-st": median_ms}
        steady = 18000
    if name in LADDER_RATES:
        result["total"]["latency_mean_ms"] = round(1.3 * median_ms, 1)
    result["total"] |= {"latency_p99_ms": round(3 * median_ms, 1), "total_partitions": operations}
    result |= {"total_operation_time_s": elapsed_s}
    result["ops"] = {written["operation"].upper(): result["total"]}
    written["result"]["intervals"] = _intervals(op_rate, median_ms, int(elapsed_s))
    sampled = [[second, 0.9, 0.001, 0.5] for second in range(1, int(elapsed_s) + 1)]
    busy_s, loader_s = GROWN_CPU_S[arm]
    written |= {
        "elapsed_s": float(elapsed_s),
        "settle": {"settled": True, "waited_s": 2.0, "compactions_pending": 0, "cpu_busy_share": 0.03},
        "steady": {
            "rule": "from the first second",
            "from_s": 3.0,
            "op_rate": op_rate if name in LADDER_RATES else round(op_rate * (1.04 if arm == "gvisor" else 1.02), 1),
            "rows": int(elapsed_s) - 3,
            "rows_cut": 3,
            "sentence": "The first 3 s are left out: the rate still rose.",
        },
        "hdr": {
            "complete": True,
            "sentence": None,
            "tags": {tag: _tag(first_ms, steady) for tag, first_ms in tags.items()},
        },
        "host_load": {
            "samples": len(sampled),
            "seconds": float(elapsed_s),
            "processors": 2,
            "cpu_busy_share": 0.9,
            "steal_share": 0.05 if (arm, block, name) == ("runc", 3, "read") else 0.001,
            "cpu_busy_s": round(busy_s * (1 + block / 100), 2),
            "loader_cpu_s": round(loader_s * (1 + block / 100), 2),
            "loader_cpus": 0.5,
            "loader_cpus_max": 0.6,
            "sampler_cpu_s": 0.05,
            "throttled": None,
            "series": sampled,
        },
    }
    written["raw"] |= {
        stream: {
            "path": f"cells/{cell['id']}/raw/{name}/{stream}",
            "bytes": len(_raw(name, stream)),
            "sha256": hashlib.sha256(_raw(name, stream)).hexdigest(),
        }
        for stream in ("hdr", "samples")
    }
    return written


def _tag(first_ms: float, steady: int) -> dict:
    counts = {first_ms * multiple: count * steady // 6000 for multiple, count in LATENCY_SHAPE}
    counted = sum(counts.values())
    return {
        "count": counted + WARM_UP,
        "histogram": histogram({**counts, first_ms * 4: WARM_UP}),
        "steady_count": counted,
        "steady_histogram": histogram(counts),
    }


def _intervals(op_rate: int, latency_ms: float, seconds: int) -> list[dict]:
    rates = [round(op_rate * min(1.0, 0.4 + second * 0.2)) + (second % 3 - 1) * 5 for second in range(seconds)]
    return [
        {
            "block": 0,
            "type": "total",
            "total_ops": sum(rates[: second + 1]),
            "op_rate": rate,
            "latency_mean_ms": round(latency_ms * 1.2, 1),
            "latency_p99_ms": round(latency_ms * 3, 1),
            "time_s": second + 1.0,
            "errors": 0,
        }
        for second, rate in enumerate(rates)
    ]


def _attribution(arm: str, block: int) -> dict[str, Any]:
    place = [one["name"] for one in GROWN_ARMS].index(arm)
    # Every block is a little off the first, and no two arms in the same way.
    drift = 1 + block / 100 + (place + 1) * (0.0, 0.004, -0.003, 0.006, -0.007)[block - 1]
    values = [(probe, layer, unit, better, by_arm[place]) for probe, layer, unit, better, by_arm in PROBES]
    return {
        "image": "katabench/probes:1",
        "probes": [
            {"probe": probe, "layer": layer, "value": round(value * drift, 4), "unit": unit, "better": better}
            for probe, layer, unit, better, value in values
            if value is not None
        ],
        "failures": [{"probe": probe, "sentence": NO_DIRECT} for probe, *_rest, value in values if value is None],
        "elapsed_s": 45.0,
    }


def _raw(workload: str, stream: str) -> bytes:
    return f"{stream} of {workload}\n".encode()
