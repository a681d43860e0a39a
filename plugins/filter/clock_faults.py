# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Filter: which hosts' clocks differ too much."""

from __future__ import annotations

DOCUMENTATION = r"""
name: clock_faults
short_description: Say in sentences which hosts' clocks differ too much
version_added: 0.4.0
author: katabench authors (@katabench)
description:
  - Judges what M(katabench.scylla.host_clock) found on several hosts, against the controller and against each other.
  - Where the hosts agree with each other and not with the controller, it is the controller that is named.
  - What the uncertainty of a reading leaves open is no fault, but that it does is said.
positional: _input, tolerance_s
options:
  _input:
    description: C(clock) as the module returned it, by the name of the host.
    type: dict
    required: true
  tolerance_s:
    description: Seconds that any two clocks may differ.
    type: float
    required: true
"""

EXAMPLES = r"""
- name: Require that the clocks agree
  ansible.builtin.assert:
    that: faults | length == 0
    fail_msg: "{{ faults | join(' ') }}"
  vars:
    clocks: "{{ dict(ansible_play_hosts | zip(ansible_play_hosts | map('extract', hostvars, 'host_clock'))) }}"
    faults: "{{ clocks | katabench.scylla.clock_faults(1) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: Sentences; none where the clocks agree.
  type: list
  elements: str
"""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils import clocks as host_clocks

KEYS = {"offset_s", "uncertainty_s"}


def clock_faults(clocks, tolerance_s):
    """Check the arguments, then judge."""
    if not isinstance(clocks, Mapping):
        raise AnsibleFilterError(
            f"clock_faults takes what the module host_clock returned, by host, not a {type(clocks).__name__}"
        )
    for host, clock in clocks.items():
        if not isinstance(clock, Mapping) or not clock.keys() >= KEYS:
            raise AnsibleFilterError(f"clock_faults needs offset_s and uncertainty_s of {host}, not {clock!r}")
    try:
        tolerance_s = float(tolerance_s)
    except (TypeError, ValueError) as error:
        raise AnsibleFilterError(f"clock_faults takes a number of seconds, not {tolerance_s!r}") from error
    return host_clocks.clock_faults(clocks, tolerance_s)


class FilterModule:
    """Filters of this file."""

    def filters(self):
        return {"clock_faults": clock_faults}
