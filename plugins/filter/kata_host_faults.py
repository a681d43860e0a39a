# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Filter: whether a host can carry Kata's virtual machines."""

from __future__ import annotations

DOCUMENTATION = r"""
name: kata_host_faults
short_description: Whether a host can carry Kata's virtual machines
version_added: 0.2.0
description:
  - Judges what the module M(katabench.scylla.kata_host) saw.
author: katabench authors (@katabench)
positional: release
options:
  _input:
    description: What the module saw.
    type: dict
    required: true
  release:
    description: What the filter P(katabench.scylla.kata_release#filter) said of the version.
    type: dict
    required: true
  accelerator:
    description: C(kvm), or C(tcg) for software emulation, which asks nothing of KVM.
    type: str
    default: kvm
    choices: [kvm, tcg]
  virtual_machines:
    description: How many virtual machines run at once.
    type: int
    default: 1
  config:
    description: Changes to configuration.toml, keys dotted or nested.
    type: dict
    default: {}
  profiles:
    description: Changes of each profile upon them, by name.
    type: dict
    default: {}
seealso:
  - module: katabench.scylla.kata_host
"""

EXAMPLES = r"""
- name: Refuse a host that cannot carry virtual machines
  ansible.builtin.assert:
    that: judged.faults | length == 0
    fail_msg: "{{ judged.sentences | join(' ') }}"
  vars:
    judged: "{{ looked.seen | katabench.scylla.kata_host_faults(release) }}"
    release: "{{ '1.11.5' | katabench.scylla.kata_release(method='developer_guide', architecture='x86_64') }}"
"""

RETURN = r"""
_value:
  description:
    - C(faults), each with the sentences C(found), C(expected) and C(mend); empty for a host that can.
    - C(sentences), the same, each fault in one line.
    - C(notes), what is no fault and belongs beside every figure.
    - C(modules), kernel modules that are to be loaded, now and at boot.
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils import kata_checks


def kata_host_faults(seen, release, accelerator="kvm", virtual_machines=1, config=None, profiles=None):
    """Check the arguments and judge."""
    kinds = (
        ("seen", seen, dict),
        ("release", release, dict),
        ("virtual_machines", virtual_machines, int),
        ("config", config or {}, dict),
        ("profiles", profiles or {}, dict),
    )
    for name, value, kind in kinds:
        if not isinstance(value, kind):
            raise AnsibleFilterError(f"kata_host_faults: {name} is of type {type(value).__name__}, not {kind.__name__}")
    if accelerator not in ("kvm", "tcg"):
        raise AnsibleFilterError(f"The accelerator is '{accelerator}': kvm or tcg is expected.")
    needs = kata_checks.needs_of(release, accelerator, virtual_machines, config or {}, profiles or {})
    faults = kata_checks.host_faults(seen, release, needs)
    return {
        "faults": faults,
        "sentences": kata_checks.sentences(faults),
        "notes": kata_checks.host_notes(seen, needs),
        "modules": kata_checks.needed_modules(seen, release, needs),
    }


class FilterModule:
    """Filters of this file."""

    def filters(self):
        return {"kata_host_faults": kata_host_faults}
