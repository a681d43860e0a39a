# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Filter: the figures of the role attribution's probes."""

from __future__ import annotations

DOCUMENTATION = r"""
name: attribution_probes
short_description: Read what the probes of the role attribution printed
version_added: 0.3.0
description:
  - Turns the output of fio, iperf3, qperf and sysbench into figures. A probe that cannot be read is named.
author: katabench authors (@katabench)
positional: _input, image
options:
  _input:
    description:
      - What the role collected. C(node) and C(loader) are the output of its scripts, C(cost) the result of
        M(katabench.scylla.start_cost), C(storage) where the data lay, C(trouble) sentences on what stopped it.
    type: dict
    required: true
  image:
    description: The image that the probes ran in, named where it lacks a program.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show the figures
  ansible.builtin.debug:
    msg: "{{ said | katabench.scylla.attribution_probes('debian') }}"
"""

RETURN = r"""
_value:
  description: >-
    C(probes), each with C(probe), C(layer), C(value), C(unit) and C(better), and C(failures), each with C(probe) and
    C(sentence).
  type: dict
"""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.katabench.scylla.plugins.plugin_utils.attribution import read_probes


def attribution_probes(said, image):
    """Translate read_probes for Jinja."""
    if not isinstance(said, Mapping):
        raise AnsibleFilterError(f"attribution_probes takes a dictionary of what was said, not a {type(said).__name__}")
    try:
        return read_probes(said, image)
    except KeyError as error:
        raise AnsibleFilterError(
            f"attribution_probes: what was said has no key {error}; node, loader, cost, storage, trouble are expected"
        ) from error


class FilterModule:
    """Filters of this file."""

    def filters(self):
        return {"attribution_probes": attribution_probes}
