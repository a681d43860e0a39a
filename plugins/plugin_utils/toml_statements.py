# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The text of a TOML file as its statements, each of which is edited by itself, so that all others keep their bytes.

In a whole document tomlkit moves comments when keys are added, and cannot reach every table that is defined out of
order; in a single statement it has nothing to move. The standard library's tomllib, which only reads, says where
statements end. Format: TOML 1.0.0.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

Path = tuple[str, ...]
Json = dict[str, Any]


class TomlError(ValueError):
    """A text, key or value that cannot be used; the message says which, where and what to do."""


@dataclass(frozen=True)
class Statement:
    """A statement, or one line without any: a comment, a blank line (kind none)."""

    text: str
    line: int = 0
    kind: Literal["none", "table", "value"] = "none"
    path: Path = ()
    # What the header says that it stands below.
    table: Path = ()


def parse(text: str, source: str) -> Json:
    """Read a TOML text; `source` is the file's path, for messages. Raises TomlError with line and column."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason, line, column = _located(str(error), text)
        raise TomlError(
            f"{source} is not TOML: line {line}, column {column}: {reason}. "
            "Nothing was written; correct the file and run again."
        ) from error


def write(text: str, wanted: Json, source: str) -> str:
    """Change a TOML text so that it reads as `wanted`; `source` is its path, for messages.

    Statements whose values stay keep their bytes, and so do comments. New keys come below the last one of their table,
    new tables at the end. Raises TomlError.
    """
    data = parse(text, source)
    if same(data, wanted):
        return text
    newline = "\r\n" if "\r\n" in text else "\n"
    present, after = leaves(data), leaves(wanted)
    statements = [new for old in _cut(text, source) if (new := _rewritten(old, data, wanted)) is not None]
    inline = {statement.path for statement in statements if statement.kind == "value"}
    for path, value in after.items():
        if path not in present and not any(path[:depth] in inline for depth in range(len(path))):
            _insert(statements, path, value, newline)
    result = "".join(statement.text for statement in statements)
    if not _reads_as(result, wanted):
        # Only a change of an array of tables is known to come here; nothing wrong may be written in any case.
        keys = [path for path in present | after if path not in present or path not in after]
        keys += [path for path in present.keys() & after.keys() if not same(present[path], after[path])]
        raise TomlError(
            f"{source}: {', '.join(repr(dotted(path)) for path in sorted(keys))} cannot be changed without touching "
            "other keys. Nothing was written; change the file by hand."
        )
    return result


def find(text: str, path: Path, source: str) -> Statement | None:
    """The statement that sets a path: its own, that of its first key, or the inline table around it."""
    statements = [statement for statement in _cut(text, source) if statement.kind != "none"]
    own = (statement for statement in statements if statement.path == path)
    around = (
        statement
        for statement in statements
        if statement.path[: len(path)] == path
        or (statement.kind == "value" and path[: len(statement.path)] == statement.path)
    )
    return next(own, None) or next(around, None)


def dotted(path: Path) -> str:
    """Write a path as a TOML key: hypervisor.qemu."a key"."""
    import tomlkit

    return tomlkit.key(path).as_string()


def rendered(value: Any) -> str:
    """Write a value as TOML; dictionaries become inline tables."""
    text: str = _item(value).as_string()
    return text


def leaves(data: Json, above: Path = ()) -> dict[Path, Any]:
    """Every value by its path; a table without any says nothing."""
    found: dict[Path, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            found |= leaves(value, (*above, key))
        else:
            found[*above, key] = value
    return found


def same(one: Any, other: Any) -> bool:
    """Compare as TOML does: there 1, 1.0 and true differ, and the order of a table's keys says nothing."""
    if isinstance(one, dict) and isinstance(other, dict):
        one, other = leaves(one), leaves(other)
        return one.keys() == other.keys() and all(same(one[path], other[path]) for path in one)
    return repr(one) == repr(other)


def look_up(data: Json, path: Path) -> tuple[bool, Any]:
    """Whether there is something at a path, and what."""
    place: Any = data
    for part in path:
        if not isinstance(place, dict) or part not in place:
            return False, None
        place = place[part]
    return True, place


def put(data: Json, path: Path, value: Any) -> None:
    """Set a path, making the tables that it needs."""
    *above, key = path
    for part in above:
        data = data.setdefault(part, {})
    data[key] = value


def drop(data: Json, path: Path) -> None:
    """Take a path out, if it is there."""
    _present, parent = look_up(data, path[:-1])
    if isinstance(parent, dict):
        parent.pop(path[-1], None)


