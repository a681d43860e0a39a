#!/usr/bin/python
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Wait until a host is quiet, and say how quiet it is."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_quiet
short_description: Wait until a host is quiet, and say how quiet it is
version_added: 0.3.0
author: katabench authors (@katabench)
description:
  - Looks at windows of time, one after another, until in one of them the processors did little and the hypervisor gave
    little of them to others, or the time is over. Never fails for a host that is not quiet.
  - Reads C(/proc) and C(/sys), asks the kernel, and where that does not know C(chronyc), whether the clock is
    synchronised; changes nothing.
  - What a host does not tell is null.
attributes:
  check_mode:
    description: Only reads, in check mode as well, where it looks at one window.
    support: full
  diff_mode:
    description: Shows no difference.
    support: none
options:
  window_s:
    description: Seconds of a window.
    type: float
    default: 2
  timeout_s:
    description: Seconds for the host to come to rest. No further window is begun that would end later.
    type: float
    default: 60
  cpu_busy_share:
    description: Share of the time of all processors that may be busy, from 0 to 1. Null allows any.
    type: float
  steal_share:
    description: Share of the time of all processors that the hypervisor may give to others. Null allows any.
    type: float
"""

EXAMPLES = r"""
- name: Give the host up to two minutes to come to rest
  katabench.scylla.host_quiet:
    cpu_busy_share: 0.1
    steal_share: 0.02
    timeout_s: 120
  register: looked

- name: Say what keeps it busy
  ansible.builtin.debug:
    var: looked.quiet.busiest
  when: not looked.quiet.settled
"""

RETURN = r"""
quiet:
  description: The host, at the end of the last window.
  returned: always
  type: dict
  contains:
    settled:
      description: Whether the last window was within the limits.
      type: bool
      returned: always
    waited_s:
      description: Seconds that the waiting took, with the windows.
      type: float
      returned: always
    cpu_busy_share:
      description: Share of the time of all processors that was busy in the last window.
      type: float
      returned: always
    steal_share:
      description: Share of the time of all processors that the hypervisor gave to others.
      type: float
      returned: always
    load_1min:
      description: Load average over a minute.
      type: float
      returned: always
    memory_available_mib:
      description: Memory in MiB that programs could have without swapping.
      type: int
      returned: always
    swap_used_mib:
      description: Swap in use, in MiB.
      type: int
      returned: always
    governor:
      description: Frequency governors of the processors, each once, joined by a comma.
      type: str
      returned: always
    turbo:
      description: Whether processors may go above their nominal frequency.
      type: bool
      returned: always
    throttle_count:
      description: How often processors were throttled for heat since the host's start.
      type: int
      returned: always
    temperature_c:
      description: The hottest thermal zone, in °C.
      type: float
      returned: always
    clocksource:
      description: The kernel's clock source.
      type: str
      returned: always
    clock_synchronised:
      description: Whether something keeps the clock right.
      type: bool
      returned: always
    busiest:
      description: Up to three programs that took most in the last window, each with C(name) and C(cpus).
      type: list
      elements: dict
      returned: always
"""

import os
import subprocess
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.katabench.scylla.plugins.module_utils import host_quiet as host
from ansible_collections.katabench.scylla.plugins.module_utils.host_fingerprint import read_text

CHRONYC_TIMEOUT_S = 5


def look(window_s):
    """Look at one window: the shares, and what took them."""
    own = {os.getpid()}
    processes_before = host.read_processes("/proc", own)
    before, began_s = host.parse_ticks(read_text("/proc/stat") or ""), time.monotonic()
    time.sleep(window_s)
    after, seconds = host.parse_ticks(read_text("/proc/stat") or ""), time.monotonic() - began_s
    processes = host.read_processes("/proc", own)
    seen = host.shares_between(before, after)
    seen["busiest"] = host.busiest(processes_before, processes, seconds, os.sysconf("SC_CLK_TCK"))
    return seen


def look_until_quiet(window_s, timeout_s, limits):
    """Look at windows until one is within the limits, or the next would end too late: {settled, waited_s, …}."""
    began_s = time.monotonic()
    while True:
        seen = look(window_s)
        settled = host.is_quiet(seen, limits)
        waited_s = time.monotonic() - began_s
        if settled or waited_s + window_s > timeout_s:
            return dict(seen, settled=settled, waited_s=round(waited_s, 1))


def is_clock_synchronised():
    """Ask the kernel; it is only where it knows of nothing that chronyd is asked."""
    state = host.kernel_clock_state()
    return host.clock_synchronised(state, None) or host.clock_synchronised(state, ask_chrony())


def ask_chrony():
    """Run `chronyc tracking`, None where it cannot be run."""
    try:
        done = subprocess.run(
            ["chronyc", "-n", "tracking"],
            capture_output=True,
            text=True,
            timeout=CHRONYC_TIMEOUT_S,
            check=False,
            env=dict(os.environ, LC_ALL="C"),
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def main():
    """Wait, then describe the host."""
    module = AnsibleModule(
        argument_spec={
            "window_s": {"type": "float", "default": 2},
            "timeout_s": {"type": "float", "default": 60},
            "cpu_busy_share": {"type": "float"},
            "steal_share": {"type": "float"},
        },
        supports_check_mode=True,
    )
    window_s, timeout_s = module.params["window_s"], module.params["timeout_s"]
    if window_s <= 0:
        module.fail_json(msg=f"window_s is {window_s:g}; it has to be greater than 0, for instance 2.")
    limits = {name: module.params[name] for name in ("cpu_busy_share", "steal_share")}
    quiet = look_until_quiet(window_s, 0 if module.check_mode else timeout_s, limits)
    quiet.update(
        load_1min=host.parse_load(read_text("/proc/loadavg") or ""),
        governor=host.governor("/sys"),
        turbo=host.turbo("/sys"),
        throttle_count=host.throttle_count("/sys"),
        temperature_c=host.temperature_c("/sys"),
        clocksource=read_text(os.path.join("/sys", host.CLOCKSOURCE)),
        clock_synchronised=is_clock_synchronised(),
        **host.parse_memory(read_text("/proc/meminfo") or ""),
    )
    module.exit_json(changed=False, quiet=quiet)


if __name__ == "__main__":
    main()
