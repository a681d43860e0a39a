# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Write changes of a TOML file as a drop-in file."""

from __future__ import annotations

DOCUMENTATION = r"""
name: toml_fragment
short_description: Write changes of a TOML file as a drop-in file
version_added: 0.2.0
author: katabench authors (@katabench)
description:
  - Gives the text of a file for C(config.d) beside Kata's configuration.toml, from Kata 2.5 (Go) and 3.0 (Rust) on.
  - It holds what the changes make different from the vendor's text, which they are checked against as
    P(katabench.scylla.toml_merge#filter) does.
  - A deletion is refused, because a drop-in file cannot delete.
positional: changes
options:
  _input:
    description: Text of the vendor's file.
    type: str
    required: true
  changes:
    description: A dictionary, or a list of dictionaries in order, as of P(katabench.scylla.toml_merge#filter).
    type: raw
    required: true
  source:
    description: Path of the vendor's file, for messages.
    type: str
    default: configuration.toml
seealso:
  - plugin: katabench.scylla.toml_merge
    plugin_type: filter
  - plugin: katabench.scylla.kata_settings
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Give the virtual machines four CPUs
  ansible.builtin.copy:
    content: "{{ text | katabench.scylla.toml_fragment({'hypervisor.qemu.default_vcpus': 4}) }}"
    dest: /etc/kata-containers/kata/config.d/50-katabench.toml
    mode: "0644"
"""

RETURN = r"""
_value:
  description: The text of the drop-in file.
  type: str
"""

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils import kata_toml
from ansible_collections.katabench.scylla.plugins.plugin_utils.toml_statements import TomlError


def toml_fragment(
    base_text: str,
    changes: Mapping[str, Any] | list[Mapping[str, Any]],
    source: str = "configuration.toml",
) -> str:
    """Check the arguments, write the drop-in, and translate errors."""
    if not isinstance(base_text, str):
        raise AnsibleFilterError(f"toml_fragment: the input is of type {type(base_text).__name__}, not str")
    dictionaries = [changes] if isinstance(changes, Mapping) else changes
    if not isinstance(dictionaries, list) or not all(isinstance(change, Mapping) for change in dictionaries):
        raise AnsibleFilterError("toml_fragment: changes is neither a dictionary nor a list of dictionaries")
    try:
        return kata_toml.fragment(base_text, *dictionaries, source=source)
    except TomlError as error:
        raise AnsibleFilterError(f"toml_fragment: {error}") from None  # Ansible would print both


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Name them."""
        return {"toml_fragment": toml_fragment}
