# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Campaigns for tests of what reads them: small, with figures that are written down, not computed."""

from __future__ import annotations

import hashlib
from pathlib import Path

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


def _raw(workload: str, stream: str) -> bytes:
    return f"{stream} of {workload}\n".encode()
