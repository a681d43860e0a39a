# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Docker's daemon.json: merge our options into somebody's file, and take them out again.

A *ledger* remembers every value that a merge set and what stood there before, so that a removal gives back the file as
it was. Its form, stored as JSON beside the engine's own state::

    {"settings": [{"path": ["log-opts", "max-size"], "value": "10m", "before": "1m"},
                  {"path": ["runtimes", "gvisor"], "value": {"path": "/usr/local/bin/wrapper"}}],
     "packages": ["docker.io"]}

An entry without ``before`` set a key that was not there. Formats: the reference page of `dockerd`, section "Daemon
configuration file".
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

Json = dict[str, Any]


class Texts(TypedDict):
    """What is to be written, and what of it a running engine takes over only when it starts again."""

    config: str
    ledger: str
    restart_needed: list[str]


# Options whose type dockerd insists on, by the JSON type it wants. An option that is not here is not judged.
_TYPES: dict[str, type] = {
    "bridge": str,
    "cgroup-parent": str,
    "containerd": str,
    "data-root": str,
    "debug": bool,
    "default-runtime": str,
    "default-shm-size": str,
    "default-ulimits": dict,
    "dns": list,
    "dns-opts": list,
    "dns-search": list,
    "exec-opts": list,
    "exec-root": str,
    "experimental": bool,
    "features": dict,
    "group": str,
    "hosts": list,
    "insecure-registries": list,
    "ip": str,
    "iptables": bool,
    "ipv6": bool,
    "labels": list,
    "live-restore": bool,
    "log-driver": str,
    "log-level": str,
    "log-opts": dict,
    "max-concurrent-downloads": int,
    "max-concurrent-uploads": int,
    "mtu": int,
    "pidfile": str,
    "registry-mirrors": list,
    "runtimes": dict,
    "selinux-enabled": bool,
    "shutdown-timeout": int,
    "storage-driver": str,
    "storage-opts": list,
    "userland-proxy": bool,
    "userns-remap": str,
}
_TYPE_NAMES = {bool: "true or false", dict: "an object", int: "a whole number", list: "a list", str: "a string"}

# What dockerd takes over on SIGHUP (reference page of dockerd, "Configuration reload behavior").
RELOADABLE = frozenset(
    {
        "allow-nondistributable-artifacts",
        "cluster-advertise",
        "cluster-store",
        "cluster-store-opts",
        "debug",
        "default-runtime",
        "features",
        "insecure-registries",
        "labels",
        "live-restore",
        "max-concurrent-downloads",
        "max-concurrent-uploads",
        "max-download-attempts",
        "registry-mirrors",
        "runtimes",
        "shutdown-timeout",
    }
)


class DaemonConfigError(ValueError):
    """A file, option or runtime that cannot be used; the message says which, where and what to do."""


def parse(text: str, source: str) -> Json:
    """Read the text of a JSON object; an empty text is an empty object.

    `source` is the file's path, for messages. Raises DaemonConfigError with line and column.
    """
    if not text.strip():
        return {}
    try:
        value = json.loads(text, object_pairs_hook=_unique_keys)
    except json.JSONDecodeError as error:
        raise DaemonConfigError(
            f"{source} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}. "
            "Nothing was written; correct the file and run again."
        ) from error
    except DaemonConfigError as error:
        raise DaemonConfigError(f"{source}: {error} Nothing was written.") from error
    if not isinstance(value, dict):
        raise DaemonConfigError(
            f"{source} holds {_type_name(value)} at line 1, column 1, where an object was expected: {{…}}. "
            "Nothing was written."
        )
    return value


def merge(
    text: str,
    ledger_text: str,
    options: Mapping[str, Any],
    runtimes: Mapping[str, Any],
    packages: Sequence[str] = (),
    *,
    source: str = "daemon.json",
    ledger_source: str = "the ledger",
) -> Texts:
    """Merge options and runtimes into the text of daemon.json.

    Objects are merged key by key, anything else is replaced; a runtime is replaced as a whole. Keys and values that are
    not named keep their place. A text that needs no change comes back as it was, byte for byte. Raises
    DaemonConfigError.
    """
    if "runtimes" in options:
        raise DaemonConfigError("the daemon options hold 'runtimes': name runtimes in docker_runtimes instead.")
    config = parse(text, source)
    ledger = _read_ledger(ledger_text, ledger_source)
    wanted = [*_leaves(options), *((("runtimes", name), runtime) for name, runtime in runtimes.items())]

    merged = copy.deepcopy(config)
    for path, value in wanted:
        if value == {} and isinstance(_get(merged, path)[1], dict):
            continue  # nothing to merge into an object that is there
        _remember(ledger["settings"], path, value, config)
        _set(merged, path, value, source)
    ledger["packages"] += [name for name in packages if name not in ledger["packages"]]
    check(merged, source)
    return _texts(text, config, merged, ledger_text, ledger)


def remove(
    text: str,
    ledger_text: str,
    runtimes: Iterable[str] | None = None,
    *,
    source: str = "daemon.json",
    ledger_source: str = "the ledger",
) -> Texts:
    """Take out what earlier merges set: the named runtimes, or with None every setting.

    A value that was changed since by somebody else stays, and so does what the ledger does not know. An empty table of
    runtimes stays where there was one, so that a reload forgets them. A configuration or
    ledger with nothing left in it is an empty text. Raises DaemonConfigError.
    """
    config = parse(text, source)
    ledger = _read_ledger(ledger_text, ledger_source)
    names = None if runtimes is None else set(runtimes)
    chosen = [
        entry
        for entry in ledger["settings"]
        if names is None or (entry["path"][0] == "runtimes" and entry["path"][1] in names)
    ]

    left = copy.deepcopy(config)
    for entry in chosen:
        _restore(left, entry)
    if "runtimes" in config:
        # Without the key dockerd keeps its old table on SIGHUP (daemon/reload.go: IsValueSet("runtimes")).
        left.setdefault("runtimes", {})
    ledger["settings"] = [entry for entry in ledger["settings"] if entry not in chosen]
    check(left, source)
    return _texts(text, config, left, ledger_text, ledger)


