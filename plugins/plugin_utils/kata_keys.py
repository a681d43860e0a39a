# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Kata's settings: what a change is called in the Go runtime and in runtime-rs.

The catalogue of differences is upstream's docs/migrating-config-go-runtime-to-runtime-rs.md in
kata-containers/kata-containers; what comes from elsewhere says so. `*` stands for the name of a hypervisor or agent.
Changes and their paths: see kata_toml.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.kata_kernel_params import guest_sysctls_change
from ansible_collections.katabench.scylla.plugins.plugin_utils.kata_toml import by_path, nested
from ansible_collections.katabench.scylla.plugins.plugin_utils.toml_statements import Json, Path, dotted, look_up, parse

IMPLEMENTATIONS = ("go", "rust")

# Renamed or moved, the value stays ("Options that are different but carry the same meaning").
_RENAMED = {
    "hypervisor.*.seccompsandbox": "hypervisor.*.seccomp_sandbox",
    "runtime.guest_selinux_label": "hypervisor.*.selinux_label",
    "runtime.create_container_timeout": "agent.*.create_container_timeout",
    "factory.enable_template": "hypervisor.*.factory.enable_template",
    "factory.template_path": "hypervisor.*.factory.template_path",
}

# Renamed, seconds become milliseconds (same section). dial_timeout is for how long the Go shim goes on trying to reach
# the agent. In runtime-rs that is reconnect_timeout_ms: its dial_timeout_ms, which the catalogue names, is the pause
# between two tries, of which there are reconnect_timeout_ms / dial_timeout_ms, and with 45 s there would be none
# (src/runtime-rs/crates/agent/src/sock/vsock.rs; comments of configuration-qemu-runtime-rs.toml.in).
_SECONDS_TO_MS = {
    "agent.*.dial_timeout": "agent.*.reconnect_timeout_ms",
    "agent.*.cdh_api_timeout": "agent.*.cdh_api_timeout_ms",
}

# Same key, other values (same section). On PCI machines, which is all but s390x, virtio-blk is virtio-blk-pci.
_VALUES = {
    "hypervisor.*.block_device_driver": {"virtio-blk": "virtio-blk-pci", "nvdimm": "virtio-pmem"},
}

_NOT_YET = "runtime-rs does not implement it yet; leave it out"
_DROPPED = "runtime-rs dropped it without a replacement; leave it out"
_REFUSED_BY_RUST = {
    "hypervisor.*.hypervisor_loglevel": "a number in the Go runtime, in runtime-rs a word under "
    "'hypervisor.*.log_level' (trace, debug, info, warn, error or critical); give that",
    "hypervisor.*.hot_plug_vfio": "a kind of port in the Go runtime, in runtime-rs "
    "'hypervisor.*.hotplug_vfio_on_root_bus' (true or false) with 'hypervisor.*.pcie_root_port' or "
    "'hypervisor.*.pcie_switch_port'; give those",
    "hypervisor.*.enable_numa": _NOT_YET,
    "hypervisor.*.numa_mapping": _NOT_YET,
    "hypervisor.*.net_rate_limiter_bw_max_rate": _NOT_YET,
    "hypervisor.*.net_rate_limiter_bw_one_time_burst": _NOT_YET,
    "hypervisor.*.net_rate_limiter_ops_max_rate": _NOT_YET,
    "hypervisor.*.net_rate_limiter_ops_one_time_burst": _NOT_YET,
    "hypervisor.*.firmware_volume": _DROPPED,
    "hypervisor.*.measurement_algo": _DROPPED,
    "hypervisor.*.vhost_user_reconnect_timeout_sec": _DROPPED,
    "hypervisor.*.use_legacy_serial": _DROPPED,
    "factory.vm_cache_number": _DROPPED,
    "factory.vm_cache_endpoint": _DROPPED,
}

