# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Whole campaigns on this machine: the real engine, the real database, the real load generator.

Every run has a name and a port of its own, so that it meets nothing that is already here.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import ansible_runner
import pytest
import yaml

ROOT = Path(__file__).parents[2]
# What molecule's scenarios share; the database's image is built with it before any test runs.
SHARED = yaml.safe_load((ROOT / "molecule" / "shared" / "vars" / "main.yml").read_text())
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
NAME = "katabench-e2e"
PORT = 29042
OPERATIONS = 3000
CLOSED = {"operations": OPERATIONS, "threads": 20}
# A ladder of one rung is as much of a ladder as a test needs.
WORKLOADS = [
    {"name": "write", "operation": "write", **CLOSED},
    {"name": "read", "operation": "read", **CLOSED},
    {
        "name": "read-ladder",
        "operation": "read",
        "duration_s": 8,
        "threads": 20,
        "ladder": {"of": "read", "fractions": [0.6]},
        "options": ["-pop", f"dist=uniform(1..{OPERATIONS})"],
    },
]
RUNG = "read@0.6"
LIMIT_S = 3000  # a machine that other tests keep busy takes its time
# The fixture host has prepared this machine.
PREPARED = ["--skip-tags", "host,docker,gvisor,kata,images"]
# A machine that can carry virtual machines would download Kata's release, which is no test's to do.
UNABLE = not {"vmx", "svm"} & set(Path("/proc/cpuinfo").read_text().split())


def settings(results_dir, **changes):
    """Return the variables of a campaign that fits a test."""
    return {
        "bench_name": NAME,
        "bench_cql_port": PORT,
        "bench_results_dir": str(results_dir),
        "bench_profiles": {"tiny": {"replicates": 1, "operations": OPERATIONS, "threads": 20}},
        "bench_profile": "tiny",
        "bench_attribution": False,
        "bench_arms_where_able": ["kata", "kata-tuned"] if UNABLE else [],
        # A shared test machine has neighbours, and is not waited for; what is refused and marked is tested by itself.
        "bench_parity_band": 0.9,
        "bench_quiet": {"cpu_busy_share": None, "steal_share": None, "clock_synchronised": None},
        "scylla_settle_cpu_busy_share": 1,
        "images_embedded_java_options": SHARED["images_embedded_java_options"],
        **changes,
    }


def start(playbook, variables, *options):
    """Start ansible-playbook on this machine as a user would; what it prints goes to a file, which never fills up."""
    with tempfile.NamedTemporaryFile(prefix="katabench-e2e-", delete=False) as log:
        process = subprocess.Popen(
            [PLAYBOOK, playbook, "-i", "local", "-e", json.dumps(variables), *options],
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    return process, Path(log.name)


def finish(process, log):
    """Wait for the end of a process; return what it printed."""
    process.wait(timeout=LIMIT_S)
    output = log.read_text()
    log.unlink()
    return output


def run(playbook, variables, *options):
    """Run ansible-playbook to its end; return its exit status and what it printed."""
    process, log = start(playbook, variables, *options)
    output = finish(process, log)
    return process.returncode, output


def wait_for(condition, process):
    """Wait until the condition holds while the process runs; return what it gave."""
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        if process.poll() is not None:
            pytest.fail(f"the campaign ended too early, with status {process.returncode}")
        time.sleep(0.5)
    return pytest.fail("the campaign did not get that far")


def records(results_dir, block=1):
    """Return the records of a block of the latest campaign by arm."""
    paths = (results_dir / "latest").glob(f"cells/*/block-{block:02d}/*/record.json")
    return {record["arm"]["name"]: record for record in (json.loads(path.read_text()) for path in paths)}


def docker(*arguments):
    """Return what the engine answers, without surrounding white space."""
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True).stdout.strip()


def ours():
    """Return the containers, volumes and networks that campaigns of these tests have left."""
    label = f"label=katabench.cluster={NAME}"
    return [
        docker("ps", "--all", "--quiet", "--filter", label),
        docker("volume", "ls", "--quiet", "--filter", label),
        docker("network", "ls", "--quiet", "--filter", label),
    ]