def _cut(text: str, source: str) -> Iterator[Statement]:
    """Cut a text that parses into its statements: the shortest runs of lines that parse by themselves."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    table: Path = ()
    arrays: set[Path] = set()
    start = 0
    while start < len(lines):
        end, content = _statement(lines, start)
        statement = Statement("".join(lines[start:end]), start + 1)
        if content and statement.text.lstrip().startswith("["):
            table, is_array = _header(content)
            if is_array:
                arrays.add(table)
            statement = replace(statement, kind="table", path=table, table=table)
        elif content:
            statement = replace(statement, kind="value", path=table + _key(statement, source), table=table)
        for depth in range(1, len(statement.path) + 1):
            if statement.path[:depth] in arrays:
                # Whatever an array of tables holds stays or goes with it.
                statement = replace(statement, kind="table", path=statement.path[:depth])
                break
        yield statement
        start = end


def _statement(lines: list[str], start: int) -> tuple[int, Json]:
    for end in range(start + 1, len(lines)):
        try:
            return end, tomllib.loads("".join(lines[start:end]))
        except tomllib.TOMLDecodeError:
            continue  # a string or list goes on in the next line
    return len(lines), tomllib.loads("".join(lines[start:]))


def _header(content: Json) -> tuple[Path, bool]:
    path: Path = ()
    place: Any = content
    while isinstance(place, dict) and place:
        part, place = next(iter(place.items()))
        path += (part,)
    return path, isinstance(place, list)


def _key(statement: Statement, source: str) -> Path:
    """Read a statement's key, which tomllib does not tell from the keys of an inline table."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError
    from tomlkit.items import Table

    try:
        place: Any = tomlkit.parse(statement.text)
    except TOMLKitError as error:
        raise TomlError(
            f"{source}, line {statement.line}: {error}. Nothing was written; change the file by hand."
        ) from error
    path: Path = ()
    while isinstance(place, tomlkit.TOMLDocument | Table):
        part, place = next(iter(place.items()))
        path += (str(part),)
    return path


def _rewritten(statement: Statement, data: Json, wanted: Json) -> Statement | None:
    """The statement as it is to be written; None when it goes."""
    import tomlkit

    if statement.kind == "none":
        return statement
    present, value = look_up(wanted, statement.path)
    if not present or (statement.kind == "table" and not isinstance(value, dict | list)):
        return None
    if statement.kind == "table" or same(value, look_up(data, statement.path)[1]):
        return statement
    document = tomlkit.parse(statement.text)
    place: Any = document
    *above, key = statement.path[len(statement.table) :]
    for part in above:
        place = place[part]
    _set_item(place, key, value)
    return replace(statement, text=document.as_string())


def _set_item(table: Any, key: str, value: Any) -> None:
    """Set a key of a tomlkit table; in an inline table only the keys that differ."""
    before = table.unwrap().get(key)
    if not isinstance(value, dict) or not isinstance(before, dict):
        table[key] = _item(value)
        return
    for part in before.keys() - value.keys():
        del table[key][part]
    for part, item in value.items():
        if part not in before or not same(before[part], item):
            _set_item(table[key], part, item)


def _item(value: Any) -> Any:
    """Make a tomlkit item; dictionaries become inline tables, also in lists."""
    import tomlkit

    if isinstance(value, list):
        array = tomlkit.array()
        for item in value:
            array.append(_item(item))
        return array
    if isinstance(value, dict):
        table = tomlkit.inline_table()
        for key, item in value.items():
            table.append(key, _item(item))
        return table
    return tomlkit.item(value)


def _insert(statements: list[Statement], path: Path, value: Any, newline: str) -> None:
    """Add a key below the last one of its table, in the manner of its neighbour; else in a new table at the end."""
    parent = path[:-1]
    neighbour = _neighbour(statements, parent)
    if neighbour is not None:
        after = statements[neighbour]
        indent = after.text[: len(after.text) - len(after.text.lstrip(" \t"))]
        line = f"{indent}{dotted(path[len(after.table) :])} = {rendered(value)}"
        line = line + newline if after.text.endswith("\n") else newline + line
        statements.insert(neighbour + 1, Statement(line, kind="value", path=path, table=after.table))
    elif parent:
        _end_line(statements, newline)
        statements += [Statement(newline)] if statements else []
        statements.append(Statement(f"[{dotted(parent)}]{newline}", kind="table", path=parent, table=parent))
        _insert(statements, path, value, newline)
    else:
        line = f"{dotted(path)} = {rendered(value)}{newline}"
        _insert_above_tables(statements, Statement(line, kind="value", path=path), newline)


def _neighbour(statements: list[Statement], table: Path) -> int | None:
    """Where a table's last key is, else its header; else, because dotted keys allow no header, the last of those."""
    values = [index for index, statement in enumerate(statements) if statement.kind == "value"]
    own = [index for index in values if statements[index].path[:-1] == table]
    headers = [index for index, each in enumerate(statements) if each.kind == "table" and each.path == table]
    below = [index for index in values if statements[index].path[: len(table)] == table]
    by_dotted_keys = [index for index in below if len(statements[index].table) < len(table)]
    return next((indices[-1] for indices in (own, headers, by_dotted_keys) if indices), None)


def _insert_above_tables(statements: list[Statement], statement: Statement, newline: str) -> None:
    tables = [index for index, each in enumerate(statements) if each.kind == "table"]
    if not tables:
        _end_line(statements, newline)
        statements.append(statement)
        return
    index = tables[0]
    while index and statements[index - 1].text.strip():
        index -= 1  # a comment belongs to what is below it
    statements[index:index] = [statement, Statement(newline)]


def _end_line(statements: list[Statement], newline: str) -> None:
    if statements and not statements[-1].text.endswith("\n"):
        statements.append(Statement(newline))


def _reads_as(text: str, wanted: Json) -> bool:
    try:
        return same(tomllib.loads(text), wanted)
    except tomllib.TOMLDecodeError:
        return False


def _located(message: str, text: str) -> tuple[str, int, int]:
    """Split tomllib's message into reason, line and column; Python 3.11 has them in the text only."""
    reason, _at, place = message.rpartition(" (at ")
    numbers = re.findall(r"\d+", place)
    if len(numbers) == 2:
        return reason, int(numbers[0]), int(numbers[1])
    lines = text.split("\n")
    return reason, len(lines), len(lines[-1]) + 1