# "Options that are runtime-rs specific", and those of the section before that have another name in Go.
_RUST_ONLY = "only runtime-rs has it; leave it out"
_REFUSED_BY_GO = {
    **{new: f"the Go runtime calls it '{old}'; give that" for old, new in _RENAMED.items()},
    **{new: f"the Go runtime calls it '{old}', in seconds; give that" for old, new in _SECONDS_TO_MS.items()},
    "agent.*.dial_timeout_ms": "the Go runtime has 'agent.*.dial_timeout', in seconds; give that",
    "hypervisor.*.log_level": "the Go runtime has 'hypervisor.*.enable_debug' and the number "
    "'hypervisor.*.hypervisor_loglevel'; give those",
    "hypervisor.*.initdata": "the Go runtime takes it as the annotation "
    "io.katacontainers.config.hypervisor.cc_init_data",
    "agent.*.policy": "the Go runtime takes it as the annotation io.katacontainers.config.agent.policy",
    "agent.*.log_level": "the Go runtime has 'agent.*.enable_debug'; give that",
    "runtime.log_level": "the Go runtime has 'runtime.enable_debug'; give that",
    "hypervisor.*.virtio_fs_is_dax": "the Go runtime goes by 'hypervisor.*.virtio_fs_cache_size', where 0 is no DAX; "
    "give that",
    **dict.fromkeys(
        (
            "hypervisor.*.boot_from_template",
            "hypervisor.*.boot_to_be_template",
            "hypervisor.*.ctlpath",
            "hypervisor.*.device_state_path",
            "hypervisor.*.guest_swap_create_threshold_secs",
            "hypervisor.*.guest_swap_path",
            "hypervisor.*.guest_swap_size_percent",
            "hypervisor.*.hugepage_type",
            "hypervisor.*.memory_path",
            "hypervisor.*.network_queues",
            "hypervisor.*.num_queues",
            # Upstream's page "How to size overhead_* for runtime-rs sandbox sizing".
            "hypervisor.*.overhead_memory",
            "hypervisor.*.overhead_vcpus",
            "hypervisor.*.prefetch_list_path",
            "hypervisor.*.queue_size",
            "hypervisor.*.rootless_user",
            "hypervisor.*.valid_ctlpaths",
            "hypervisor.*.vm_rootfs_driver",
            "agent.*.container_pipe_size",
            "agent.*.health_check_request_timeout_ms",
            "agent.*.log_port",
            "agent.*.mem_agent",
            "agent.*.passfd_listener_port",
            "agent.*.server_port",
            "runtime.agent_name",
            "runtime.hypervisor_name",
            "runtime.keep_abnormal",
            "runtime.name",
            "runtime.passfd_listener_port",
            "runtime.shared_mounts",
            "runtime.use_passfd_io",
        ),
        _RUST_ONLY,
    ),
}

# Values that one of the two does not know: those of _VALUES, and 9p, which runtime-rs left out.
_REFUSED_VALUES: dict[str, dict[str, dict[str, str]]] = {
    "rust": {
        "hypervisor.*.shared_fs": {
            "virtio-9p": "runtime-rs has virtio-fs, virtio-fs-nydus and none; give one of these"
        },
    },
    "go": {
        pattern: {new: f"the Go runtime calls that '{old}'; give that" for old, new in values.items()}
        for pattern, values in _VALUES.items()
    },
}

# Tables and keys of 1.x that went with its proxy and shim (configuration.toml.in of 1.11.5 beside that of 3.0.0).
_REFUSED_SINCE_2 = ("proxy", "shim", "netmon", "hypervisor.*.use_vsock")


class KataKeysError(ValueError):
    """A setting that the version or implementation does not have; the message says which and what to give instead."""


def settings(
    changes: Sequence[Mapping[str, Any]],
    implementation: str,
    version: str,
    *,
    base_text: str | None = None,
    sysctls: Mapping[str, Any] | None = None,
    hypervisor: str = "qemu",
    source: str = "configuration.toml",
) -> list[Json]:
    """Translate dictionaries of changes, named as in the Go runtime, for an implementation (go, rust) and version.

    `base_text` is the vendor's configuration.toml and `source` its path; it is needed with `sysctls` ({name: value}),
    which become one more change at the end (see kata_kernel_params). `hypervisor` is the table that settings go to
    which had none in Go. A null is only renamed: what a runtime lacks need not be deleted. Returns nested dictionaries
    for kata_toml.merge or fragment. Raises KataKeysError, KernelParamsError or TomlError.
    """
    if implementation not in IMPLEMENTATIONS:
        raise KataKeysError(f"the implementation is '{implementation}'; expected {' or '.join(IMPLEMENTATIONS)}.")
    numbers = _numbers(version)
    if implementation == "rust" and numbers < (3, 0, 0):
        raise KataKeysError(f"Kata {version} has no Rust runtime, which came with 3.0.0; choose go or a newer version.")
    base = parse(base_text or "", source)
    translated = []
    for change in changes:
        paths = by_path(change)
        _check_version(paths, version, numbers)
        if implementation == "rust":
            paths = _for_rust(paths, base, hypervisor)
        else:
            _check_go(paths)
        translated.append(nested(paths))
    if sysctls:
        if base_text is None:
            raise KataKeysError(
                "kernel settings for the guest need the text of the vendor's configuration.toml, whose kernel_params "
                "they are added to; give it as base_text."
            )
        translated.append(guest_sysctls_change(base_text, sysctls, translated, hypervisor=hypervisor, source=source))
    return translated


