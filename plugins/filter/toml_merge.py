# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Merge changes into the text of a TOML file."""

from __future__ import annotations

DOCUMENTATION = r"""
name: toml_merge
short_description: Merge changes into the text of a TOML file
version_added: 0.2.0
author: katabench authors (@katabench)
description:
  - Comments, order, line endings and keys that are not named stay byte for byte; a text that needs no change comes back
    as it was.
  - Null deletes a key, or a table with its keys. A commented-out key is a comment. Lists are replaced as a whole.
  - A change of type is refused by key and line, and so is a key below a value. A text that is not TOML is refused with
    line and column.
positional: changes
options:
  _input:
    description: Text of the file.
    type: str
    required: true
  changes:
    description:
      - A dictionary, or a list of dictionaries that are merged in order.
      - Keys are TOML dotted keys at any depth, so that C(hypervisor.qemu.path) and nested dictionaries mean the same.
    type: raw
    required: true
  source:
    description: Path of the file, for messages.
    type: str
    default: configuration.toml
seealso:
  - plugin: katabench.scylla.toml_fragment
    plugin_type: filter
  - plugin: katabench.scylla.kata_settings
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Point Kata at qemu-lite
  ansible.builtin.copy:
    content: "{{ text | katabench.scylla.toml_merge(changes, source='/etc/kata-containers/configuration.toml') }}"
    dest: /etc/kata-containers/configuration.toml
    mode: "0644"
  vars:
    changes:
      hypervisor.qemu.path: /usr/bin/qemu-lite-system-x86_64
      hypervisor.qemu:
        default_vcpus: 4
        initrd: null
"""

RETURN = r"""
_value:
  description: The text with the changes.
  type: str
"""

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils import kata_toml
from ansible_collections.katabench.scylla.plugins.plugin_utils.toml_statements import TomlError


def toml_merge(
    text: str,
    changes: Mapping[str, Any] | list[Mapping[str, Any]],
    source: str = "configuration.toml",
) -> str:
    """Check the arguments, merge, and translate errors."""
    if not isinstance(text, str):
        raise AnsibleFilterError(f"toml_merge: the input is of type {type(text).__name__}, not str")
    dictionaries = [changes] if isinstance(changes, Mapping) else changes
    if not isinstance(dictionaries, list) or not all(isinstance(change, Mapping) for change in dictionaries):
        raise AnsibleFilterError("toml_merge: changes is neither a dictionary nor a list of dictionaries")
    try:
        return kata_toml.merge(text, *dictionaries, source=source)
    except TomlError as error:
        raise AnsibleFilterError(f"toml_merge: {error}") from None  # Ansible would print both


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Name them."""
        return {"toml_merge": toml_merge}
