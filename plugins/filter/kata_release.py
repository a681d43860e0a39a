# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Filter: names and places of a version of Kata Containers."""

from __future__ import annotations

DOCUMENTATION = r"""
name: kata_release
short_description: Names and places of a version of Kata Containers
version_added: 0.2.0
description:
  - Says of a version how its archive is called and where it is, which implementation of the runtime it takes by
    default, and where an installation has its binaries and its configuration.
  - A version, method, architecture or implementation that there is not is refused.
author: katabench authors (@katabench)
positional: _input
options:
  _input:
    description: The version, such as V(1.11.5), V(1.12.0-rc0) or V(3.32.0).
    type: str
    required: true
  method:
    description: How it is installed.
    type: str
    choices: [developer_guide, release]
    required: true
  architecture:
    description: The host's, as C(uname -m) or Debian names it.
    type: str
    required: true
  implementation:
    description: V(go) or V(rust); empty for the version's own default.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Show where the archive is
  ansible.builtin.debug:
    msg: "{{ release.base_url }}/{{ release.archive }}"
  vars:
    release: "{{ '3.32.0' | katabench.scylla.kata_release(method='release', architecture='x86_64') }}"
"""

RETURN = r"""
_value:
  description:
    - A dictionary of C(version), C(line) (V(1.x) or V(2+)), C(implementation), C(archive), C(base_url), C(dropins),
      C(runtime_path), C(shim_path), C(vendor_config_path), C(hypervisor_table) and C(env_command).
    - What a version or method does not have is null.
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils.kata_release import KataReleaseError, describe


def kata_release(version, method, architecture, implementation=""):
    """Translate describe for Jinja."""
    if not isinstance(version, str):
        raise AnsibleFilterError(
            f"kata_release takes a version as text, not {version!r}: write it in quotes, as in '3.32.0'."
        )
    try:
        return describe(version, method, architecture, implementation)
    except KataReleaseError as error:
        raise AnsibleFilterError(str(error)) from None  # Ansible would print both


class FilterModule:
    """Filters of this file."""

    def filters(self):
        return {"kata_release": kata_release}