def _numbers(version: str) -> tuple[int, int, int]:
    found = re.match(r"(\d+)\.(\d+)\.(\d+)(?![\d.])", version)
    if found is None:
        raise KataKeysError(f"the version is '{version}'; expected one such as 1.11.5 or 4.1.0.")
    major, minor, patch = found.groups()
    return int(major), int(minor), int(patch)


def _patterns(path: Path) -> list[str]:
    """The path and the tables around it, as the tables above name them, the path itself last."""
    general = ("hypervisor", "agent", "proxy", "shim")
    parts = [path[0], "*", *path[2:]] if path[0] in general and len(path) > 1 else list(path)
    return [".".join(parts[:depth]) for depth in range(1, len(parts) + 1)]


def _refuse(path: Path, reason: str) -> KataKeysError:
    reason = reason.replace(".*.", f".{path[1]}." if path[0] in ("hypervisor", "agent") else ".*.")
    return KataKeysError(f"'{dotted(path)}': {reason}.")


def _check_version(paths: Mapping[Path, Any], version: str, numbers: tuple[int, int, int]) -> None:
    for path, value in paths.items():
        if value is None:
            continue  # what is not there need not be deleted
        if numbers >= (2, 0, 0) and any(pattern in _REFUSED_SINCE_2 for pattern in _patterns(path)):
            raise _refuse(path, f"Kata {version} does not have it, it went with 1.x; leave it out")
        fraction = isinstance(value, float) and not value.is_integer()
        # A float since https://github.com/kata-containers/kata-containers/pull/7623.
        if _patterns(path)[-1] == "hypervisor.*.default_vcpus" and fraction and numbers < (3, 3, 0):
            raise _refuse(path, f"Kata {version} takes whole numbers only, {value} was given; round it up")


def _check_go(paths: Mapping[Path, Any]) -> None:
    for path, value in paths.items():
        for pattern in _patterns(path):
            if pattern in _REFUSED_BY_GO and value is not None:
                raise _refuse(path, _REFUSED_BY_GO[pattern])
        _check_value("go", path, value)


def _check_value(implementation: str, path: Path, value: Any) -> None:
    reason = _REFUSED_VALUES[implementation].get(_patterns(path)[-1], {}).get(str(value))
    if reason:
        raise _refuse(path, f"the value is '{value}', and {reason}")


def _for_rust(paths: Mapping[Path, Any], base: Json, hypervisor: str) -> dict[Path, Any]:
    paths = _with_force_guest_pull(paths, base)
    translated: dict[Path, Any] = {}
    for path, value in paths.items():
        pattern = _patterns(path)[-1]
        if pattern in _REFUSED_BY_RUST and value is not None:
            raise _refuse(path, _REFUSED_BY_RUST[pattern])
        _check_value("rust", path, value)
        new_path = _rust_path(path, pattern, hypervisor)
        if new_path != path and new_path in paths:
            raise _refuse(path, f"runtime-rs calls it '{dotted(new_path)}', which is given as well; keep one")
        translated[new_path] = _rust_value(path, pattern, value)
    return translated


def _with_force_guest_pull(paths: Mapping[Path, Any], base: Json) -> dict[Path, Any]:
    """Turn Go's experimental_force_guest_pull into a name in the list runtime.experimental (same section)."""
    old, new = ("runtime", "experimental_force_guest_pull"), ("runtime", "experimental")
    others = {path: value for path, value in paths.items() if path != old}
    value = paths.get(old)
    if value is None:
        return others
    if not isinstance(value, bool):
        raise _refuse(old, f"the value is {value!r}, true or false was expected")
    features = others.get(new) or look_up(base, new)[1] or []
    if not isinstance(features, list):
        raise _refuse(new, f"the value is {features!r}, a list was expected")
    kept = [feature for feature in features if feature != "force_guest_pull"]
    return others | {new: [*kept, *(["force_guest_pull"] if value else [])]}


def _rust_path(path: Path, pattern: str, hypervisor: str) -> Path:
    new = (_RENAMED | _SECONDS_TO_MS).get(pattern)
    if new is None:
        return path
    table, *parts = new.split(".")
    names = {"hypervisor": hypervisor, "agent": "kata"}
    name = path[1] if path[0] == table else names[table]
    return (table, *(name if part == "*" else part for part in parts))


def _rust_value(path: Path, pattern: str, value: Any) -> Any:
    if pattern in _VALUES and isinstance(value, str):
        return _VALUES[pattern].get(value, value)
    if pattern not in _SECONDS_TO_MS or value is None:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refuse(path, f"the value is {value!r}, a number of seconds was expected")
    return round(1000 * value)
