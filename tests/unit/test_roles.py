# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Each role is whole: its interface is described as it is, and the files that it names are there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

CLONE = Path(__file__).parents[2]
ROLES = sorted(path for path in (CLONE / "roles").iterdir() if path.is_dir())

# What names a file of the role: the module, its parameter, and the role's directory that the file is looked for in.
NAMED_FILES = [
    ("include_tasks", "file", "tasks"),
    ("import_tasks", "file", "tasks"),
    ("include_vars", "file", "vars"),
    ("template", "src", "templates"),
    ("copy", "src", "files"),
    ("script", "cmd", "files"),
]

every_role = pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)


def read(path: Path) -> Any:
    assert path.exists(), f"{path.relative_to(CLONE)} is missing"
    return yaml.safe_load(path.read_text())


def options(role: Path) -> dict[str, dict]:
    """Return the options of all entry points; where another one asks for more than main does, main's hold."""
    specs = read(role / "meta" / "argument_specs.yml")["argument_specs"]
    others = [specs[name] for name in specs if name != "main"]
    return {name: option for spec in [*others, specs["main"]] for name, option in spec.get("options", {}).items()}


def tasks(entries: list[dict]) -> Iterator[dict]:
    for entry in entries:
        yield entry
        for section in ("block", "rescue", "always"):
            yield from tasks(entry.get(section, []))


def named_files(task: dict) -> Iterator[tuple[str, str]]:
    for module, parameter, directory in NAMED_FILES:
        arguments = task.get(f"ansible.builtin.{module}")
        name = arguments.get(parameter) if isinstance(arguments, dict) else arguments
        remote = isinstance(arguments, dict) and arguments.get("remote_src")
        if isinstance(name, str) and "{{" not in name and not name.startswith("/") and not remote:
            yield directory, name


@every_role
def test_defaults_are_the_options_that_are_not_required(role: Path) -> None:
    optional = {name for name, option in options(role).items() if not option.get("required")}
    assert set(read(role / "defaults" / "main.yml") or {}) == optional


@every_role
def test_stated_defaults_are_the_real_ones(role: Path) -> None:
    defaults = read(role / "defaults" / "main.yml") or {}
    stated = {name: option["default"] for name, option in options(role).items() if "default" in option}
    assert stated == {name: defaults.get(name) for name in stated}


@every_role
def test_options_are_named_after_the_role(role: Path) -> None:
    assert [name for name in options(role) if not name.startswith(f"{role.name}_")] == []


@every_role
@pytest.mark.parametrize("file", ["README.md", "meta/main.yml", "tasks/main.yml"])
def test_role_has(role: Path, file: str) -> None:
    assert (role / file).is_file()


@every_role
def test_role_has_a_scenario(role: Path) -> None:
    scenario = CLONE / "molecule" / role.name
    assert [name for name in ("molecule.yml", "converge.yml", "verify.yml") if not (scenario / name).is_file()] == []


@every_role
def test_named_files_exist(role: Path) -> None:
    missing = [
        f"{path.relative_to(role)}: {name}"
        for path in [*role.glob("tasks/**/*.yml"), *role.glob("handlers/*.yml")]
        for task in tasks(read(path) or [])
        for directory, name in named_files(task)
        if not (role / directory / name).exists() and not (path.parent / name).exists()
    ]
    assert missing == []
