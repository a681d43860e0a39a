# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What the probes of the role attribution say, as figures: which layer of an arm gives how much.

Formats: fio's JSON (HOWTO, "JSON output"), iperf3's --json, the report of sysbench 1.0, qperf 0.4's report. A section
of text stands between "== begin NAME" and "== end NAME STATUS".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from statistics import median
from typing import Any, NamedTuple

_SECTION = re.compile(r"^== begin (\S+)\n(.*?)^== end \1 (\d+)$", re.MULTILINE | re.DOTALL)
_MISSING_PROGRAM = 127
_LATENCY = re.compile(r"^\s*latency\s*=\s*([\d.]+)\s*(ns|us|ms|sec)\b", re.MULTILINE)
_MICROSECONDS = {"ns": 1e-3, "us": 1.0, "ms": 1e3, "sec": 1e6}
_EVENTS = re.compile(r"^\s*events per second:\s*([\d.]+)", re.MULTILINE)
_MEMORY = re.compile(r"\(([\d.]+) MiB/sec\)")
_LONGEST_QUOTE = 200
# Reads of one at a time that reach the disk are slower than the cache by an order of magnitude.
LARGEST_DIRECT_SHARE = 0.5
_DIRECT = ("random read, O_DIRECT", "random write, O_DIRECT")
_CACHED = "random read, cached"


class Probe(NamedTuple):
    """One figure: the section that it is read from, its layer, its unit, and how to read it."""

    name: str
    section: str
    program: str
    layer: str
    unit: str
    better: str
    read: Callable[[str], float]


def read_probes(said: Mapping[str, Any], image: str) -> dict[str, list[dict[str, Any]]]:
    """Return ``{probes: [{probe, layer, value, unit, better}], failures: [{probe, sentence}]}``.

    `said` is what the role collected: ``node`` and ``loader``, the texts of node.sh and loader.sh; ``cost``, what the
    module start_cost returned, or an empty dictionary; ``storage``, where the node's data lay; ``trouble``, sentences
    on what stopped the probing. `image` is named where a program is missing in it. A probe whose text is missing or
    cannot be read is a failure, and stops no other. So are reads with O_DIRECT that a cache has answered.
    """
    sections = {**_sections(str(said["node"])), **_sections(str(said["loader"]))}
    probes, failures = _start_probes(said["cost"])
    for probe in _PROBES:
        if probe.layer == "storage" and said["storage"] == "block":
            failures.append(
                _failure(probe.name, "The data are on a block device, which belongs to the database alone.")
            )
            continue
        try:
            value = _read(probe, sections, image)
        except ProbeError as error:
            why = " ".join([str(error), *said["trouble"]])
            failures.append(_failure(probe.name, why))
        else:
            probes.append(_figure(probe.name, probe.layer, value, probe.unit, probe.better))
    return _without_pretence(probes, failures)


class ProbeError(ValueError):
    """A probe without a figure; the text says why."""


def _sections(text: str) -> dict[str, tuple[int, str]]:
    return {name: (int(status), body.strip()) for name, body, status in _SECTION.findall(text)}


def _read(probe: Probe, sections: Mapping[str, tuple[int, str]], image: str) -> float:
    if probe.section not in sections:
        raise ProbeError(f"{probe.program} did not run to its end.")
    status, text = sections[probe.section]
    if status == _MISSING_PROGRAM:
        raise ProbeError(f"The image {image} has no {probe.program}.")
    if status:
        raise ProbeError(f"{probe.program} exited with {status}: {_quote(text)}")
    try:
        value = probe.read(text)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise ProbeError(f"What {probe.program} printed cannot be read: {_quote(text)}") from error
    if not value > 0:
        raise ProbeError(f"{probe.program} measured {value:g} {probe.unit}.")
    return value


