# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The inventory plugin, with the real SDK, on an account that is a stand-in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ansible_collections.katabench.scylla.tests.stand_ins.scaleway_api import StandInApi, catalogue

CLONE = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
ZONE = "fr-par-2"
LIST = f"/baremetal/v1/zones/{ZONE}/servers"

Ask = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def api() -> Iterator[StandInApi]:
    with StandInApi() as api:
        yield api


@pytest.fixture
def ask(api: StandInApi, tmp_path: Path) -> Ask:
    """Run ansible-inventory with a configuration, and credentials for the stand-in."""

    def run(credentials: dict[str, str] | None = None, **options: object) -> subprocess.CompletedProcess[str]:
        path = tmp_path / "scaleway.yml"
        path.write_text(json.dumps({"plugin": "katabench.scylla.scaleway", "zones": [ZONE], **options}))
        environment = {
            "ANSIBLE_NOCOLOR": "1",
            "HOME": str(tmp_path),
            "LC_ALL": "C.UTF-8",
            "PATH": f"{BIN}:{os.environ['PATH']}",
            **api.env(),
            **(credentials or {}),
        }
        ended = subprocess.run(
            ["ansible-inventory", "-i", str(path), "--list", "-vvv"],
            cwd=CLONE,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        # Whatever is asked, and however it ends.
        assert environment["SCW_SECRET_KEY"] not in ended.stdout + ended.stderr
        return ended

    return run


@pytest.fixture
def poisoned(tmp_path: Path) -> Path:
    """Return a directory whose SDK cannot be imported."""
    for name in ("scaleway", "scaleway_core"):
        (tmp_path / "poisoned" / name).mkdir(parents=True)
        (tmp_path / "poisoned" / name / "__init__.py").write_text('raise ImportError("not here")\n')
    return tmp_path / "poisoned"


def order(api: StandInApi, name: str, *tags: str, zone: str = ZONE, ready: bool = True) -> None:
    """Put a server into the account, ready or not."""
    offer = catalogue.offers(zone)[0]["id"]
    install = {"os_id": catalogue.DEBIAN_12, "hostname": name, "ssh_key_ids": []}
    api.account.order(zone, {"name": name, "offer_id": offer, "tags": ["katabench", *tags], "install": install})
    if ready:
        api.set_state(name, status="ready", install_status="completed")
    else:
        api.set_state(name, status="ready", install_status="installing")


def listed(ended: subprocess.CompletedProcess[str]) -> dict:
    assert ended.returncode == 0, ended.stderr
    text = ended.stdout[("\n" + ended.stdout).index("\n{") :]
    # What comes from outside is never taken for a template, and marked so.
    return json.loads(text, object_hook=lambda found: found.get("__ansible_unsafe", found))


def said(ended: subprocess.CompletedProcess[str]) -> str:
    return " ".join((ended.stdout + ended.stderr).split())


def test_servers_that_are_ready_are_hosts_with_what_is_known_of_them(api: StandInApi, ask: Ask) -> None:
    order(api, "node-1", "cluster=three")
    found = listed(ask())
    variables = found["_meta"]["hostvars"]["node-1"]
    server = api.servers[0]
    assert variables["ansible_host"] == variables["scaleway_public_ipv4"] == "192.0.2.1"
    assert variables["scaleway_tags"] == ["katabench", "cluster=three"]
    assert variables["scaleway_offer"] == "EM-A610R-NVME"
    assert (variables["scaleway_id"], variables["scaleway_zone"]) == (server["id"], ZONE)
    assert found["scaleway"]["hosts"] == ["node-1"]


def test_servers_that_are_not_ready_are_named_and_no_hosts(api: StandInApi, ask: Ask) -> None:
    order(api, "late", ready=False)
    order(api, "node-1")
    ended = ask()
    assert listed(ended)["scaleway"]["hosts"] == ["node-1"]
    assert "Not ready yet, and so no hosts: late in fr-par-2 (ready, its system is installing)." in said(ended)
    grouped = listed(ask(not_ready="group"))
    assert grouped["scaleway_not_ready"]["hosts"] == ["late"]
    assert grouped["scaleway"]["hosts"] == ["node-1"]


def test_pages_zones_and_tags(api: StandInApi, ask: Ask) -> None:
    for number in range(1, 26):
        order(api, f"node-{number}")
    order(api, "far", zone="pl-waw-3")
    order(api, "other")
    api.set_state("other", tags=["somebody's"])
    found = listed(ask(zones=[ZONE, "pl-waw-3"], tags=["katabench"]))
    assert len(found["scaleway"]["hosts"]) == 26
    assert "far" in found["scaleway"]["hosts"]


def test_instances_are_listed_where_they_are_asked_for_and_projects_are_told_apart(api: StandInApi, ask: Ask) -> None:
    order(api, "metal")
    order(api, "of-another-project")
    other = "33333333-3333-4333-8333-333333333333"
    api.set_state("of-another-project", project_id=other)
    running = {
        "id": "55555555-5555-4555-8555-555555555555",
        "name": "virtual",
        "zone": ZONE,
        "commercial_type": "PRO2-S",
        "state": "running",
        "tags": ["katabench"],
        "project": api.env()["SCW_DEFAULT_PROJECT_ID"],
        "public_ips": [{"address": "2001:db8::9"}, {"address": "192.0.2.9"}],
    }
    api.account.instances += [running, {**running, "id": "6", "name": "stopped", "state": "stopped"}]
    ended = ask(kinds=["elastic_metal", "instances"], tags=["katabench"])
    found = listed(ended)
    assert found["scaleway"]["hosts"] == ["metal", "virtual"]
    variables = found["_meta"]["hostvars"]["virtual"]
    assert (variables["scaleway_kind"], variables["ansible_host"]) == ("instance", "192.0.2.9")
    assert variables["scaleway_public_ipv6"] == "2001:db8::9"
    assert "Not ready yet, and so no hosts: stopped in fr-par-2 (stopped)." in said(ended)
    assert listed(ask(project=other))["scaleway"]["hosts"] == ["of-another-project"]


def test_groups_and_variables_are_composed(api: StandInApi, ask: Ask) -> None:
    order(api, "node-1", "cluster=three", "role=loader")
    order(api, "alone")
    compose = {"bench_cluster": "(scaleway_tags | select('match', 'cluster=') | first)[8:]"}
    keyed = [{"key": "scaleway_zone", "prefix": "zone"}]
    found = listed(ask(compose=compose, keyed_groups=keyed, groups={"bench": True}))
    assert found["_meta"]["hostvars"]["node-1"]["bench_cluster"] == "three"
    assert "bench_cluster" not in found["_meta"]["hostvars"]["alone"]
    assert sorted(found["bench"]["hosts"]) == ["alone", "node-1"]
    assert sorted(found["zone_fr_par_2"]["hosts"]) == ["alone", "node-1"]


def test_the_inventory_of_the_clone_reads_clusters_from_tags(api: StandInApi, tmp_path: Path) -> None:
    order(api, "node-1", "cluster=three")
    order(api, "load-1", "cluster=three", "role=loader")
    environment = os.environ | {"HOME": str(tmp_path), "PATH": f"{BIN}:{os.environ['PATH']}", **api.env()}
    command = ["ansible-inventory", "-i", "scaleway", "--list"]
    ended = subprocess.run(command, cwd=CLONE, env=environment, capture_output=True, text=True, check=False)
    variables = listed(ended)["_meta"]["hostvars"]
    assert (variables["node-1"]["bench_cluster"], variables["load-1"]["bench_role"]) == ("three", "loader")
    assert "bench_role" not in variables["node-1"]


@pytest.mark.parametrize(
    ("status", "kind", "message", "sentence"),
    [
        (403, "permissions_denied", "insufficient permissions", "the key may not do that"),
        (403, "quotas_exceeded", "quota exceeded", "the organization's quota is used up"),
        (404, "not_found", "zone unknown", "Scaleway does not know it"),
    ],
)
def test_what_the_api_refuses_stops_it(
    api: StandInApi, ask: Ask, status: int, kind: str, message: str, sentence: str
) -> None:
    order(api, "node-1", zone="nl-ams-1")
    api.fail_next("GET", LIST, status, kind, message)
    ended = ask(zones=["nl-ams-1", ZONE])
    assert ended.returncode != 0
    assert f"Could not list the servers in fr-par-2: {sentence}" in said(ended)
    assert message in said(ended)


def test_a_zone_that_does_not_exist_is_named(api: StandInApi, ask: Ask) -> None:
    order(api, "node-1")
    ended = ask(zones=[ZONE, "de-ber-1"])
    assert ended.returncode != 0
    assert "Could not list the servers in de-ber-1: Scaleway does not know it" in said(ended)


def test_a_wrong_key_is_told(ask: Ask) -> None:
    ended = ask(credentials={"SCW_SECRET_KEY": "99999999-9999-4999-8999-999999999999"})
    assert ended.returncode != 0
    assert "Scaleway does not accept the key" in said(ended)


def test_what_an_error_comes_from_does_not_show_the_key(ask: Ask, api: StandInApi, tmp_path: Path) -> None:
    (tmp_path / "scw.yaml").write_text(f"secret_key: *{api.env()['SCW_SECRET_KEY']}\n")
    ended = ask(config_file=str(tmp_path / "scw.yaml"))
    assert ended.returncode != 0
    assert "scw.yaml is not YAML." in said(ended)


def test_without_the_sdk_it_is_named(ask: Ask, poisoned: Path) -> None:
    ended = ask(credentials={"PYTHONPATH": str(poisoned)})
    assert ended.returncode != 0
    assert "Failed to import the required Python library (scaleway)" in said(ended)


@pytest.mark.parametrize("fault", [(429, "too_many_requests"), (503, "unavailable")])
def test_what_passes_by_itself_is_waited_for(api: StandInApi, ask: Ask, fault: tuple[int, str]) -> None:
    order(api, "node-1")
    api.fail_next("GET", LIST, *fault, "later", headers={"Retry-After": "1"})
    assert listed(ask())["scaleway"]["hosts"] == ["node-1"]


def test_a_broken_answer_is_asked_for_again(api: StandInApi, ask: Ask) -> None:
    order(api, "node-1")
    api.cut_next("GET", LIST)
    assert listed(ask())["scaleway"]["hosts"] == ["node-1"]


def test_two_of_one_name_are_refused(api: StandInApi, ask: Ask) -> None:
    order(api, "twin")
    order(api, "twin")
    ended = ask()
    assert ended.returncode != 0
    assert "Two servers are called twin (" in said(ended)
    assert len(listed(ask(hostnames=["id"]))["scaleway"]["hosts"]) == 2


def test_the_cache_answers_without_the_api_and_holds_no_key(api: StandInApi, ask: Ask, tmp_path: Path) -> None:
    order(api, "node-1")
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    first = listed(ask(**cache))
    asked = len(api.requests)
    assert listed(ask(**cache)) == first
    assert len(api.requests) == asked
    kept = "".join(path.read_text() for path in (tmp_path / "cache").iterdir())
    assert "node-1" in kept
    assert api.env()["SCW_SECRET_KEY"] not in kept