def check(config: Mapping[str, Any], source: str) -> None:
    """Judge types, runtimes and the default runtime as dockerd does when it starts. Raises DaemonConfigError."""
    for key, value in config.items():
        wanted = _TYPES.get(key)
        # bool is a subclass of int, and dockerd takes neither for the other.
        fits = wanted is None or (isinstance(value, wanted) and not (wanted is int and isinstance(value, bool)))
        if wanted is not None and not fits:
            raise DaemonConfigError(
                f"{source}: option '{key}' would be {_type_name(value)}, dockerd expects {_TYPE_NAMES[wanted]}."
            )
    for name, runtime in config.get("runtimes", {}).items():
        _check_runtime(name, runtime, source)
    default = config.get("default-runtime", "runc")
    known = {"runc", *config.get("runtimes", {})}
    if default not in known and not default.startswith("io.containerd."):
        raise DaemonConfigError(
            f"{source}: default-runtime is '{default}', which is not among the runtimes {', '.join(sorted(known))}."
        )


def _check_runtime(name: str, runtime: Any, source: str) -> None:
    example = 'for example {"path": "/usr/bin/runsc", "runtimeArgs": ["--platform=ptrace"]}'
    if name == "runc":
        raise DaemonConfigError(f"{source}: the name 'runc' belongs to Docker's own runtime; choose another name.")
    if not isinstance(runtime, dict):
        raise DaemonConfigError(f"{source}: runtime '{name}' is {_type_name(runtime)}, expected an object, {example}.")
    if not isinstance(runtime.get("path") or runtime.get("runtimeType"), str):
        raise DaemonConfigError(f"{source}: runtime '{name}' has no 'path' (nor 'runtimeType'), {example}.")
    arguments = runtime.get("runtimeArgs", [])
    if not isinstance(arguments, list) or not all(isinstance(argument, str) for argument in arguments):
        raise DaemonConfigError(f"{source}: runtimeArgs of runtime '{name}' is not a list of strings, {example}.")


def _unique_keys(pairs: list[tuple[str, Any]]) -> Json:
    """Refuse a key that stands twice: writing the file again would lose one of the two."""
    keys = [key for key, _value in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise DaemonConfigError(f"the key '{key}' stands twice in one object; keep one of the two.")
    return dict(pairs)


def _leaves(options: Mapping[str, Any], above: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    leaves: list[tuple[tuple[str, ...], Any]] = []
    for key, value in options.items():
        if isinstance(value, Mapping) and value:
            leaves += _leaves(value, (*above, key))
        else:
            leaves.append(((*above, key), value))
    return leaves


def _remember(settings: list[Json], path: tuple[str, ...], value: Any, config: Json) -> None:
    present, before = _get(config, path)
    known = next((entry for entry in settings if entry["path"] == list(path)), None)
    if known is not None:
        known["value"] = value
    elif not present or before != value:
        settings.append({"path": list(path), "value": value} | ({"before": before} if present else {}))


def _get(config: Json, path: Sequence[str]) -> tuple[bool, Any]:
    place: Any = config
    for key in path:
        if not isinstance(place, dict) or key not in place:
            return False, None
        place = place[key]
    return True, place


def _set(config: Json, path: Sequence[str], value: Any, source: str) -> None:
    place = config
    for key in path[:-1]:
        place = place.setdefault(key, {})
        if not isinstance(place, dict):
            raise DaemonConfigError(
                f"{source}: '{key}' is {_type_name(place)}, but keys below it were asked for ({'.'.join(path)})."
            )
    place[path[-1]] = value


def _restore(config: Json, entry: Json) -> None:
    path = entry["path"]
    present, value = _get(config, path)
    if not present or value != entry["value"]:
        return
    if "before" in entry:
        _set(config, path, entry["before"], "daemon.json")
        return
    # Objects that became empty with the key go as well.
    for depth in range(len(path), 0, -1):
        _present, parent = _get(config, path[: depth - 1])
        if depth == len(path) or not parent[path[depth - 1]]:
            del parent[path[depth - 1]]


def _read_ledger(text: str, source: str) -> Json:
    return {"settings": [], "packages": []} | parse(text, source)


def _texts(config_text: str, before: Json, after: Json, ledger_text: str, ledger: Json) -> Texts:
    changed = {key for key in {*before, *after} if before.get(key) != after.get(key)}
    return {
        "config": _rewrite(config_text, before, after),
        "ledger": _rewrite(ledger_text, parse(ledger_text, "the ledger"), ledger if any(ledger.values()) else {}),
        "restart_needed": sorted(changed - RELOADABLE),
    }


def _rewrite(text: str, before: Json, after: Json) -> str:
    if after == before:
        return text
    return json.dumps(after, indent=4, ensure_ascii=False) + "\n" if after else ""


def _type_name(value: Any) -> str:
    if value is None:
        return "null"
    return next((name for kind, name in _TYPE_NAMES.items() if isinstance(value, kind)), "a number")
