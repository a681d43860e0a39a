#!/usr/bin/python
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
module: start_cost
short_description: Measure what the start of a container takes of time and of the host's memory
version_added: 0.3.0
description:
  - Runs a command that starts a container, and measures the time until the first byte of its output.
  - Runs another one, which leaves a container idle, and adds up the memory (proportional set size) of the processes
    that the host has since then, without the command's own and beyond what the container's own processes use. What the
    kernel itself takes for it is not in that.
  - Nothing else should be started on the host meanwhile.
author: katabench authors (@katabench)
options:
  first_output_argv:
    description: A command that starts a container, prints something and ends.
    type: list
    elements: str
    required: true
  idle_argv:
    description:
      - A command that starts a shell in a container. C(-c) and a script are added to it, so it ends with what is run
        with these.
    type: list
    elements: str
    required: true
  end_argv:
    description: A command that ends that container.
    type: list
    elements: str
    required: true
  repeats:
    description: How often each is measured.
    type: int
    default: 3
  timeout_s:
    description: Seconds for a container to answer.
    type: float
    default: 120
attributes:
  check_mode:
    support: full
    description: Starts nothing and returns nothing measured.
  diff_mode:
    description: Shows no difference.
    support: none
"""

EXAMPLES = r"""
- name: Measure the start under gVisor
  katabench.scylla.start_cost:
    first_output_argv: [docker, run, --rm, --runtime, gvisor, --entrypoint, echo, debian, ready]
    idle_argv: [docker, run, --rm, --runtime, gvisor, --name, idle, --entrypoint, sh, debian]
    end_argv: [docker, rm, --force, --volumes, idle]
"""

RETURN = r"""
first_output_ms:
  description: Milliseconds until the first output, each time.
  type: list
  elements: float
  returned: success
host_memory_mib:
  description: MiB that the host lost beyond what the container's processes use, each time.
  type: list
  elements: float
  returned: success
failures:
  description: What could not be measured, each with C(probe) (C(first-output) or C(host-memory)) and C(sentence).
  type: list
  elements: dict
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.katabench.scylla.plugins.module_utils.start_cost import (
    measure,
    measure_first_output_ms,
    measure_host_memory_mib,
)


def main():
    module = AnsibleModule(
        argument_spec={
            "first_output_argv": {"type": "list", "elements": "str", "required": True},
            "idle_argv": {"type": "list", "elements": "str", "required": True},
            "end_argv": {"type": "list", "elements": "str", "required": True},
            "repeats": {"type": "int", "default": 3},
            "timeout_s": {"type": "float", "default": 120},
        },
        supports_check_mode=True,
    )
    params = module.params
    if module.check_mode:
        module.exit_json(changed=False, first_output_ms=[], host_memory_mib=[], failures=[])
    limit_s = params["timeout_s"]
    first_output_ms, slow = measure(
        "first-output", lambda: measure_first_output_ms(params["first_output_argv"], limit_s), params["repeats"]
    )
    host_memory_mib, heavy = measure(
        "host-memory",
        lambda: measure_host_memory_mib(params["idle_argv"], params["end_argv"], limit_s),
        params["repeats"],
    )
    module.exit_json(
        changed=True, first_output_ms=first_output_ms, host_memory_mib=host_memory_mib, failures=[*slow, *heavy]
    )


if __name__ == "__main__":
    main()
