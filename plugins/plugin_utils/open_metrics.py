# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""A campaign's figures as OpenMetrics text, for a push gateway.

Format: OpenMetrics 1.0 (RFC draft draft-richih-opsawg-openmetrics-00). Values are in base units, so latencies are
seconds here. A value that is not known has no line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

Labels = Mapping[str, Any]
Sample = tuple[Labels, float]


class Metric(NamedTuple):
    """A metric: its name, which ends with its unit if it has one, and what it tells."""

    name: str
    unit: str
    help: str


OP_RATE = Metric("katabench_op_rate_operations_per_second", "operations_per_second", "Median over valid replicates.")
TARGET = Metric("katabench_target_operations_per_second", "operations_per_second", "The rate asked for.")
ACHIEVED = Metric("katabench_achieved_ratio", "ratio", "Median share of the target that was reached.")
MISSED = Metric("katabench_targets_missed", "", "Valid replicates that missed their target.")
MEAN = Metric("katabench_latency_mean_seconds", "seconds", "Median over valid replicates of the mean they printed.")
P99 = Metric("katabench_latency_p99_seconds", "seconds", "Median over valid replicates of the p99 they printed.")
MERGED = Metric("katabench_latency_seconds", "seconds", "Percentile of the merged histogram, steady part.")
RATIOS = {
    "op_rate": ("katabench_op_rate_ratio", "Op rate against the baseline's, paired by block"),
    "latency_p99_ms": ("katabench_latency_p99_ratio", "p99 latency against the baseline's, paired by block"),
}
BLOCKS = Metric("katabench_ratio_blocks", "", "Blocks that the ratio is made of.")
REPLICATES = Metric("katabench_replicates_valid", "", "Valid replicates.")
PROBE = Metric("katabench_probe_value", "", "Median of a probe over valid cells, in the unit that a label says.")
PROBE_RATIO = Metric("katabench_probe_ratio", "ratio", "Probe against the baseline's, paired by block.")
CELLS = Metric("katabench_cells", "", "Cells of the campaign by state, without the pilot's.")
AA = Metric("katabench_aa_holds", "", "1 if the A/A control shows no difference, 0 if it does.")


def open_metrics_text(summary: Mapping[str, Any]) -> str:
    """Return a summary's figures as OpenMetrics text; the same summary, the same text."""
    lines: list[str] = []
    for metric, samples in _metrics(summary):
        known = [(labels, value) for labels, value in samples if value is not None]
        if known:
            lines += [f"# TYPE {metric.name} gauge"]
            lines += [f"# UNIT {metric.name} {metric.unit}"] if metric.unit else []
            lines += [f"# HELP {metric.name} {_escaped(metric.help)}"]
            lines += [f"{metric.name}{_labels(labels)} {_number(value)}" for labels, value in known]
    return "\n".join([*lines, "# EOF", ""])


def _metrics(summary: Mapping[str, Any]) -> Iterator[tuple[Metric, Iterable[tuple[Labels, Any]]]]:
    run_id = summary["run_id"]
    rows = [
        ({"run_id": run_id, "cluster": cluster["cluster"], **_row_labels(row)}, row)
        for cluster in summary["clusters"]
        for row in cluster["rows"]
    ]
    yield OP_RATE, _of(rows, "op_rate")
    yield TARGET, _of(rows, "target_ops_per_s")
    yield ACHIEVED, _of(rows, "achieved_share")
    yield MISSED, [(labels, row["targets_missed"]) for labels, row in rows if row["target_ops_per_s"] is not None]
    yield MEAN, [(labels, _seconds(row["latency_mean_ms"])) for labels, row in rows]
    yield P99, [(labels, _seconds(row["latency_p99_ms"])) for labels, row in rows]
    yield (
        MERGED,
        [
            ({**labels, "tag": row["hdr"]["tag"], "percentile": percent}, _seconds(value))
            for labels, row in rows
            if row["hdr"]
            for percent, value in row["hdr"]["percentiles"].items()
        ],
    )
    for figure, (name, text) in RATIOS.items():
        own = [(labels, row) for labels, row in rows if row["figure"] == figure]
        yield Metric(name, "ratio", f"{text}."), _of(own, "ratio")
        yield Metric(f"{name}_low", "", f"{text}: lower end of the 95 % interval."), _of(own, "ratio_low")
        yield Metric(f"{name}_high", "", f"{text}: upper end of the 95 % interval."), _of(own, "ratio_high")
    yield BLOCKS, [(labels, row["blocks"]) for labels, row in rows if row["ratio"] is not None]
    yield REPLICATES, _of(rows, "replicates_valid")
    probes = [
        ({"run_id": run_id, "cluster": cluster["cluster"], **{key: entry[key] for key in _PROBE_KEYS}}, entry)
        for cluster in summary["clusters"]
        for entry in cluster["attribution"]
    ]
    yield PROBE, [({**labels, "unit": entry["unit"]}, entry["value"]) for labels, entry in probes]
    yield PROBE_RATIO, _of(probes, "ratio")
    yield CELLS, [({"run_id": run_id, "state": state}, count) for state, count in sorted(summary["cells"].items())]
    clusters = [({"run_id": run_id, "cluster": cluster["cluster"]}, cluster) for cluster in summary["clusters"]]
    yield AA, [(labels, _flag(cluster["aa_holds"])) for labels, cluster in clusters]


_PROBE_KEYS = ("probe", "layer", "arm")


def _of(rows: Iterable[tuple[Labels, Mapping[str, Any]]], key: str) -> list[tuple[Labels, Any]]:
    return [(labels, row[key]) for labels, row in rows]


def _row_labels(row: Mapping[str, Any]) -> dict[str, Any]:
    # What ran under software emulation says so beside each figure.
    return {"workload": row["workload"], "arm": row["arm"], "emulated": "true" if row["emulated"] else "false"}


def _labels(labels: Labels) -> str:
    return "{" + ",".join(f'{name}="{_escaped(str(value))}"' for name, value in labels.items()) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    return repr(float(value)) if isinstance(value, float) else str(value)


def _seconds(milliseconds: float | None) -> float | None:
    # Rounded where binary fractions would show: 40.3 ms is 0.0403 s.
    return None if milliseconds is None else round(milliseconds / 1000, 9)


def _flag(value: bool | None) -> int | None:
    return None if value is None else int(value)
