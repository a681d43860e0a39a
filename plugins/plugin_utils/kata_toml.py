# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Kata's configuration.toml: merge changes into its text, or write them as a drop-in.

Changes are dictionaries whose keys are TOML dotted keys, at any depth. These are the same::

    {"hypervisor.qemu.default_vcpus": 4}
    {"hypervisor.qemu": {"default_vcpus": 4}}
    {"hypervisor": {"qemu": {"default_vcpus": 4}}}
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.katabench.scylla.plugins.plugin_utils.toml_statements import (
    Json,
    Path,
    TomlError,
    dotted,
    drop,
    find,
    leaves,
    look_up,
    parse,
    put,
    rendered,
    same,
    write,
)

_KEY_PART = r"""[ \t]*(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')[ \t]*"""
_KEY = re.compile(rf"{_KEY_PART}(?:\.{_KEY_PART})*")

# Floats in Kata, though files often give them whole: default_vcpus since 3.3 (kata-containers PR 7623), and
# overhead_vcpus in runtime-rs (its page "How to size overhead_*").
_FRACTIONAL_KEYS = frozenset({"default_vcpus", "overhead_vcpus"})

_FRAGMENT_HEADER = "# Written by katabench.scylla from kata_config and kata_profiles; change it there.\n"


def merge(text: str, *changes: Mapping[str, Any], source: str = "configuration.toml") -> str:
    """Merge changes, in order, into the text of a TOML file; `source` is its path, for messages.

    A null deletes what is there: a deleted table takes its keys with it, while comments on lines of their own stay. An
    empty dictionary asks for nothing. Lists are replaced as a whole. A value keeps its type: where the file has a
    float, 4 is written as 4.0, and where it has a whole number, 4.0 as 4; 1.5 is taken there only for keys that Kata
    reads as floats. What is not named stays byte for byte, and a text that needs no change comes back as it was. Raises
    TomlError.
    """
    merged: str = write(text, _wanted(text, changes, source), source)
    return merged


def fragment(base_text: str, *changes: Mapping[str, Any], source: str = "configuration.toml") -> str:
    """Write the text of a drop-in file for config.d, which Kata lays over the base text.

    It holds what the changes make different from the base text, in the base text's order, and is judged against it as
    `merge` does. `source` is the base file's path. Raises TomlError, also where a key is to be deleted.
    """
    before, after = leaves(parse(base_text, source)), leaves(_wanted(base_text, changes, source))
    for path in before:
        if path not in after:
            raise TomlError(
                f"{_place(base_text, path, source)}: '{dotted(path)}' was to be deleted, and a drop-in file cannot "
                "delete; give it the value that it has by default."
            )
    changed: Json = {}
    for path, value in after.items():
        if path not in before or not same(before[path], value):
            put(changed, path, value)
    drop_in: str = write(_FRAGMENT_HEADER, changed, "the drop-in file")
    return drop_in


def by_path(changes: Mapping[str, Any]) -> dict[Path, Any]:
    """Read a dictionary of changes: {("hypervisor", "qemu", "path"): "/usr/bin/qemu"}, however its keys are written.

    Values are strings, numbers, booleans and lists of them, None for a deletion, {} for a table of which nothing is
    asked. Raises TomlError on what is no TOML, on a key that is given twice, and on one that has both a value and
    keys.
    """
    paths: dict[Path, Any] = {}
    for path, value in _spelled(changes):
        if path in paths and not same(paths[path], value):
            raise TomlError(
                f"the changes give '{dotted(path)}' twice, {_described(paths[path])} and {_described(value)}; "
                "keep one of the two."
            )
        paths[path] = value
    for path in paths:
        for depth in range(1, len(path)):
            above = paths.get(path[:depth], {})
            if above != {}:
                raise TomlError(
                    f"the changes give '{dotted(path[:depth])}' both {_described(above)} and the key "
                    f"'{dotted(path)}'; keep one of the two."
                )
    return paths


def nested(paths: Mapping[Path, Any]) -> Json:
    """Turn what `by_path` read into nested dictionaries, whose keys are TOML keys again."""
    tree: Json = {}
    for path, value in paths.items():
        put(tree, tuple(dotted((part,)) for part in path), value)
    return tree


