# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""scripts/step: what `make test` says at its end is what happened."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CLONE = Path(__file__).parents[2]
JUNIT = """\
<testsuites><testsuite>
<testcase name="good"/>
<testcase name="printed"><system-out>text</system-out></testcase>
<testcase name="bad"><failure message="wrong"/></testcase>
<testcase name="broken"><error message="raised"/></testcase>
<testcase name="skipped"><skipped message="elsewhere"/></testcase>
</testsuite></testsuites>
"""
ALL_GOOD = '<testsuites><testsuite><testcase name="good"/></testsuite></testsuites>'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "scripts").mkdir()
    shutil.copy(CLONE / "scripts" / "step", tmp_path / "scripts")
    return tmp_path


def step(project: Path, *arguments: str) -> tuple[int, list[str]]:
    command = [sys.executable, "scripts/step", *arguments]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def step_with_junit(project: Path, name: str, junit: str, status: int) -> int:
    script = f"printf '%s' '{junit}' >.cache/tests/{name}/junit.xml; exit {status}"
    return step(project, "run", name, "sh", "-c", script)[0]


def test_the_exit_code_of_a_step_is_its_commands(project: Path) -> None:
    assert step(project, "run", "one", "sh", "-c", "exit 3") == (3, [])


def test_a_command_without_junit_is_one_test(project: Path) -> None:
    step(project, "run", "good", "true")
    step(project, "run", "bad", "false")
    assert step(project, "count", "good", "bad")[1][-1] == "1 passed, 1 failed"
    assert step(project, "count", "good") == (
        0,
        ["good                         1 passed     0 failed      0 s", "1 passed, 0 failed"],
    )


def test_junit_is_counted_case_by_case(project: Path) -> None:
    assert step_with_junit(project, "unit", JUNIT, 1) == 1
    status, lines = step(project, "count", "unit")
    assert (status, lines[-1]) == (1, "2 passed, 2 failed")


def test_a_failure_that_junit_does_not_know_is_counted(project: Path) -> None:
    step_with_junit(project, "unit", ALL_GOOD, 2)
    assert step(project, "count", "unit")[1][-1] == "1 passed, 1 failed"


def test_a_step_that_never_ran_has_failed(project: Path) -> None:
    status, lines = step(project, "count", "unit")
    assert (status, lines[-1]) == (1, "0 passed, 1 failed")
    assert lines[0].endswith(" - s")


def test_what_an_earlier_run_left_does_not_count(project: Path) -> None:
    step_with_junit(project, "unit", JUNIT, 1)
    step(project, "run", "unit", "true")
    assert step(project, "count", "unit")[1][-1] == "1 passed, 0 failed"


def test_a_step_has_no_terminal(project: Path) -> None:
    assert step(project, "run", "one", "sh", "-c", "! read -r line") == (0, [])


def test_the_end_says_what_was_wrong(project: Path) -> None:
    expected, broken = ([f"TASK [{what}]", "| fatal: [host]: FAILED!", f"|     msg: {what}"] for what in ("one", "two"))
    lines = [*expected, *(f"between {n}" for n in range(40)), *broken, *(f"later {n}" for n in range(40))]
    script = "printf '%s\\n' \"$@\"; exit 2"
    assert step(project, "run", "scenario", "sh", "-c", script, "sh", *lines) == (2, lines)
    step(project, "run", "silent", "sh", "-c", "echo the last line; exit 1")
    said = step(project, "count", "scenario", "silent")[1]
    shown = [*lines[:9], *lines[43:52]]
    assert said[2:] == ["", "scenario:", *shown, "", "silent:", "the last line", "0 passed, 2 failed"]


def test_what_a_command_leaves_running_is_not_waited_for(project: Path) -> None:
    assert step(project, "run", "one", "sh", "-c", "echo seen; sleep 20 &") == (0, ["seen"])
