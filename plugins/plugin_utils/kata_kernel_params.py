# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Kata's kernel_params: kernel settings inside the virtual machine, which the host's do not reach."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.kata_toml import by_path, nested
from ansible_collections.katabench.scylla.plugins.plugin_utils.toml_statements import Json, dotted, look_up, parse

_SYSCTL = re.compile(r"[A-Za-z0-9_-]+([./][A-Za-z0-9_-]+)+")


class KernelParamsError(ValueError):
    """A kernel setting that cannot be given to the guest; the message says which and what was expected."""


def guest_sysctls_change(
    base_text: str,
    sysctls: Mapping[str, Any],
    changes: Sequence[Mapping[str, Any]] = (),
    *,
    hypervisor: str = "qemu",
    source: str = "configuration.toml",
) -> Json:
    """Make the change that sets kernel settings in the guest: {"hypervisor": {"qemu": {"kernel_params": "…"}}}.

    They are added to the kernel_params that the last of `changes` gives, else to those of the base text. Raises
    KernelParamsError or TomlError.
    """
    path = ("hypervisor", hypervisor, "kernel_params")
    params = look_up(parse(base_text, source), path)[1]
    for change in changes:
        params = by_path(change).get(path, params)
    if not isinstance(params, str | None):
        raise KernelParamsError(f"{source}: '{dotted(path)}' is {params!r}, a string was expected.")
    return nested({path: with_guest_sysctls(params or "", sysctls)})


def with_guest_sysctls(kernel_params: str, sysctls: Mapping[str, Any]) -> str:
    """Add `sysctl.<name>=<value>` to a kernel command line; one that is there gets the new value in its place.

    The guest's kernel must be Linux 5.8 or newer (Documentation/admin-guide/kernel-parameters.txt, `sysctl.*=`). There
    a name's parts are separated by dots or slashes. Kata splits kernel_params at spaces, so that a value can have none.
    Raises KernelParamsError.
    """
    params = kernel_params.split(" ")
    for name, value in sysctls.items():
        setting = f"sysctl.{name}={_sysctl_value(name, value)}"
        places = [index for index, param in enumerate(params) if _sysctl_name(param) == _sysctl_name(setting)]
        if places:
            # The kernel takes the last of several.
            params[places[-1]] = setting
        else:
            params.append(setting)
    return " ".join(params) if kernel_params else " ".join(params[1:])


def _sysctl_name(param: str) -> str:
    return param.partition("=")[0].replace("/", ".")


def _sysctl_value(name: Any, value: Any) -> str:
    if not isinstance(name, str) or not _SYSCTL.fullmatch(name):
        raise KernelParamsError(f"the kernel setting '{name}' is no name such as fs.aio-max-nr or net/core/somaxconn.")
    text = str(value)
    if isinstance(value, bool) or not isinstance(value, int | str) or not re.fullmatch(r'[^\s"]+', text):
        raise KernelParamsError(
            f"the kernel setting '{name}' was given {value!r}; expected a whole number or a word without spaces and "
            "quotes, because Kata splits kernel_params at spaces."
        )
    return text
