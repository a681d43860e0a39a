# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a measurement counts: the rules, each with its class and its sentence.

What looks green may not count: cassandra-stress prints END and exits 0 after a run full of ignored errors, after one
whose reporting thread died, and up to 3.5 even after a failed one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# The plays themselves say provisioning and cluster-start; the rest is decided here.
FAILURE_CLASSES = (
    "provisioning",
    "cluster-start",
    "loader-failed",
    "incomplete",
    "errors",
    "timed-out",
    "node-lost",
    "parity",
    "interrupted",
)
# The loader prints its total time cut to whole seconds.
DURATION_SLACK_S = 1.0
# From 3.6 on cassandra-stress counts its time from the full second before the load began (StressMetrics.reportingLoop),
# so that up to one second of the total had no load in it.
START_SLACK_S = 1.0
# A load at a rate that stays below this share of it has missed its target.
TARGET_SHARE = 0.95

Failure = dict[str, str]


def judge_workload(asked: Mapping[str, Any], seen: Mapping[str, Any]) -> dict[str, Any]:
    """Judge one workload.

    `asked`: operations (or None), duration_s (or None), threads, rate {mode: closed|fixed|throttle, ops_per_s},
    error_limit, littles_law_band (a share of the threads), nodes. `seen`: log (of read_stress_log, or None), log_error,
    rc, timed_out, interrupted, nodes_before and nodes_after (of parse_nodetool_status, or None), containers_died.
    Returns ``{valid, failures: [{class, sentence}], marks: [sentence]}``, the cause before its consequences. A mark is
    what a reader should know of a workload that counts all the same.
    """
    failures = [*_stopped(seen), *_cluster(asked, seen)]
    log = seen["log"]
    if log is not None:
        failures += _errors(asked, log)
    if not _was_stopped(seen):
        # A load that was stopped has no end to judge: it is already said why.
        failures += _loader(seen)
        if log is not None and log["outcome"] == "results" and log["terminator"] != "FAILURE":
            failures += [*_completeness(asked, log), *_littles_law(asked, log)]
    return {"valid": not failures, "failures": failures, "marks": [] if log is None else list(_marks(asked, log))}


def _failure(name: str, sentence: str) -> Failure:
    return {"class": name, "sentence": sentence}


def _was_stopped(seen: Mapping[str, Any]) -> bool:
    return bool(seen["interrupted"] or seen["timed_out"])


def _stopped(seen: Mapping[str, Any]) -> Iterator[Failure]:
    if seen["interrupted"]:
        yield _failure("interrupted", "The load was interrupted before it ended.")
    if seen["timed_out"]:
        yield _failure("timed-out", "The load ran past its time limit and was ended.")


def _cluster(asked: Mapping[str, Any], seen: Mapping[str, Any]) -> Iterator[Failure]:
    for name in seen["containers_died"]:
        yield _failure("node-lost", f"Container {name} died during the load.")
    for when in ("before", "after"):
        status = seen[f"nodes_{when}"]
        if status is None and _was_stopped(seen):
            continue  # Nobody asked after a load that was stopped.
        if status is None:
            yield _failure("node-lost", f"Whether every node was up {when} the load is not known: no nodetool status.")
        elif status["up_normal"] != asked["nodes"] or status["total"] != asked["nodes"]:
            others = [f"{node['address']} {node['status']}{node['state']}" for node in status["nodes"]]
            yield _failure(
                "node-lost",
                f"{status['up_normal']} of {asked['nodes']} nodes were up and normal {when} the load "
                f"({', '.join(others) or 'none is listed'}).",
            )


def _errors(asked: Mapping[str, Any], log: Mapping[str, Any]) -> Iterator[Failure]:
    errors = _total(log, "total_errors")
    if errors > asked["error_limit"]:
        yield _failure(
            "errors",
            f"{errors:,} of {_total(log, 'total_partitions'):,} operations failed; at most {asked['error_limit']:,} "
            "may.",
        )


def _loader(seen: Mapping[str, Any]) -> Iterator[Failure]:
    rc, log = seen["rc"], seen["log"]
    if log is None:
        yield _failure(
            "loader-failed", f"The load generator exited with {rc}; its log cannot be read: {seen['log_error']}"
        )
        return
    why = " ".join(log["notes"])
    if log["terminator"] == "FAILURE":
        yield _failure("loader-failed", f"The load generator printed FAILURE and exited with {rc}.")
    elif log["outcome"] == "refused" or rc != 0:
        status = "an unknown status" if rc is None else rc
        yield _failure("loader-failed", f"The load generator exited with {status}. {why}".strip())
    elif log["outcome"] != "results":
        yield _failure("incomplete", f"Nothing that counts was measured. {why}".strip())


