# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The embedded image's entry point, run outside of the image: `java` and `hostname` are stubs that print."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

EMBEDDED = Path(__file__).parents[2] / "roles" / "images" / "files" / "embedded"
OWN_ADDRESS = "10.20.0.3"

Start = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    return tmp_path / "conf"


@pytest.fixture
def start(tmp_path: Path, conf: Path) -> Start:
    stubs = tmp_path / "stubs"
    stubs.mkdir()
    for name, script in {"java": 'printf "%s\\n" "$@"', "hostname": 'echo "${STUB_ADDRESS?}"'}.items():
        (stubs / name).write_text(f"#!/bin/sh\n{script}\n")
        (stubs / name).chmod(0o755)

    def run(*arguments: str, own_address: str = OWN_ADDRESS) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{stubs}:/usr/bin:/bin",
            "CASSANDRA_HOME": str(EMBEDDED),
            "CASSANDRA_CONF": str(conf),
            "STUB_ADDRESS": own_address,
        }
        command = ["sh", str(EMBEDDED / "entrypoint"), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return run


def settings(conf: Path) -> dict:
    return yaml.safe_load((conf / "cassandra.yaml").read_text())


def seeds(conf: Path) -> str:
    return settings(conf)["seed_provider"][0]["parameters"][0]["seeds"]


def test_without_options_a_node_is_its_own_seed_on_its_own_address(start: Start, conf: Path) -> None:
    java = start()
    assert (java.returncode, java.stderr) == (0, "")
    assert java.stdout.splitlines()[-1] == "org.apache.cassandra.service.CassandraDaemon"
    written = settings(conf)
    for key in ("listen_address", "broadcast_address", "rpc_address", "broadcast_rpc_address"):
        assert written[key] == OWN_ADDRESS
    assert seeds(conf) == OWN_ADDRESS
    assert written["data_file_directories"] == ["/var/lib/scylla/data"]
    assert written["endpoint_snitch"] == "SimpleSnitch"


@pytest.mark.parametrize("separate", [True, False], ids=["--name value", "--name=value"])
@pytest.mark.parametrize(
    ("option", "value", "key"),
    [
        ("--listen-address", "10.20.0.4", "listen_address"),
        ("--broadcast-address", "203.0.113.7", "broadcast_address"),
        ("--rpc-address", "10.20.0.5", "rpc_address"),
        ("--broadcast-rpc-address", "203.0.113.8", "broadcast_rpc_address"),
        ("--cluster-name", "bench one", "cluster_name"),
        ("--endpoint-snitch", "GossipingPropertyFileSnitch", "endpoint_snitch"),
    ],
)
def test_option_sets_its_key(start: Start, conf: Path, option: str, value: str, key: str, separate: bool) -> None:
    assert start(*([option, value] if separate else [f"{option}={value}"])).returncode == 0
    assert settings(conf)[key] == value


def test_seeds(start: Start, conf: Path) -> None:
    start("--seeds=10.20.0.1,10.20.0.2")
    assert seeds(conf) == "10.20.0.1,10.20.0.2"


def test_listening_everywhere_tells_clients_the_broadcast_address(start: Start, conf: Path) -> None:
    start("--rpc-address=0.0.0.0", "--broadcast-address=203.0.113.7")
    assert settings(conf)["broadcast_rpc_address"] == "203.0.113.7"


def test_dc_and_rack_choose_the_snitch_that_knows_them(start: Start, conf: Path) -> None:
    start("--dc=paris", "--rack", "r7")
    assert settings(conf)["endpoint_snitch"] == "GossipingPropertyFileSnitch"
    assert (conf / "cassandra-rackdc.properties").read_text() == "dc=paris\nrack=r7\n"


def test_workdir_takes_everything_that_is_stored(start: Start, conf: Path) -> None:
    assert start("--workdir=/var/lib/katabench").returncode == 0
    written = settings(conf)
    assert written["data_file_directories"] == ["/var/lib/katabench/data"]
    for key in ("commitlog", "cdc_raw", "hints", "saved_caches"):
        assert written[f"{key}_directory"] == f"/var/lib/katabench/{key}"


def test_smp(start: Start) -> None:
    assert "-XX:ActiveProcessorCount=3" in start("--smp", "3").stdout.splitlines()


@pytest.mark.parametrize(
    ("memory", "heap_bytes", "direct_bytes"),
    [
        ("1G", 536870912, 268435456),
        ("750M", 393216000, 196608000),
        ("1048576K", 536870912, 268435456),
        ("2147483648", 1073741824, 536870912),
    ],
)
def test_memory_is_half_heap_and_a_quarter_direct(
    start: Start, memory: str, heap_bytes: int, direct_bytes: int
) -> None:
    arguments = start("--memory", memory).stdout.splitlines()
    assert f"-Xms{heap_bytes}" in arguments
    assert f"-Xmx{heap_bytes}" in arguments
    assert f"-XX:MaxDirectMemorySize={direct_bytes}" in arguments


@pytest.mark.parametrize(
    ("arguments", "ring_delay"),
    [
        ([], "1000"),
        (["--seeds=10.20.0.1"], "2000"),
        (["--developer-mode", "1", "--seeds=10.20.0.1"], "2000"),
        (["--developer-mode=0", "--seeds=10.20.0.1"], None),
    ],
)
def test_only_developer_mode_shortens_waits(start: Start, arguments: list[str], ring_delay: str | None) -> None:
    given = [line for line in start(*arguments).stdout.splitlines() if "ring_delay" in line]
    assert given == ([f"-Dcassandra.ring_delay_ms={ring_delay}"] if ring_delay else [])


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--reactor-backend=epoll"], "unknown option '--reactor-backend'"),
        (["--reactor-backend", "epoll"], "unknown option '--reactor-backend'"),
        (["--smp=1", "--io-setup"], "unknown option '--io-setup'"),
        (["--seed=10.20.0.1"], "unknown option '--seed'"),
        (["cqlsh"], "unknown option 'cqlsh'"),
        (["--seeds"], "--seeds is ''"),
        (["--cluster-name=it's"], "--cluster-name is 'it's'"),
        (["--listen-address=1\nauthenticator: X"], "--listen-address is '1"),
        (["--workdir=data"], "--workdir is 'data'"),
        (["--workdir="], "--workdir is ''"),
        (["--workdir=/var/lib/it's"], "--workdir is '/var/lib/it's'"),
        (["--smp=0"], "--smp is '0'"),
        (["--smp=two"], "--smp is 'two'"),
        (["--memory=1Q"], "--memory is '1Q'"),
        (["--memory=1.5G"], "--memory is '1.5G'"),
        (["--memory=256M"], "at least 512M"),
        (["--overprovisioned"], "--overprovisioned is ''"),
        (["--developer-mode=yes"], "--developer-mode is 'yes'"),
        (["--endpoint-snitch=SimpleSnitch", "--dc=paris"], "knows no --dc"),
    ],
)
def test_what_it_does_not_understand_is_refused_by_name(start: Start, arguments: list[str], named: str) -> None:
    refusal = start(*arguments)
    assert (refusal.returncode, refusal.stdout) == (2, "")
    assert named in refusal.stderr


def test_loopback_is_no_address_for_a_cluster(start: Start) -> None:
    refusal = start(own_address="127.0.1.1")
    assert refusal.returncode == 2
    assert "give --listen-address" in refusal.stderr


@pytest.mark.parametrize(
    "option",
    [
        "--seeds",
        "--smp",
        "--memory",
        "--overprovisioned",
        "--developer-mode",
        "--listen-address",
        "--broadcast-address",
        "--broadcast-rpc-address",
        "--rpc-address",
        "--cluster-name",
        "--dc",
        "--rack",
        "--endpoint-snitch",
        "--workdir",
    ],
)
def test_help_names_every_option_of_the_contract(start: Start, option: str) -> None:
    answer = start("--help")
    assert answer.returncode == 0
    assert option in answer.stdout
