# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Roles that run on several operating systems know the same things of each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROLES = Path(__file__).parents[2] / "roles"
# Files of variables that are read by the name of a system's family, or of its release.
FAMILIES = ["Debian", "RedHat"]
RELEASES = sorted(path for path in ROLES.glob("*/vars/*.yml") if re.fullmatch(r"[A-Z][A-Za-z]+-\d+", path.stem))
SYSTEM_ROLES = sorted(path.parents[1].name for path in ROLES.glob("*/vars/Debian.yml"))


def names(path: Path) -> set[str]:
    return set(yaml.safe_load(path.read_text()))


def test_there_are_such_roles() -> None:
    assert SYSTEM_ROLES == ["docker", "gvisor", "host", "kata"]


@pytest.mark.parametrize("role", SYSTEM_ROLES)
def test_every_name_has_a_value_before_the_system_is_known(role: str) -> None:
    """Ansible looks at a role's options, and what they are made of, before its first task runs."""
    files = [path for path in (ROLES / role / "vars").glob("*.yml") if path.stem in FAMILIES or path in RELEASES]
    assert set().union(*map(names, files)) <= names(ROLES / role / "vars" / "main.yml")


@pytest.mark.parametrize("role", [role for role in SYSTEM_ROLES if (ROLES / role / "vars" / "RedHat.yml").exists()])
def test_families_are_known_equally_well(role: str) -> None:
    debian, redhat = (names(ROLES / role / "vars" / f"{family}.yml") for family in FAMILIES)
    assert debian == redhat


@pytest.mark.parametrize("path", RELEASES, ids=lambda path: f"{path.parents[1].name}-{path.stem}")
def test_a_release_differs_from_its_family_by_what_that_has(path: Path) -> None:
    family = path.with_name("Debian.yml" if path.stem.startswith(("Debian", "Ubuntu")) else "RedHat.yml")
    assert names(path) <= names(family)
