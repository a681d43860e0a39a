# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Filter: what kept a host from being quiet."""

from __future__ import annotations

DOCUMENTATION = r"""
name: quiet_faults
short_description: Say in sentences what kept a host from being quiet
version_added: 0.3.0
author: katabench authors (@katabench)
description:
  - Judges what M(katabench.scylla.host_quiet) found. Each sentence says what was found, what is expected, what to do.
  - What the host does not tell (null) is not judged.
positional: _input, thresholds
options:
  _input:
    description: C(quiet) as the module returned it.
    type: dict
    required: true
  thresholds:
    description:
      - Thresholds in place of those of a server that does nothing else. One that is null judges nothing.
      - Before a load, C(cpu_busy_share) (0.1) and C(steal_share) (0.02) of the time of all processors at most,
        C(governor) (performance), C(turbo) (null; whether it has to be on), C(memory_available_mib) (512) at least,
        C(swap_used_mib) (64), C(temperature_c) (null) and C(load_1min) (null) at most, C(clock_synchronised) (true).
      - During a load, which this filter does not judge, C(steal_share) again, C(loader_cpu_share) (0.7) of the
        processors that the loader may use, C(other_cpu_share) (0.1) of the host's processors for whatever is neither
        the loader nor a node, and C(throttled) (0) times for heat, at most.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Look how quiet the host is
  katabench.scylla.host_quiet:
  register: looked

- name: Require that it is, on any frequency governor
  ansible.builtin.assert:
    that: faults | length == 0
    fail_msg: "{{ faults | join(' ') }}"
  vars:
    faults: "{{ looked.quiet | katabench.scylla.quiet_faults({'governor': none, 'cpu_busy_share': 0.2}) }}"
"""

RETURN = r"""
_value:
  description: Sentences; none for a quiet host.
  type: list
  elements: str
"""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils import quiet as host


def quiet_faults(quiet, thresholds=None):
    """Check the arguments, then judge."""
    if not isinstance(quiet, Mapping):
        raise AnsibleFilterError(
            f"quiet_faults takes what the module host_quiet returned, not a {type(quiet).__name__}"
        )
    thresholds = {} if thresholds is None else thresholds
    faults = host.threshold_faults(thresholds)
    if faults:
        raise AnsibleFilterError(" ".join(faults))
    return host.quiet_faults(quiet, thresholds)


class FilterModule:
    """Filters of this file."""

    def filters(self):
        return {"quiet_faults": quiet_faults}
