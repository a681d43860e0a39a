# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What a platform promises, to be tested on each: a class with a fixture `platform` is all that a platform adds."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
NAME = "katabench-contract"
OPERATIONS = 1500


@dataclass(frozen=True)
class Platform:
    """A platform: its name, what an inventory says of it, how loaders reach a node, and what is left of a cluster."""

    name: str
    variables: dict[str, Any]
    reached_by: str
    left: Callable[[], list[str]]


class PlatformContract:
    """The tests that every platform passes."""

    @pytest.fixture(scope="class")
    def seen(self, platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
        """Go through the verbs and return what they handed out, with the directory of the load's files."""
        directory = tmp_path_factory.mktemp("contract")
        variables = {
            **platform.variables,
            "contract_platform": platform.name,
            "contract_name": NAME,
            "contract_dir": str(directory),
            "contract_reached_by": platform.reached_by,
        }
        command = [Path(sys.executable).with_name("ansible-playbook"), "tests/platform.yml", "-i", "localhost,"]
        options = ["-c", "local", "-e", json.dumps(variables)]
        done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return {**json.loads((directory / "seen.json").read_text()), "directory": directory}

    def test_it_deploys_nodes_that_are_up_and_measured(self, seen):
        assert seen["cluster"].keys() == {"name", "network", "nodes", "engine", "parity"}
        assert len(seen["cluster"]["nodes"]) == 2
        for node, measured in zip(seen["cluster"]["nodes"], seen["cluster"]["parity"], strict=True):
            assert {"name", "host", "address"} <= node.keys()
            assert measured["node"] == node["name"]
            assert measured["cpus"] == pytest.approx(1, rel=0.5)
            assert measured["memory_mib"] == pytest.approx(2048, rel=0.1)
        assert seen["cluster"]["engine"] == {"name": "cassandra", "version": "5.0.6"}

    def test_it_says_who_is_up_and_when_they_rest(self, seen):
        assert (seen["status"]["up_normal"], seen["status"]["total"]) == (2, 2)
        assert seen["settled"]["compactions_pending"] == 0
        assert seen["faults"] == []
        assert {start["node"] for start in seen["starts"]} == {node["name"] for node in seen["cluster"]["nodes"]}
        assert not any(start["failed"] for start in seen["starts"])

    def test_it_loads_and_says_how_that_ended(self, seen):
        (run,) = seen["runs"]
        assert (run["name"], run["rc"], run["interrupted"], run["timed_out"]) == ("write", 0, False, False)
        assert run["elapsed_s"] > 0
        assert run["started_at"] < run["finished_at"]

    def test_it_collects_every_file_whole_and_large_ones_compressed(self, seen):
        files = {path.name: path for path in (seen["directory"] / "write").iterdir()}
        assert {name.removesuffix(".gz") for name in files} >= {"stdout", "hdr", "samples"}
        printed = subprocess.run(["gzip", "-dc", files["stdout.gz"]], capture_output=True, text=True, check=True).stdout
        assert f"Total partitions          :      {OPERATIONS:,}" in printed
        assert printed.rstrip().endswith("END")

    def test_it_leaves_nothing(self, seen, platform):
        assert seen["runs"]
        assert platform.left() == []
