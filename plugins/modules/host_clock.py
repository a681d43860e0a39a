#!/usr/bin/python
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
# Documentation only: the work is done on the controller, by plugins/action/host_clock.py.

from __future__ import annotations

DOCUMENTATION = r"""
module: host_clock
short_description: Compare a host's clock with the controller's
version_added: 0.4.0
author: katabench authors (@katabench)
description:
  - Reads the host's clock with C(date) over the connection, and the controller's before and after. What the connection
    takes is not in the offset; half of it is the uncertainty.
  - Changes nothing, and needs no Python on the host. The filter P(katabench.scylla.clock_faults#filter) judges.
options:
  readings:
    description: How often the clock is read at most. The most certain reading counts.
    type: int
    default: 5
  enough_s:
    description: An uncertainty in seconds with which no further reading is made.
    type: float
    default: 0.05
attributes:
  check_mode:
    description: Only reads, in check mode as well.
    support: full
  diff_mode:
    description: Shows no difference.
    support: none
"""

EXAMPLES = r"""
- name: Compare the clock with the controller's
  katabench.scylla.host_clock:
  register: compared

- name: Show by how much it differs
  ansible.builtin.debug:
    var: compared.clock
"""

RETURN = r"""
clock:
  description: By how much the clocks differ.
  returned: success
  type: dict
  contains:
    offset_s:
      description: Seconds by which the host's clock is ahead of the controller's; negative where it is behind.
      type: float
      returned: always
    uncertainty_s:
      description: Seconds by which that may be wrong, either way.
      type: float
      returned: always
"""
