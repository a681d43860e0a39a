# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Merge options and runtimes into the text of Docker's daemon.json."""

from __future__ import annotations

DOCUMENTATION = r"""
name: daemon_config_merge
short_description: Merge options and runtimes into the text of Docker's daemon.json
version_added: 0.1.0
author: katabench authors (@katabench)
description:
  - Keys and values that are not named stay as they are; a text that needs no change comes back byte for byte.
  - A text that is not a JSON object is refused with line and column.
positional: ledger
options:
  _input:
    description: Text of daemon.json; empty when there is no file.
    type: str
    required: true
  ledger:
    description: Text of the ledger that remembers what was set and what stood there before; empty at first.
    type: str
    default: ""
  options:
    description: Daemon options. Objects are merged key by key, anything else is replaced.
    type: dict
    default: {}
  runtimes:
    description: Runtimes by name, each with C(path) and optionally C(runtimeArgs), or with C(runtimeType).
    type: dict
    default: {}
  packages:
    description: Packages to note in the ledger as installed by us.
    type: list
    elements: str
    default: []
  source:
    description: Path of the file, for messages.
    type: str
    default: /etc/docker/daemon.json
seealso:
  - plugin: katabench.scylla.daemon_config_remove
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show what daemon.json would become
  ansible.builtin.debug:
    msg: "{{ (text | katabench.scylla.daemon_config_merge(options={'live-restore': true})).config }}"
"""

RETURN = r"""
_value:
  description:
    - The texts to write, C(config) and C(ledger).
    - C(restart_needed) names the changed options that the engine takes over only when it starts again.
  type: dict
"""

from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils import daemon_config


def daemon_config_merge(
    text: str,
    ledger: str = "",
    options: dict[str, Any] | None = None,
    runtimes: dict[str, Any] | None = None,
    packages: list[str] | None = None,
    source: str = "/etc/docker/daemon.json",
) -> daemon_config.Texts:
    """Check the arguments, merge, and translate errors."""
    for name, value, kind in (
        ("text", text, str),
        ("ledger", ledger, str),
        ("options", options or {}, dict),
        ("runtimes", runtimes or {}, dict),
        ("packages", packages or [], list),
    ):
        if not isinstance(value, kind):
            raise AnsibleFilterError(
                f"daemon_config_merge: {name} is of type {type(value).__name__}, not {kind.__name__}"
            )
    try:
        return daemon_config.merge(text, ledger, options or {}, runtimes or {}, packages or [], source=source)
    except daemon_config.DaemonConfigError as error:
        raise AnsibleFilterError(str(error)) from None  # Ansible would print both


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Name them."""
        return {"daemon_config_merge": daemon_config_merge}
