# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Filter: whether a Kata works with a Docker and a QEMU, and how Docker is told of it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: kata_pairing
short_description: Whether a Kata works with a Docker and a QEMU, and how Docker is told of it
version_added: 0.2.0
description:
  - Names the pairs that are known not to work, and says how each profile becomes a runtime of Docker.
author: katabench authors (@katabench)
positional: _input
options:
  _input:
    description: What the filter P(katabench.scylla.kata_release#filter) said of the version.
    type: dict
    required: true
  docker_version:
    description: The engine's version.
    type: str
    required: true
  vhost_vsock:
    description: Whether the host has C(/dev/vhost-vsock).
    type: bool
    required: true
  profiles:
    description: The profiles, each name with the path of its configuration.
    type: dict
    default: {}
  qemu_version:
    description: The first line that the hypervisor printed of its version; empty when nobody asked it.
    type: str
    default: ""
seealso:
  - plugin: katabench.scylla.kata_release
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Refuse a pair that is known not to work
  ansible.builtin.assert:
    that: pairing.faults | length == 0
    fail_msg: "{{ pairing.faults | join(' ') }}"
  vars:
    release: "{{ '3.28.0' | katabench.scylla.kata_release(method='release', architecture='x86_64') }}"
    pairing: "{{ release | katabench.scylla.kata_pairing(docker_version='26.1.5', vhost_vsock=true) }}"
"""

RETURN = r"""
_value:
  description:
    - C(faults), a list of sentences, empty when nothing is known against the pair.
    - C(runtimes), by profile its C(name) in Docker, its entry C(daemon_json) or null, and the path of a C(wrapper) or
      null.
    - C(daemon_runtimes), the entries for C(runtimes) in daemon.json, by name.
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils.kata_pairing import (
    docker_runtimes,
    hypervisor_faults,
    pairing_faults,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.kata_release import KataReleaseError


def kata_pairing(release, docker_version, vhost_vsock, profiles=None, qemu_version=""):
    """Translate the judgements for Jinja."""
    for name, value, kind in (("release", release, dict), ("profiles", profiles or {}, dict)):
        if not isinstance(value, kind):
            raise AnsibleFilterError(f"kata_pairing: {name} is of type {type(value).__name__}, not {kind.__name__}")
    try:
        runtimes = docker_runtimes(release, docker_version, profiles or {})
        faults = pairing_faults(release, docker_version, vhost_vsock)
        faults += hypervisor_faults(release["version"], qemu_version)
    except KataReleaseError as error:
        raise AnsibleFilterError(str(error)) from None  # Ansible would print both
    entries = {runtime["name"]: runtime["daemon_json"] for runtime in runtimes.values() if runtime["daemon_json"]}
    return {"faults": faults, "runtimes": runtimes, "daemon_runtimes": entries}


class FilterModule:
    """Filters of this file."""

    def filters(self):
        return {"kata_pairing": kata_pairing}
