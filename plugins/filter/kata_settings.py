# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Translate changes of Kata's configuration for an implementation and version."""

from __future__ import annotations

DOCUMENTATION = r"""
name: kata_settings
short_description: Translate changes of Kata's configuration for an implementation and version
version_added: 0.2.0
author: katabench authors (@katabench)
description:
  - Takes changes as the Go runtime of Kata names them. For runtime-rs, keys and values are translated where their
    mapping is known; what runtime-rs lacks or models in another way is refused with the reason.
  - For the Go runtime, keys that only runtime-rs has are refused with the name that Go has for them, if any.
  - Adds kernel settings for the guest to the vendor's C(kernel_params).
positional: implementation, version
options:
  _input:
    description: A dictionary, or a list of dictionaries in order, as of P(katabench.scylla.toml_merge#filter).
    type: raw
    required: true
  implementation:
    description: Which runtime.
    type: str
    choices: [go, rust]
    required: true
  version:
    description: Version of Kata.
    type: str
    required: true
  base_text:
    description: Text of the vendor's configuration.toml; needed with O(sysctls).
    type: str
  sysctls:
    description: Kernel settings inside the virtual machine by name; its kernel must be 5.8 or newer.
    type: dict
    default: {}
  hypervisor:
    description: Name of the hypervisor's table, for settings that were in no such table.
    type: str
    default: qemu
  source:
    description: Path of the vendor's file, for messages.
    type: str
    default: configuration.toml
seealso:
  - plugin: katabench.scylla.toml_merge
    plugin_type: filter
  - plugin: katabench.scylla.toml_fragment
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show what a drop-in for runtime-rs would hold
  ansible.builtin.debug:
    msg: >-
      {{ text | katabench.scylla.toml_fragment(
           changes | katabench.scylla.kata_settings('rust', '4.1.0', base_text=text, sysctls=sysctls)) }}
  vars:
    changes: {hypervisor.qemu.block_device_driver: virtio-blk}
    sysctls: {fs.aio-max-nr: 1048576}
"""

RETURN = r"""
_value:
  description: A list of dictionaries for P(katabench.scylla.toml_merge#filter), the kernel settings last.
  type: list
  elements: dict
"""

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils import kata_keys
from ansible_collections.katabench.scylla.plugins.plugin_utils.kata_kernel_params import KernelParamsError
from ansible_collections.katabench.scylla.plugins.plugin_utils.toml_statements import TomlError


def kata_settings(
    changes: Mapping[str, Any] | list[Mapping[str, Any]],
    implementation: str,
    version: str,
    base_text: str | None = None,
    sysctls: Mapping[str, Any] | None = None,
    hypervisor: str = "qemu",
    source: str = "configuration.toml",
) -> list[dict[str, Any]]:
    """Check the arguments, translate, and translate errors."""
    dictionaries = [changes] if isinstance(changes, Mapping) else changes
    if not isinstance(dictionaries, list) or not all(isinstance(change, Mapping) for change in dictionaries):
        raise AnsibleFilterError("kata_settings: the input is neither a dictionary nor a list of dictionaries")
    for name, value, kind in (
        ("version", version, str),
        ("base_text", base_text, str | None),
        ("sysctls", sysctls, Mapping | None),
    ):
        if not isinstance(value, kind):
            raise AnsibleFilterError(f"kata_settings: {name} is of type {type(value).__name__}")
    try:
        return kata_keys.settings(
            dictionaries,
            implementation,
            version,
            base_text=base_text,
            sysctls=sysctls,
            hypervisor=hypervisor,
            source=source,
        )
    except (TomlError, KernelParamsError, kata_keys.KataKeysError) as error:
        raise AnsibleFilterError(f"kata_settings: {error}") from None  # Ansible would print both


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Name them."""
        return {"kata_settings": kata_settings}
