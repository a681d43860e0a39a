#!/usr/bin/env python3
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What Ansible adds on many hosts: provision and a campaign without load, beside as many calls of `ansible -m ping`.

    benchmarks/scale.py [--hosts N ...] [--all] [--fresh ROUNDS]

Hosts are containers that SSH really leads to, and whose engine answers at once (tests/stand_ins): what is left is what
Ansible, SSH and the collection take. On each number of hosts (1 and 5; --all: also 20 and 50) it runs provision twice
and a campaign of one cell a host, counts the commands that went over SSH, and compares with that many pings: calls of
`ansible -m ping` on the same hosts with the same settings, and tasks of one play, which is the sterner floor. At last
it provisions fresh hosts, their packages downloaded beforehand, in turns with a shell script over one SSH connection.

It needs a Docker engine (`make bench` leaves one), and for fifty hosts 4 GB of memory.
"""

from __future__ import annotations

import argparse
import collections
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / ".ansible" / "collections"))

from ansible_collections.katabench.scylla.tests.stand_ins.hosts import (  # noqa: E402 - the path comes first
    NO_LOAD,
    Hosts,
    fresh_hosts,
    run,
    stand_in_hosts,
)

BIN = Path(sys.executable).parent
FEW, MANY = [1, 5], [1, 5, 20, 50]
GOAL, AGAIN_GOAL, CELL_GOAL, FRESH_GOAL = 1.3, 40, 25, 1.5
CELLS_PLAY = "Run the campaign, no cluster waiting for another"
PINGS, CALLS = 10, 3
# What a host of Elastic Metal gets by default, installed from an archive that stands in for Kata's release.
KATA = {
    "bench_arms": ["runc", "kata", "kata-tuned"],
    "kata_install_method": "release",
    "kata_version": "3.32.0",
    "kata_checks": "warn",
    "kata_proof": "never",
}


@dataclass(frozen=True)
class Execution:
    """A command that went over SSH."""

    play: str
    task: str
    host: str
    waiting: bool
    began_s: float
    ended_s: float


@dataclass(frozen=True)
class Run:
    """A playbook that ran: how long it took, and what it sent over SSH."""

    elapsed_s: float
    executions: list[Execution]

    def a_host(self, hosts: int, executions: Sequence[Execution] | None = None) -> float:
        """Return how many executions a host had."""
        return len(self.executions if executions is None else executions) / hosts


def ansible(command: Sequence[str | Path], directory: Path) -> Run:
    """Run a command of Ansible's with the settings of the clone, and write down what goes over SSH."""
    log = directory / "executions.jsonl"
    log.unlink(missing_ok=True)
    environment = os.environ | {
        "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "benchmarks" / "callback_plugins"),
        "ANSIBLE_CALLBACKS_ENABLED": "katabench.scylla.campaign,remote_executions",
        "KATABENCH_REMOTE_EXECUTIONS": str(log),
        "PATH": f"{BIN}:{os.environ['PATH']}",
    }
    began_s = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    elapsed_s = time.monotonic() - began_s
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    lines = log.read_text().splitlines() if log.exists() else []
    return Run(elapsed_s, [Execution(**json.loads(line)) for line in lines])


def playbook(name: str | Path, hosts: Hosts, **variables: Any) -> Run:
    """Run a playbook of the clone on the hosts."""
    inventory = hosts.write_inventory(**NO_LOAD)
    command = ["ansible-playbook", name, "-i", inventory, "-e", json.dumps(variables)]
    return ansible(command, hosts.directory)


def pings_s(hosts: Hosts) -> tuple[float, float, float]:
    """Measure the floor, in seconds: a call of ping, a play of one ping, and each further ping of a play."""
    inventory = hosts.write_inventory()
    call = ["ansible", "all", "-i", inventory, "-m", "ping"]
    calls_s = [ansible(call, hosts.directory).elapsed_s for _ in range(CALLS)]
    plays_s = []
    for count in (1, 1 + PINGS):
        play = hosts.directory / f"ping-{count}.yml"
        tasks = [{"name": f"Ping {number}", "ansible.builtin.ping": {}} for number in range(count)]
        play.write_text(json.dumps([{"name": "Ping", "hosts": "all", "gather_facts": False, "tasks": tasks}]))
        plays_s.append(statistics.median(playbook(play, hosts).elapsed_s for _ in range(CALLS)))
    one_s, more_s = plays_s
    return statistics.median(calls_s), one_s, (more_s - one_s) / PINGS


def kata_release(directory: Path) -> dict[str, str]:
    """Make the archive that stands in for Kata's release; return the variables that name it."""
    run(sys.executable, ROOT / "molecule" / "kata_release" / "files" / "stand_in.py", directory)
    name = f"kata-static-{KATA['kata_version']}-amd64.tar.zst"
    sums = json.loads((directory / "sha256.json").read_text())
    return {"kata_release_archive": str(directory / name), "kata_release_sha256": sums[name]}


