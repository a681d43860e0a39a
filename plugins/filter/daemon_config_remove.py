# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Take what earlier merges set out of the text of Docker's daemon.json."""

from __future__ import annotations

DOCUMENTATION = r"""
name: daemon_config_remove
short_description: Take what earlier merges set out of the text of Docker's daemon.json
version_added: 0.1.0
author: katabench authors (@katabench)
description:
  - Values that stood there before come back. What the ledger does not know, or what was changed since, stays.
positional: ledger
options:
  _input:
    description: Text of daemon.json; empty when there is no file.
    type: str
    required: true
  ledger:
    description: Text of the ledger that the merges kept.
    type: str
    default: ""
  runtimes:
    description: Names of the runtimes to take out. Without it, everything that the ledger knows.
    type: list
    elements: str
  source:
    description: Path of the file, for messages.
    type: str
    default: /etc/docker/daemon.json
seealso:
  - plugin: katabench.scylla.daemon_config_merge
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show daemon.json without the runtime gvisor
  ansible.builtin.debug:
    msg: "{{ (text | katabench.scylla.daemon_config_remove(ledger, runtimes=['gvisor'])).config }}"
"""

RETURN = r"""
_value:
  description:
    - The texts to write, C(config) and C(ledger); an empty text stands for no file.
    - C(restart_needed) names the changed options that the engine takes over only when it starts again.
  type: dict
"""

from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils import daemon_config


def daemon_config_remove(
    text: str,
    ledger: str = "",
    runtimes: list[str] | None = None,
    source: str = "/etc/docker/daemon.json",
) -> daemon_config.Texts:
    """Check the arguments, remove, and translate errors."""
    for name, value, kind in (("text", text, str), ("ledger", ledger, str), ("runtimes", runtimes or [], list)):
        if not isinstance(value, kind):
            raise AnsibleFilterError(
                f"daemon_config_remove: {name} is of type {type(value).__name__}, not {kind.__name__}"
            )
    try:
        return daemon_config.remove(text, ledger, runtimes, source=source)
    except daemon_config.DaemonConfigError as error:
        raise AnsibleFilterError(str(error)) from None  # Ansible would print both


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Name them."""
        return {"daemon_config_remove": daemon_config_remove}