@pytest.fixture(scope="module", autouse=True)
def host():
    """Prepare this machine once, and leave nothing of ours behind."""
    status, output = run("bench.yml", settings("/nonexistent"), "--tags", "docker,gvisor,host,images")
    assert status == 0, output
    yield
    run("playbooks/teardown.yml", settings("/nonexistent"))


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    """A campaign over all arms, run by ansible-runner."""
    directory = tmp_path_factory.mktemp("campaign")
    result = ansible_runner.run(
        private_data_dir=str(directory),
        project_dir=str(ROOT),
        playbook="bench.yml",
        inventory=str(ROOT / "local"),
        extravars=settings(
            directory / "results",
            bench_workload_catalogue=WORKLOADS,
            bench_workloads=["write", "read", "read-ladder"],
            bench_arms=["runc", "gvisor"],
        ),
        envvars={
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible/collections"),
        },
        quiet=True,
        timeout=LIMIT_S,
    )
    output = result.stdout.read()
    assert result.rc == 0, output
    return directory / "results", output


def test_every_cell_has_a_valid_record(campaign):
    results_dir, _output = campaign
    found = records(results_dir)
    assert sorted(found) == ["gvisor", "runc"]
    for record in found.values():
        assert record["validity"]["valid"], record["validity"]
        assert record["engine"] == {"name": "cassandra", "version": "5.0.6"}
        assert [workload["name"] for workload in record["workloads"]] == ["write", "read", RUNG]
        for workload in record["workloads"][:2]:
            assert workload["result"]["blocks"][0]["total"]["total_partitions"] == OPERATIONS
        for workload in record["workloads"]:
            assert workload["nodes_before"]["up_normal"] == workload["nodes_after"]["up_normal"] == 2


def test_every_arm_is_loaded_at_the_same_rates_and_they_come_from_the_pilot(campaign):
    results_dir, _output = campaign
    ladder = json.loads(next((results_dir / "latest").glob("cells/*/rates.json")).read_text())
    pilot = records(results_dir, block=0)
    assert sorted(pilot) == ["gvisor", "runc"]
    maxima = {arm: record["workloads"][1]["result"]["blocks"][0]["total"]["op_rate"] for arm, record in pilot.items()}
    assert ladder["maxima"] == {"read": maxima}
    assert ladder["rates"] == {RUNG: int(0.6 * min(maxima.values()))}
    for record in records(results_dir).values():
        assert record["workloads"][2]["asked"]["rate"]["ops_per_s"] == ladder["rates"][RUNG]


def test_every_load_has_its_histograms_and_what_the_host_did_meanwhile(campaign):
    results_dir, _output = campaign
    for record in records(results_dir).values():
        assert record["quiet"]["waited_s"] >= 0
        for workload in record["workloads"]:
            assert workload["hdr"]["complete"], workload["hdr"]["sentence"]
            counted = workload["result"]["blocks"][0]["total"]["total_partitions"]
            services = [tag["count"] for name, tag in workload["hdr"]["tags"].items() if name.endswith("-st")]
            assert services == [counted]
            assert workload["name"] in ("write", "read") or "READ-rt" in workload["hdr"]["tags"]
            assert workload["host_load"]["loader_cpu_s"] > 0
            assert workload["settle"]["compactions_pending"] == 0


def test_the_runtimes_really_differ(campaign):
    results_dir, _output = campaign
    kernels = {
        arm: {node["kernel_release"] for node in record["parity"]["nodes"]}
        for arm, record in records(results_dir).items()
    }
    assert kernels["runc"] == {os.uname().release}
    assert kernels["gvisor"] != kernels["runc"]


@pytest.mark.skipif(not UNABLE, reason="this machine can carry virtual machines")
def test_arms_that_the_host_cannot_carry_are_left_out_with_the_reason(campaign):
    _results_dir, output = campaign
    said = " ".join(output.split())
    assert "Left out on localhost: kata, kata-tuned." in said
    assert "vmx" in said


def test_the_report_stands_and_its_figures_are_those_of_the_raw_files(campaign):
    results_dir, _output = campaign
    summary = json.loads((results_dir / "latest/summary.json").read_text())
    row = next(row for row in summary["clusters"][0]["rows"] if (row["workload"], row["arm"]) == ("write", "gvisor"))
    stdout = next((results_dir / "latest/cells").glob("*/block-01/gvisor/raw/write/stdout")).read_text()
    printed = next(line for line in stdout.splitlines() if line.startswith("Op rate"))
    assert row["op_rate"] == int(printed.split(":")[1].split()[0].replace(",", ""))
    assert (results_dir / "latest/report.html").stat().st_size > 10000