def measure(count: int) -> Run:
    """Measure and print so many hosts; return the campaign."""
    with stand_in_hosts(count) as hosts:
        arms = {**KATA, **kata_release(hosts.directory / "kata")}
        call_s, one_s, more_s = pings_s(hosts)
        print(
            f"{count:3} hosts  ping: a call {call_s:.2f} s, {call_s / count:.3f} s a host; "
            f"in one play {more_s:.2f} s, {more_s / count:.3f} s a host"
        )
        runs = {
            "provision": playbook("playbooks/provision.yml", hosts, **arms),
            "provision again": playbook("playbooks/provision.yml", hosts, **arms),
            "campaign": playbook("playbooks/campaign.yml", hosts, bench_results_dir=str(hosts.directory / "results")),
        }
        for name, one in runs.items():
            executions = one.a_host(count)
            calls = one.elapsed_s / (executions * call_s)
            play = one.elapsed_s / (one_s + (executions - 1) * more_s)
            print(
                f"           {name:15} {executions:5.1f} executions a host, {one.elapsed_s:6.1f} s, "
                f"{one.elapsed_s / executions / count:.3f} s each and host: {calls:.2f} times as many calls of ping "
                f"(goal: {GOAL}), {play:.2f} times a play of as many",
                flush=True,
            )
        again = runs["provision again"].a_host(count)
        print(f"           a second provision: {again:.1f} executions a host (goal: {AGAIN_GOAL})")
        return runs["campaign"]


def print_cell(campaign: Run) -> None:
    """Print what a cell sends over SSH, task by task; the campaign has one cell a host."""
    # Hosts are given back once a campaign.
    cell = [one for one in campaign.executions if one.play == CELLS_PLAY and "Unlock" not in one.task]
    hosts = len({one.host for one in cell})
    waiting = campaign.a_host(hosts, [one for one in cell if one.waiting])
    beyond = campaign.a_host(hosts, [one for one in cell if not one.waiting])
    print(f"A cell: {beyond:.1f} executions a host beyond the waiting (goal: {CELL_GOAL}), {waiting:.1f} that wait")
    for (task, waits), times in collections.Counter((one.task, one.waiting) for one in cell).items():
        print(f"  {times / hosts:5.1f}  {task}{'  (waits)' if waits else ''}")


def fresh_s(rounds: int) -> dict[str, list[float]]:
    """Provision fresh hosts by the playbook and by the shell script, in turns; return the seconds of each."""
    seconds: dict[str, list[float]] = {"playbook": [], "script": []}
    for number, way in itertools.product(range(rounds), seconds):
        with fresh_hosts(1) as hosts:
            script = [
                ROOT / "benchmarks" / "provision_by_hand.sh",
                hosts.hosts[0].address,
                hosts.key,
                hosts.known_hosts,
            ]
            subprocess.run([*script, "download"], check=True, capture_output=True)
            began_s = time.monotonic()
            if way == "script":
                subprocess.run([*script, "provision"], check=True, capture_output=True)
            else:
                # The images are the same bytes either way, and would hide the rest.
                inventory = hosts.write_inventory(**NO_LOAD)
                arms = json.dumps({"bench_arms": ["runc", "gvisor"]})
                ansible(
                    [
                        "ansible-playbook",
                        "playbooks/provision.yml",
                        "-i",
                        inventory,
                        "-e",
                        arms,
                        "--skip-tags",
                        "images",
                    ],
                    hosts.directory,
                )
            seconds[way].append(time.monotonic() - began_s)
        print(f"fresh host {number + 1}, {way}: {seconds[way][-1]:.1f} s", flush=True)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description="What Ansible adds on many hosts.")
    parser.add_argument("--hosts", type=int, nargs="*", default=FEW, help="numbers of hosts (1 and 5)")
    parser.add_argument("--all", action="store_true", help="1, 5, 20 and 50 hosts")
    parser.add_argument("--fresh", type=int, default=3, metavar="ROUNDS", help="fresh hosts of each way (3); 0: none")
    options = parser.parse_args()
    campaign = None
    for count in MANY if options.all else options.hosts:
        campaign = measure(count)
    if campaign:
        print_cell(campaign)
    if options.fresh:
        seconds = fresh_s(options.fresh)
        ours, hand = (statistics.median(seconds[way]) for way in ("playbook", "script"))
        print(
            f"provision of a fresh host {ours:.1f} s, by hand {hand:.1f} s, "
            f"ratio {ours / hand:.2f} (goal: {FRESH_GOAL})"
        )


if __name__ == "__main__":
    main()
