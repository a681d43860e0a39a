# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Over what fio, iperf3, qperf and sysbench really printed under two runtimes; the figures are read off that by eye."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.attribution import read_probes

DATA = Path(__file__).parents[3] / "data" / "attribution"
COST = {"first_output_ms": [417.1, 408.0, 425.5], "host_memory_mib": [22.3, 36.5, -6.4], "failures": []}


def said(runtime: str = "runc", **changes) -> dict:
    texts = {name: (DATA / runtime / name).read_text() for name in ("node", "loader")}
    return {**texts, "cost": COST, "storage": "volume", "trouble": [], **changes}


def values(read: dict) -> dict[str, float]:
    return {probe["probe"]: round(probe["value"], 3) for probe in read["probes"]}


def sentences(read: dict) -> dict[str, str]:
    return {failure["probe"]: failure["sentence"] for failure in read["failures"]}


def test_every_tool_is_read():
    read = read_probes(said(), "image")
    assert read["failures"] == []
    assert values(read) == {
        "first output": 417.1,
        "host memory beside its own": 22.3,
        "random read, O_DIRECT": 14751.624,
        "random write, O_DIRECT": 15133.933,
        "random read, cached": 627316.0,
        "random write, cached": 495777.111,
        "fsync, mean": 0.124,
        "fsync, 99th percentile": 0.578,
        "TCP throughput": 15767.895,
        "TCP round trip": 68.769,  # twice the 34.3843 us that qperf calls latency
        "computation": 1652.28,
        "memory write": 30390.75,
    }


def test_a_sandbox_is_read_alike_and_its_cache_does_not_pass_for_the_disk():
    read = read_probes(said("gvisor"), "image")
    assert values(read)["random read, cached"] == 19595.0
    assert values(read)["computation"] == 1659.4
    assert sentences(read) == dict.fromkeys(
        ["random read, O_DIRECT", "random write, O_DIRECT"],
        "O_DIRECT is not honoured: 18,084 IOPS of random reads with it, 19,595 from the cache, so that a cache has "
        "answered and not the disk.",
    )


def test_each_figure_says_its_layer_its_unit_and_what_is_better():
    by_name = {probe["probe"]: probe for probe in read_probes(said(), "image")["probes"]}
    assert {probe["layer"] for probe in by_name.values()} == {
        "storage",
        "network",
        "cpu",
        "memory",
        "start",
        "overhead",
    }
    assert (by_name["fsync, mean"]["unit"], by_name["fsync, mean"]["better"]) == ("ms", "lower")
    assert (by_name["TCP throughput"]["unit"], by_name["TCP throughput"]["better"]) == ("Mbit/s", "higher")


def test_a_program_that_is_missing_is_named_with_the_image():
    node = said()["node"].replace("== end cpu 0", "== end cpu 127")
    read = read_probes(said(node=node), "scylladb/scylla:1")
    assert sentences(read) == {"computation": "The image scylladb/scylla:1 has no sysbench."}


def test_a_program_that_fails_is_quoted_and_stops_no_other():
    refused = "== begin random-read-direct\nfio: looks like your file system does not support direct=1\nfio: error\n"
    begin, end = (said()["node"].index(f"== {word} random-read-direct") for word in ("begin", "end"))
    node = said()["node"][:begin] + refused + said()["node"][end:].replace("direct 0", "direct 1", 1)
    read = read_probes(said(node=node), "image")
    assert sentences(read) == {"random read, O_DIRECT": "fio exited with 1: fio: error"}
    assert len(read["probes"]) == 11


@pytest.mark.parametrize("share", [0.05, 0.31, 0.5, 0.77, 0.99])
def test_what_was_cut_off_is_missing_and_what_came_before_is_sound(share):
    text = said()["node"]
    read = read_probes(said(node=text[: int(len(text) * share)]), "image")
    whole = values(read_probes(said(), "image"))
    assert {name: whole[name] for name in values(read)} == values(read)
    assert len(read["probes"]) + len(read["failures"]) == 12
    assert all(sentence.endswith("did not run to its end.") for sentence in sentences(read).values())
    assert read["failures"] or share > 0.9


def test_without_a_container_every_probe_says_what_stopped_it():
    cost = {
        "failures": [
            {"probe": name, "sentence": "The container did not start: x"} for name in ("first-output", "host-memory")
        ]
    }
    read = read_probes(said(node="", loader="", cost=cost, trouble=["Unknown runtime specified kata."]), "image")
    assert read["probes"] == []
    assert len(read["failures"]) == 12
    assert sentences(read)["TCP round trip"] == "qperf did not run to its end. Unknown runtime specified kata."
    assert sentences(read)["first output"] == "The container did not start: x"


def test_nothing_is_written_on_a_block_device():
    read = read_probes(said(storage="block"), "image")
    assert len(read["failures"]) == 6
    assert "block device" in sentences(read)["fsync, mean"]


def test_what_cannot_be_read_is_quoted():
    loader = said()["loader"].replace("latency", "latenz")
    quoted = sentences(read_probes(said(loader=loader), "image"))["TCP round trip"]
    assert quoted.startswith("What qperf printed cannot be read: ")