def _without_pretence(probes: list[dict[str, Any]], failures: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Take out what went by the name of O_DIRECT where the reads show that a cache has answered."""
    values = {probe["probe"]: probe["value"] for probe in probes}
    direct, cached = values.get(_DIRECT[0]), values.get(_CACHED)
    if direct is None or cached is None or direct < cached * LARGEST_DIRECT_SHARE:
        return {"probes": probes, "failures": failures}
    sentence = (
        f"O_DIRECT is not honoured: {direct:,.0f} IOPS of random reads with it, {cached:,.0f} from the cache, so that "
        "a cache has answered and not the disk."
    )
    return {
        "probes": [probe for probe in probes if probe["probe"] not in _DIRECT],
        "failures": [*failures, *(_failure(name, sentence) for name in _DIRECT if name in values)],
    }


def _quote(text: str) -> str:
    # Programs say what went wrong in their last words, or fio in its first.
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"err|fail|cannot|invalid", line, re.IGNORECASE)]
    return (telling or lines[-1:] or ["it printed nothing"])[0][:_LONGEST_QUOTE]


def _fio(text: str) -> Mapping[str, Any]:
    # Warnings may stand before the JSON.
    job: Mapping[str, Any] = json.loads(text[text.index("{") :])["jobs"][0]
    if job["error"]:
        raise ValueError(f"error {job['error']}")
    return job


def _iops(direction: str) -> Callable[[str], float]:
    return lambda text: float(_fio(text)[direction]["iops"])


def _fsync_mean_ms(text: str) -> float:
    return float(_fio(text)["sync"]["lat_ns"]["mean"]) / 1e6


def _fsync_p99_ms(text: str) -> float:
    return float(_fio(text)["sync"]["lat_ns"]["percentile"]["99.000000"]) / 1e6


def _throughput_mbit_s(text: str) -> float:
    return float(json.loads(text)["end"]["sum_received"]["bits_per_second"]) / 1e6


def _round_trip_us(text: str) -> float:
    # qperf's latency is half of a round trip.
    match = _found(_LATENCY, text)
    return 2 * float(match[1]) * _MICROSECONDS[match[2]]


def _events_per_s(text: str) -> float:
    return float(_found(_EVENTS, text)[1])


def _memory_mib_s(text: str) -> float:
    return float(_found(_MEMORY, text)[1])


def _found(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    match = pattern.search(text)
    if match is None:
        raise ValueError(f"{pattern.pattern} is not there")
    return match


_PROBES = (
    Probe(_DIRECT[0], "random-read-direct", "fio", "storage", "IOPS", "higher", _iops("read")),
    Probe(_DIRECT[1], "random-write-direct", "fio", "storage", "IOPS", "higher", _iops("write")),
    Probe(_CACHED, "random-read-cached", "fio", "storage", "IOPS", "higher", _iops("read")),
    Probe("random write, cached", "random-write-cached", "fio", "storage", "IOPS", "higher", _iops("write")),
    Probe("fsync, mean", "fsync", "fio", "storage", "ms", "lower", _fsync_mean_ms),
    Probe("fsync, 99th percentile", "fsync", "fio", "storage", "ms", "lower", _fsync_p99_ms),
    Probe("TCP throughput", "throughput", "iperf3", "network", "Mbit/s", "higher", _throughput_mbit_s),
    Probe("TCP round trip", "round-trip", "qperf", "network", "µs", "lower", _round_trip_us),
    Probe("computation", "cpu", "sysbench", "cpu", "events/s", "higher", _events_per_s),
    Probe("memory write", "memory", "sysbench", "memory", "MiB/s", "higher", _memory_mib_s),
)
# Layer, unit and name of what the module start_cost measures; of both less is better.
_START_PROBES = {
    "first_output_ms": ("first output", "start", "ms"),
    "host_memory_mib": ("host memory beside its own", "overhead", "MiB"),
}
_START_NAMES = {"first-output": "first output", "host-memory": "host memory beside its own"}


def _start_probes(cost: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    failures = [_failure(_START_NAMES[failure["probe"]], failure["sentence"]) for failure in cost.get("failures") or []]
    return list(_start_figures(cost)), failures


def _start_figures(cost: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for key, (name, layer, unit) in _START_PROBES.items():
        values = cost.get(key)
        if values:
            yield _figure(name, layer, median(values), unit, "lower")


def _figure(probe: str, layer: str, value: float, unit: str, better: str) -> dict[str, Any]:
    return {"probe": probe, "layer": layer, "value": value, "unit": unit, "better": better}


def _failure(probe: str, sentence: str) -> dict[str, Any]:
    return {"probe": probe, "sentence": sentence}
