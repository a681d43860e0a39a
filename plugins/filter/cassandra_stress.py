# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Read the output of cassandra-stress."""

from __future__ import annotations

DOCUMENTATION = r"""
name: cassandra_stress
short_description: Read the output of cassandra-stress
version_added: 0.1.0
author: katabench authors (@katabench)
description:
  - Reads what C(cassandra-stress) of Cassandra 1.2 to 5.0 and of Scylla, and C(cql-stress), print on standard output.
  - Numbers are read in whatever locale the load generator ran, and behind the prefixes that log collectors add.
  - A number that could mean two things is refused with its line and field.
options:
  _input:
    description: The whole output.
    type: str
    required: true
  max_intervals:
    description:
      - How many interval rows to keep at most.
      - Of a longer log, every second, fourth, eighth and so on interval is kept, and always the last.
    type: int
    default: 2000
"""

EXAMPLES = r"""
- name: Run a load
  ansible.builtin.command: cassandra-stress write n=20000 -rate threads=50
  register: load
  changed_when: true

- name: Require at least 1,000 operations per second, none of them failed
  ansible.builtin.assert:
    that:
      - result.outcome == 'results'
      - result.terminator == 'END'
      - result.blocks[0].total.op_rate >= 1000
      - result.blocks[0].total.total_errors == 0
  vars:
    result: "{{ load.stdout | katabench.scylla.cassandra_stress }}"
"""

RETURN = r"""
_value:
  description: What the log says. Numbers that the log gives as NaN are null; what it does not print is not there.
  type: dict
  contains:
    outcome:
      description:
        - V(results) when the log is whole and has at least one block of results.
        - V(truncated) when the load began and the log, or a block in it, stops before its end.
        - V(no-results) when nothing was measured.
        - V(refused) when the load generator did not accept its options.
      type: str
    terminator:
      description: V(END), V(FAILURE) or null. C(cql-stress) prints neither.
      type: str
    blocks:
      description:
        - One entry per block of results, C({threads, total, ops, gc, total_operation_time_s}).
        - C(total), and each entry of C(ops) by operation, hold C(op_rate), C(partition_rate), C(row_rate),
          C(latency_mean_ms), C(latency_median_ms), C(latency_p95_ms), C(latency_p99_ms), C(latency_p999_ms),
          C(latency_max_ms), C(total_partitions) and C(total_errors).
        - C(gc) holds C(count), C(memory_bytes), C(time_s), C(avg_ms) and C(stddev_ms).
      type: list
      elements: dict
    steps:
      description: The rows of the table that closes a run which steps through thread counts.
      type: list
      elements: dict
    intervals:
      description: The rows printed during the run; C(block) is the index in RV(_value.blocks) that sums a row up.
      type: list
      elements: dict
    intervals_step:
      description: How many intervals stand for one that was kept.
      type: int
    running:
      description: What the log says was asked last, C({operations, threads, iterations, duration_s}), or null.
      type: dict
    notes:
      description: Why there is no result, and what was passed over, in sentences.
      type: list
      elements: str
"""

import io
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils.stress_log import read_stress_log


def cassandra_stress(text: str, max_intervals: int = 2000) -> dict[str, Any]:
    """Check the arguments, read, and translate errors."""
    for name, value, kind in (("the input", text, str), ("max_intervals", max_intervals, int)):
        if not isinstance(value, kind):
            raise AnsibleFilterError(f"cassandra_stress: {name} is of type {type(value).__name__}, not {kind.__name__}")
    try:
        # Not splitlines(): it also splits at characters that may stand inside a line.
        return read_stress_log(io.StringIO(text, newline=None), max_intervals)
    except ValueError as error:
        raise AnsibleFilterError(f"cassandra_stress: {error}") from error


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Name them."""
        return {"cassandra_stress": cassandra_stress}