def test_the_closing_table_is_shown(campaign):
    _results_dir, output = campaign
    assert "gvisor" in output.rpartition("PLAY RECAP")[2]
    assert "report.html" in output.rpartition("PLAY RECAP")[2]


@pytest.mark.usefixtures("campaign")
def test_nothing_of_ours_is_left():
    assert ours() == ["", "", ""]


def test_the_report_is_built_again_byte_for_byte(campaign):
    results_dir, _output = campaign
    folder = (results_dir / "latest").resolve()
    derived = [
        path
        for path in folder.rglob("*")
        if path.is_file() and "cells" not in path.parts and path.name != "campaign.json"
    ]
    before = {path: path.read_bytes() for path in derived}
    for path in derived:
        path.unlink()
    status, output = run("playbooks/report.yml", {"report_results_dir": str(results_dir)})
    assert status == 0, output
    assert {path: path.read_bytes() for path in derived} == before


def test_an_interrupted_campaign_goes_on_with_the_same_command(tmp_path):
    variables = settings(tmp_path, bench_arms=["runc", "runc-again"])
    process, log = start("bench.yml", variables, *PREPARED)
    first = wait_for(lambda: list(tmp_path.glob("2*/cells/*/*/*/record.json")), process)[0]
    before = first.read_bytes()
    wait_for(lambda: docker("ps", "--quiet", "--filter", f"name=^{NAME}-node1$"), process)
    os.killpg(process.pid, signal.SIGINT)
    finish(process, log)
    assert process.returncode != 0

    status, output = run("bench.yml", variables, *PREPARED)
    assert status == 0, output
    assert len(list(tmp_path.glob("2*"))) == 1
    assert first.read_bytes() == before
    assert sorted(records(tmp_path)) == ["runc", "runc-again"]
    assert ours() == ["", "", ""]


@pytest.mark.parametrize(
    ("victim", "classes"),
    [("loader", {"loader-failed", "interrupted"}), ("node2", {"node-lost", "errors", "loader-failed"})],
)
def test_what_dies_in_the_middle_of_a_load_is_named(tmp_path, victim, classes):
    variables = settings(tmp_path, bench_arms=["runc"], bench_workloads=["write"])
    variables["bench_profiles"]["tiny"]["operations"] = 2000000
    process, log = start("bench.yml", variables, *PREPARED)
    wait_for(lambda: docker("ps", "--quiet", "--filter", f"name=^{NAME}-loader$"), process)
    time.sleep(8)  # let the load begin in earnest
    docker("kill", f"{NAME}-{victim}")
    output = finish(process, log)
    assert process.returncode != 0
    failures = records(tmp_path)["runc"]["validity"]["failures"]
    assert {failure["class"] for failure in failures} & classes, failures
    assert failures[0]["sentence"] in " ".join(output.split()) or failures[0]["class"] in output
    assert (tmp_path / "latest/report.html").exists()
    assert ours() == ["", "", ""]


def test_a_port_in_use_is_named_before_anything_runs(tmp_path):
    with socket.create_server(("127.0.0.1", PORT)):
        status, output = run("playbooks/campaign.yml", settings(tmp_path))
    assert status != 0
    assert f"Port {PORT} on 127.0.0.1 of localhost is in use" in " ".join(output.split())
    assert not list(tmp_path.iterdir())


def test_too_little_memory_is_told_with_the_numbers(tmp_path):
    status, output = run("playbooks/campaign.yml", settings(tmp_path, bench_node_memory_mib=5000000))
    assert status != 0
    assert "10001024" in output
    assert not list(tmp_path.iterdir())


def test_a_strangers_container_is_not_touched(tmp_path):
    image = docker("images", "--quiet", "katabench/cassandra").splitlines()[0]
    stranger = docker("run", "--detach", "--name", f"{NAME}-node1", "--entrypoint", "sleep", image, "600")
    try:
        variables = settings(tmp_path, bench_arms=["runc"], bench_workloads=["write"])
        status, output = run("bench.yml", variables, *PREPARED)
        assert status != 0
        assert f"{NAME}-node1 is a container of somebody else" in " ".join(output.split())
        assert docker("inspect", "--format", "{{.State.Running}}", stranger) == "true"
    finally:
        docker("rm", "--force", "--volumes", stranger)
