# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""How a wrapper rewrites the command line that Kata gives its hypervisor."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypedDict

from ansible_collections.katabench.scylla.plugins.plugin_utils.kata_pairing import hypervisor_faults


class Edit(TypedDict):
    """A replacement by regular expression (Python's `re`)."""

    option: str  # only in the value of this option; "" for every argument
    pattern: str
    replacement: str


class Wrapper(TypedDict):
    """What a wrapper does with the arguments."""

    edits: list[Edit]
    append: list[str]


class KataWrapperError(ValueError):
    """A rewriting that cannot be carried out; the message says what was found and what is expected."""


# Kata 1.12 passes an option that QEMU before 4.2 does not know; without it files of different file systems of the host
# may show the same inode number in the guest.
_WITHOUT_MULTIDEVS: Edit = {"option": "-fsdev", "pattern": ",multidevs=remap", "replacement": ""}


def complete(wrapper: Mapping[str, Any], kata_version: str, qemu_version: str) -> Wrapper:
    """Check a wrapper as the user gives it, and add what this Kata needs to drive this QEMU.

    `qemu_version` is the first line of the hypervisor's `--version`, empty where nobody asked it. A result without
    edits and without arguments to append needs no wrapper.
    """
    unknown = sorted(set(wrapper) - {"edits", "append"})
    if unknown:
        raise KataWrapperError(f"kata_hypervisor_wrapper has {', '.join(unknown)}; edits and append are expected.")
    edits = [_edit(edit) for edit in wrapper.get("edits") or []]
    if hypervisor_faults(kata_version, qemu_version) and _WITHOUT_MULTIDEVS not in edits:
        edits.append(_WITHOUT_MULTIDEVS)
    return {"edits": edits, "append": [str(argument) for argument in wrapper.get("append") or []]}


def _edit(edit: Mapping[str, Any]) -> Edit:
    keys = set(edit)
    if not {"pattern", "replacement"} <= keys <= {"option", "pattern", "replacement"}:
        raise KataWrapperError(
            f"An edit of kata_hypervisor_wrapper has {', '.join(sorted(keys)) or 'nothing'}; "
            "pattern and replacement are expected, and option where it is for one option's value only."
        )
    if not all(isinstance(value, str) for value in edit.values()):
        raise KataWrapperError(f"An edit of kata_hypervisor_wrapper is {dict(edit)}; texts are expected.")
    try:
        re.sub(edit["pattern"], edit["replacement"], "")
    except (re.error, IndexError) as error:  # the second where the replacement names a group that there is not
        raise KataWrapperError(
            f"kata_hypervisor_wrapper: '{edit['pattern']}' with replacement '{edit['replacement']}' is no regular "
            f"expression of Python: {error}."
        ) from None
    return {"option": edit.get("option", ""), "pattern": edit["pattern"], "replacement": edit["replacement"]}