def _completeness(asked: Mapping[str, Any], log: Mapping[str, Any]) -> Iterator[Failure]:
    for index, block in enumerate(log["blocks"]):
        run = f"The run with {block['threads']} threads" if len(log["blocks"]) > 1 else "The run"
        done, time_s = _operations_done(log, index), block["total_operation_time_s"]
        wanted, wanted_s = asked["operations"], asked["duration_s"]
        if done == 0 or not block["total"].get("op_rate"):
            yield _failure("incomplete", f"{run} measured no operation{f' of {wanted:,} asked for' if wanted else ''}.")
        elif wanted and done is None:
            yield _failure("incomplete", f"{run} does not say how many of the {wanted:,} operations asked for it made.")
        elif wanted and done < wanted:
            yield _failure("incomplete", f"{run} made {done:,} of the {wanted:,} operations asked for.")
        elif wanted_s and time_s < wanted_s - DURATION_SLACK_S:
            yield _failure("incomplete", f"{run} has results for {time_s} of the {wanted_s:g} s asked for.")


def _operations_done(log: Mapping[str, Any], index: int) -> int | None:
    """Count what a block sums up: its partitions or, where operations hit none or many, its rows' running total.

    None when neither is printed.
    """
    counts = [row["total_ops"] for row in log["intervals"] if row["block"] == index and row["type"] == "total"]
    partitions = log["blocks"][index]["total"].get("total_partitions")
    return max([*counts, *([] if partitions is None else [partitions])], default=None)


def _littles_law(asked: Mapping[str, Any], log: Mapping[str, Any]) -> Iterator[Failure]:
    """Check that op rate x mean latency is the number of threads, as it must be when each waits for its answer.

    J. D. C. Little, "A Proof for the Queuing Formula L = λW", Operations Research 9 (1961). The product is known within
    limits only: the printed mean is rounded to 0.1 ms, the rate to 1/s, and the time by which the rate was divided is
    too long by up to START_SLACK_S. Within a band around these limits the threads must lie.
    """
    if asked["rate"]["mode"] != "closed":
        return
    for block in log["blocks"]:
        threads, busy, band = block["threads"] or asked["threads"], _busy_threads(block), asked["littles_law_band"]
        if not threads or busy is None:
            continue
        lowest, highest = busy
        if lowest > threads * (1 + band) or highest < threads * (1 - band):
            yield _failure(
                "loader-failed",
                f"Op rate x mean latency keeps {lowest:.1f} to {highest:.1f} threads busy, but {threads} ran (Little's "
                f"law, band {band:.0%}): the load generator or its clock stood still, or its figures are wrong.",
            )


def _busy_threads(block: Mapping[str, Any]) -> tuple[float, float] | None:
    rate, mean_ms = block["total"].get("op_rate"), block["total"].get("latency_mean_ms")
    if not rate or mean_ms is None:
        return None
    stretch = _start_stretch(block["total_operation_time_s"])
    return (rate - 0.5) * (mean_ms - 0.05) / 1000, (rate + 0.5) * (mean_ms + 0.05) / 1000 * stretch


def _start_stretch(time_s: float) -> float:
    """Return by what factor a rate can be higher than printed, because of START_SLACK_S."""
    return time_s / (time_s - START_SLACK_S) if time_s > START_SLACK_S else float("inf")


def _marks(asked: Mapping[str, Any], log: Mapping[str, Any]) -> Iterator[str]:
    blocks = log["blocks"]
    if len(blocks) > 1:
        yield f"The run stepped through {len(blocks)} thread counts; its last block need not be the best one."
    elif blocks and asked["threads"] and blocks[0]["threads"] not in {None, asked["threads"]}:
        yield f"The run had {blocks[0]['threads']} threads; {asked['threads']} were asked for."
    for block in blocks:
        yield from _block_marks(asked, block)
    errors = _total(log, "total_errors")
    if 0 < errors <= asked["error_limit"]:
        yield f"{errors:,} operations failed, within the limit of {asked['error_limit']:,}."
    if any("total_errors" not in block["total"] for block in blocks):
        yield "This version of the load generator does not print how many operations failed."
    if log["outcome"] == "results":
        yield from log["notes"]


def _block_marks(asked: Mapping[str, Any], block: Mapping[str, Any]) -> Iterator[str]:
    rate, time_s, target = block["total"].get("op_rate"), block["total_operation_time_s"], asked["rate"]["ops_per_s"]
    if target and rate and rate * _start_stretch(time_s) < target * TARGET_SHARE:
        backlog = ", and its latencies are those of a growing backlog" if asked["rate"]["mode"] == "fixed" else ""
        yield f"Target missed: the load reached {rate:,} of {target:,.0f} op/s{backlog}."
    if asked["rate"]["mode"] == "closed" and time_s <= START_SLACK_S:
        yield f"The run took {time_s} s, too short for Little's law to tell whether all threads were busy."


def _total(log: Mapping[str, Any], key: str) -> int:
    return sum(block["total"].get(key) or 0 for block in log["blocks"])
