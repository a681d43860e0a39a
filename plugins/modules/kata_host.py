#!/usr/bin/python
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Look at what a host has for virtual machines."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kata_host
short_description: Look at what a host has for Kata's virtual machines
version_added: 0.2.0
author: katabench authors (@katabench)
description:
  - Reads C(/proc), C(/sys) and C(/dev), makes an empty virtual machine with KVM and drops it, and asks the Docker
    engine for its version; changes nothing and judges nothing.
  - The filter P(katabench.scylla.kata_host_faults#filter) judges what is seen.
  - What a host does not tell is null.
attributes:
  check_mode:
    description: Only reads, in check mode as well.
    support: full
  diff_mode:
    description: Shows no difference.
    support: none
options:
  docker_socket:
    description: Socket of the Docker engine. Without an engine behind it, the version is null.
    type: path
    default: /var/run/docker.sock
  hypervisor_path:
    description: A hypervisor to look for; empty for none.
    type: str
    default: ""
seealso:
  - plugin: katabench.scylla.kata_host_faults
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Look at the host
  katabench.scylla.kata_host:
    hypervisor_path: /usr/bin/qemu-lite-system-x86_64
  register: looked

- name: Show whether KVM makes virtual machines
  ansible.builtin.debug:
    var: looked.seen.kvm.creates_vm
"""

RETURN = r"""
seen:
  description: What the host has.
  returned: always
  type: dict
  contains:
    architecture:
      description: Machine name of the kernel, C(x86_64) for instance.
      type: str
      returned: always
    cpu_virtualisation:
      description: C(vmx) (Intel) or C(svm) (AMD), the first CPU's flag for hardware virtualisation.
      type: str
      returned: always
    virtualisation:
      description: The hypervisor below, null on bare metal.
      type: str
      returned: always
    kvm:
      description: >-
        Of /dev/kvm, whether it C(exists), C(opens) and C(creates_vm), its C(api_version), and the C(error) of the first
        step that failed.
      type: dict
      returned: always
    modules:
      description: >-
        State of the kernel's modules for KVM and vhost, by name, C(loaded), C(built-in), C(loadable) or null.
      type: dict
      returned: always
    vhost_net:
      description: Whether there is a /dev/vhost-net, or will be once the module vhost_net is loaded.
      type: bool
      returned: always
    vhost_vsock:
      description: Whether there is a /dev/vhost-vsock, or will be once the module vhost_vsock is loaded.
      type: bool
      returned: always
    shm:
      description: Size and free space of /dev/shm, C(size_mib) and C(free_mib).
      type: dict
      returned: always
    root_shared:
      description: Whether / is a shared mount.
      type: bool
      returned: always
    log_socket:
      description: Whether /dev/log is a socket.
      type: bool
      returned: always
    cgroup:
      description: C(v1), C(v2), or C(hybrid) for v1 controllers beside a v2 tree.
      type: str
      returned: always
    memory_mib:
      description: Memory in MiB.
      type: int
      returned: always
    docker_version:
      description: Version of the engine, null without one.
      type: str
      returned: always
    hypervisor:
      description: The hypervisor's C(path), whether it C(exists) and is C(executable); null where none was asked for.
      type: dict
      returned: always
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.katabench.scylla.plugins.module_utils.kata_host import observe


def main():
    """Look at the host."""
    module = AnsibleModule(
        argument_spec={
            "docker_socket": {"type": "path", "default": "/var/run/docker.sock"},
            "hypervisor_path": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    module.exit_json(changed=False, seen=observe(**module.params))


if __name__ == "__main__":
    main()
