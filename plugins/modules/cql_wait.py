#!/usr/bin/python
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Wait until a database node answers CQL."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cql_wait
short_description: Wait until a database node answers CQL
version_added: 0.1.0
description:
  - Sends OPTIONS frames of the CQL native protocol until one is answered. An open port proves nothing, because a
    container engine's proxy accepts connections long before the database does.
  - Stops at once when the command in O(alive_argv) says that the node is no longer there.
author: katabench authors (@katabench)
options:
  host:
    description: Address of the node.
    type: str
    required: true
  port:
    description: CQL port of the node.
    type: int
    default: 9042
  timeout_s:
    description: Seconds to wait at most.
    type: float
    default: 300
  interval_s:
    description: Seconds between two attempts.
    type: float
    default: 0.5
  alive_argv:
    description: A command that prints V(true) as long as the node can still come up.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Nothing is waited for in check mode.
    support: full
"""

EXAMPLES = r"""
- name: Wait until the node serves
  katabench.scylla.cql_wait:
    host: 127.0.0.1
    timeout_s: 60
    alive_argv: [docker, inspect, --format, "{{ '{{' }}.State.Running{{ '}}' }}", scylla-node1]
"""

RETURN = r"""
elapsed_s:
  description: Seconds waited.
  type: float
  returned: always
attempts:
  description: Number of frames sent.
  type: int
  returned: always
died:
  description: Whether the waiting ended because the node is gone.
  type: bool
  returned: on failure
"""

import subprocess
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.katabench.scylla.plugins.module_utils.cql import ask_options


def is_alive(argv):
    """Return whether the command prints `true`; without a command the node counts as alive."""
    if not argv:
        return True
    answer = subprocess.run(argv, capture_output=True, text=True, check=False)
    return answer.stdout.strip() == "true"


def main():
    module = AnsibleModule(
        argument_spec={
            "host": {"type": "str", "required": True},
            "port": {"type": "int", "default": 9042},
            "timeout_s": {"type": "float", "default": 300},
            "interval_s": {"type": "float", "default": 0.5},
            "alive_argv": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    host, port, timeout_s = module.params["host"], module.params["port"], module.params["timeout_s"]
    if module.check_mode:
        module.exit_json(changed=False, elapsed_s=0.0, attempts=0)

    started = time.monotonic()
    attempts = 0
    last = "nothing was asked"
    while time.monotonic() - started < timeout_s:
        attempts += 1
        try:
            ask_options(host, port, timeout_s=5)
        except (OSError, ValueError) as error:
            last = str(error)
        else:
            module.exit_json(changed=False, elapsed_s=time.monotonic() - started, attempts=attempts)
        if not is_alive(module.params["alive_argv"]):
            module.fail_json(
                msg=f"The node has died before it answered CQL on port {port}.",
                died=True,
                attempts=attempts,
                elapsed_s=time.monotonic() - started,
            )
        time.sleep(module.params["interval_s"])
    module.fail_json(
        msg=f"{host}:{port} has not answered CQL within {timeout_s:g} s; the last attempt said: {last}.",
        died=False,
        attempts=attempts,
        elapsed_s=time.monotonic() - started,
    )


if __name__ == "__main__":
    main()