def _spelled(changes: Mapping[str, Any], above: Path = ()) -> Iterator[tuple[Path, Any]]:
    for key, value in changes.items():
        path = above + _key_parts(key)
        if isinstance(value, Mapping) and value:
            yield from _spelled(value, path)
        else:
            yield path, None if value is None else _plain(value, path)


def _key_parts(key: Any) -> Path:
    if not isinstance(key, str):
        raise TomlError(f"the key {key!r} is {_kind(key)}; keys are strings, so write it in quotes.")
    try:
        if not _KEY.fullmatch(key):
            raise TomlError(f"'{key}' is not a TOML key; put parts with other characters than A-Za-z0-9_- in quotes.")
        place = tomllib.loads(f"{key} = {{}}")
    except tomllib.TOMLDecodeError:
        raise TomlError(f"'{key}' is not a TOML key; a part in quotes has a wrong escape.") from None
    path: Path = ()
    while place:
        part, place = next(iter(place.items()))
        path += (part,)
    return path


def _plain(value: Any, path: Path) -> Any:
    """Strip what a caller's own string and number types carry; a list's dictionaries become inline tables."""
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item, path) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, path) for item in value]
    raise TomlError(
        f"'{dotted(path)}' was given {_kind(value)}; expected a string, a number, true or false, a list or a table."
    )


def _wanted(text: str, changes: tuple[Mapping[str, Any], ...], source: str) -> Json:
    """What the text is to say after the changes."""
    wanted = parse(text, source)
    for change in changes:
        for path, value in by_path(change).items():
            if value is None:
                drop(wanted, path)
                continue
            fitting = _fitting(wanted, text, path, value, source)
            if fitting != {} or not look_up(wanted, path)[0]:
                put(wanted, path, fitting)
    return wanted


def _fitting(data: Json, text: str, path: Path, value: Any, source: str) -> Any:
    """Check the value against what stands at its path, and give a number the type that stands there."""
    for depth in range(1, len(path)):
        present, above = look_up(data, path[:depth])
        if present and not isinstance(above, dict):
            raise TomlError(
                f"{_place(text, path[:depth], source)}: '{dotted(path[:depth])}' is {_described(above)}, so it cannot "
                f"hold '{dotted(path)}'. Nothing was written; name another key."
            )
    present, before = look_up(data, path)
    if not present:
        return value
    statement = find(text, path, source) if isinstance(before, list) else None
    if statement and statement.kind == "table":
        raise TomlError(
            f"{source}, line {statement.line}: '{dotted(path)}' is an array of tables, which is not edited. "
            "Nothing was written; change the file by hand."
        )
    kinds = (_kind(before), _kind(value))
    if kinds == ("a fraction", "a whole number"):
        return float(value)
    if kinds == ("a whole number", "a fraction") and value.is_integer():
        return int(value)
    if kinds == ("a whole number", "a fraction") and path[-1] in _FRACTIONAL_KEYS:
        return value
    if not _fits(before, value):
        raise TomlError(
            f"{_place(text, path, source)}: '{dotted(path)}' is {_described(before)}, {_described(value)} was given. "
            f"Nothing was written; {'name a key in it' if isinstance(before, dict) else 'keep the type'}."
        )
    return value


def _place(text: str, path: Path, source: str) -> str:
    statement = find(text, path, source)
    return f"{source}, line {statement.line}" if statement else f"{source}, in an earlier change"


def _fits(before: Any, value: Any) -> bool:
    """Tell whether a value has the type of the one before, and a list's items that of those before."""
    if isinstance(before, list) and isinstance(value, list) and before:
        return {_kind(item) for item in value} <= {_kind(item) for item in before}
    return _kind(before) == _kind(value)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    kinds = (
        (bool, "true or false"),
        (int, "a whole number"),
        (float, "a fraction"),
        (str, "a string"),
        (list, "a list"),
        (Mapping, "a table"),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), f"a value of type {type(value).__name__}")


def _described(value: Any) -> str:
    if value is None or isinstance(value, Mapping):
        return _kind(value)
    text = rendered(value)
    return text if isinstance(value, bool) else f"{_kind(value)} ({text})"
