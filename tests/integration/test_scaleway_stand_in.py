# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The stand-in of Scaleway's API, asked by the real SDK over loopback."""

from __future__ import annotations

import contextlib
import functools
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
import scaleway_core.api
from scaleway.baremetal.v1 import (
    BaremetalV1API,
    CreateServerRequestInstall,
    IPVersion,
    OfferSubscriptionPeriod,
    Server,
    ServerStatus,
)
from scaleway.iam.v1alpha1 import IamV1Alpha1API
from scaleway.instance.v1 import InstanceV1API
from scaleway_core.api import ScalewayException
from scaleway_core.client import Client

from ansible_collections.katabench.scylla.tests.stand_ins.scaleway_api import (
    ACCESS_KEY,
    PROJECT,
    SECRET_KEY,
    Account,
    StandInApi,
    catalogue,
)

CLONE = Path(__file__).parents[2]
ZONE = "fr-par-2"
SERVERS_PATH = f"/baremetal/v1/zones/{ZONE}/servers"
OTHER = "33333333-3333-4333-8333-333333333333"
LIMIT_S = 20

INSTALL_COMMAND = """\
#!/bin/sh
printf '%s %s %s\\n%s\\n' "$1" "$ADDRESS" "$HOSTNAME" "$SSH_KEYS" >>"$(dirname "$0")/installed"
[ "$HOSTNAME" != broken ]
"""

Serve = Callable[..., AbstractContextManager[tuple[str, subprocess.Popen[str]]]]


@pytest.fixture
def api() -> Iterator[StandInApi]:
    with StandInApi() as api:
        yield api


@pytest.fixture
def metal(api: StandInApi) -> BaremetalV1API:
    return BaremetalV1API(client_of(api.url))


def client_of(url: str, secret_key: str = SECRET_KEY) -> Client:
    return Client(access_key=ACCESS_KEY, secret_key=secret_key, api_url=url, default_project_id=PROJECT)


def order(
    metal: BaremetalV1API,
    name: str,
    *,
    offer: str = "EM-A115X-SSD",
    os_id: str = catalogue.DEBIAN_13,
    ssh_key_ids: tuple[str, ...] = (),
    tags: tuple[str, ...] = (),
    project_id: str | None = None,
) -> Server:
    """Order a server and its system in one call."""
    offer_id = next(one.id for one in catalogue_of(metal) if one.name == offer)
    install = CreateServerRequestInstall(os_id=os_id, hostname=name, ssh_key_ids=list(ssh_key_ids))
    return metal.create_server(
        zone=ZONE,
        offer_id=offer_id,
        name=name,
        description="a test",
        protected=False,
        tags=list(tags),
        install=install,
        project_id=project_id,
    )


def catalogue_of(metal: BaremetalV1API) -> list:
    return metal.list_offers_all(zone=ZONE)


def states(server: Server) -> tuple[str, str]:
    return str(server.status), str(server.install.status)


def wait_for(metal: BaremetalV1API, server: Server, install_status: str) -> Server:
    until = time.monotonic() + LIMIT_S
    while time.monotonic() < until:
        server = metal.get_server(zone=ZONE, server_id=server.id)
        if server.install.status == install_status:
            return server
        time.sleep(0.05)
    raise AssertionError(f"{server.name} is {states(server)}")


def test_what_is_sold(metal: BaremetalV1API) -> None:
    offers = {offer.name: offer for offer in catalogue_of(metal)}
    price = offers["EM-A115X-SSD"].price_per_hour
    assert (price.currency_code, price.units, price.nanos) == ("EUR", 0, 89_000_000)
    assert (offers["EM-A115X-SSD"].stock, offers["EM-SOLD-OUT"].stock) == ("available", "empty")
    assert catalogue.DEBIAN_13 in offers["EM-NO-DEBIAN"].incompatible_os_ids
    monthly = metal.list_offers(zone=ZONE, subscription_period=OfferSubscriptionPeriod.MONTHLY)
    assert [offer.name for offer in monthly.offers] == ["EM-MONTHLY"]
    assert {f"{system.name} {system.version}" for system in metal.list_os_all(zone=ZONE)} == {
        "Debian 12 (Bookworm)",
        "Debian 13 (Trixie)",
        "Ubuntu 24.04 LTS (Noble Numbat)",
    }
    assert [option.name for option in metal.list_options_all(zone=ZONE, name="Private")] == ["Private Network"]


def test_a_list_has_pages(metal: BaremetalV1API) -> None:
    for number in range(25):
        order(metal, f"node-{number}")
    first = metal.list_servers(zone=ZONE, page=1, page_size=20)
    second = metal.list_servers(zone=ZONE, page=2, page_size=20)
    assert (len(first.servers), len(second.servers)) == (20, 5)
    assert first.total_count == second.total_count == 25
    # Whether or not it says how large a page is.
    for size in (None, 20, 25):
        names = [server.name for server in metal.list_servers_all(zone=ZONE, page_size=size)]
        assert names == [f"node-{number}" for number in range(25)]
    assert metal.list_servers_all(zone="nl-ams-1") == []


def test_a_list_is_filtered(api: StandInApi, metal: BaremetalV1API) -> None:
    order(metal, "node-1", tags=("katabench", "cluster=one"))
    order(metal, "node-2", tags=("katabench",))
    order(metal, "other", project_id=OTHER)
    api.set_state("node-2", status="locked")

    def names(**filters: object) -> list[str]:
        return [server.name for server in metal.list_servers_all(zone=ZONE, **filters)]

    assert names(tags=["katabench"]) == ["node-1", "node-2"]
    assert names(tags=["katabench", "cluster=one"]) == ["node-1"]
    assert names(project_id=OTHER) == ["other"]
    assert names(name="node") == ["node-1", "node-2"]
    assert names(status=["locked"]) == ["node-2"]


def test_a_server_is_ordered_becomes_ready_and_is_deleted(api: StandInApi, metal: BaremetalV1API) -> None:
    ordered = order(metal, "node-1", tags=("katabench",))
    assert (ordered.offer_name, ordered.zone, ordered.project_id) == ("EM-A115X-SSD", ZONE, PROJECT)
    assert (ordered.tags, ordered.description, ordered.protected) == (["katabench"], "a test", False)
    seen = [states(ordered)] + [states(metal.get_server(zone=ZONE, server_id=ordered.id)) for _look in range(4)]
    assert seen == [
        ("delivering", "to_install"),
        ("ready", "to_install"),
        ("ready", "installing"),
        ("ready", "completed"),
        ("ready", "completed"),
    ]
    assert metal.delete_server(zone=ZONE, server_id=ordered.id).status == ServerStatus.DELETING
    assert metal.list_servers_all(zone=ZONE) == []
    with pytest.raises(ScalewayException) as gone:
        metal.get_server(zone=ZONE, server_id=ordered.id)
    assert gone.value.status_code == 404
    assert (api.servers, api.orders) == ([], 1)
    assert ("DELETE", f"{SERVERS_PATH}/{ordered.id}") in api.requests


def test_a_list_lets_time_pass_too_and_as_slowly_as_asked() -> None:
    with StandInApi(Account(polls_per_state=2)) as api:
        metal = BaremetalV1API(client_of(api.url))
        order(metal, "node-1")
        seen = [states(metal.list_servers(zone=ZONE).servers[0]) for _look in range(6)]
    assert seen == [
        ("delivering", "to_install"),
        ("ready", "to_install"),
        ("ready", "to_install"),
        ("ready", "installing"),
        ("ready", "installing"),
        ("ready", "completed"),
    ]


def test_the_wire_says_versions_of_addresses_as_scaleway_does(metal: BaremetalV1API) -> None:
    (address,) = order(metal, "node-1").ips
    assert (address.address, address.version) == ("192.0.2.1", "IPv4")
    assert address.version != IPVersion.I_PV4


@pytest.mark.parametrize("status", [status for status in ServerStatus if status != ServerStatus.UNKNOWN])
def test_a_server_can_be_put_into_every_state(api: StandInApi, metal: BaremetalV1API, status: ServerStatus) -> None:
    server = order(metal, "node-1")
    api.set_state("node-1", status=str(status))
    seen = {str(metal.get_server(zone=ZONE, server_id=server.id).status) for _look in range(3)}
    assert seen == {str(status)}


def test_an_installation_that_failed_is_begun_anew_or_deleted(api: StandInApi, metal: BaremetalV1API) -> None:
    server = order(metal, "node-1")
    asked = {"zone": ZONE, "server_id": server.id, "os_id": catalogue.UBUNTU_24, "hostname": "anew", "ssh_key_ids": []}
    api.set_state("node-1", status="delivering")
    with pytest.raises(ScalewayException) as busy:
        metal.install_server(**asked)
    assert (busy.value.status_code, busy.value.response.json()["current_state"]) == (409, "delivering")
    api.set_state("node-1", status="ready", install_status="error")
    assert metal.get_server(zone=ZONE, server_id=server.id).install.status == "error"
    assert metal.install_server(**asked).install.status == "to_install"
    install = wait_for(metal, server, "completed").install
    assert (install.os_id, install.hostname) == (catalogue.UBUNTU_24, "anew")
    api.set_state("node-1", status="error")
    metal.delete_server(zone=ZONE, server_id=server.id)
    assert metal.list_servers_all(zone=ZONE) == []


def test_a_server_is_changed_and_a_protected_one_stays(metal: BaremetalV1API) -> None:
    server = order(metal, "node-1")
    changed = metal.update_server(zone=ZONE, server_id=server.id, tags=["mine"], protected=True)
    assert (changed.name, changed.tags, changed.protected) == ("node-1", ["mine"], True)
    with pytest.raises(ScalewayException) as refused:
        metal.delete_server(zone=ZONE, server_id=server.id)
    assert refused.value.response.json()["type"] == "precondition_failed"
    metal.update_server(zone=ZONE, server_id=server.id, protected=False)
    metal.delete_server(zone=ZONE, server_id=server.id)
    assert metal.list_servers_all(zone=ZONE) == []


def test_keys_are_registered_and_only_those_are_installed(api: StandInApi, metal: BaremetalV1API) -> None:
    keys = IamV1Alpha1API(client_of(api.url))
    key = keys.create_ssh_key(name="me", public_key="ssh-ed25519 AAAA me@desk")
    assert keys.list_ssh_keys_all() == [key]
    assert keys.list_ssh_keys_all(project_id=OTHER) == []
    assert order(metal, "node-1", ssh_key_ids=(key.id,)).install.ssh_key_ids == [key.id]
    with pytest.raises(ScalewayException) as refused:
        order(metal, "node-2", ssh_key_ids=("none",))
    assert refused.value.response.json()["details"][0]["argument_name"] == "install.ssh_key_ids"
    assert api.orders == 1


def test_instances_are_listed(api: StandInApi) -> None:
    virtual = {"id": OTHER, "name": "virtual", "zone": ZONE, "state": "running", "tags": ["a", "b"], "project": PROJECT}
    api.account.instances += [virtual, {**virtual, "name": "theirs", "project": OTHER}]
    instances = InstanceV1API(client_of(api.url))
    assert [one.name for one in instances.list_servers_all(zone=ZONE, tags=["a", "b"])] == ["virtual"]
    assert instances.list_servers_all(zone=ZONE, tags=["c"]) == []
    # The number of all comes in a header, out of which the SDK makes a text.
    assert instances.list_servers(zone=ZONE).total_count == "1"


@pytest.mark.parametrize(
    ("changes", "status", "kind"),
    [
        ({"offer": "EM-SOLD-OUT"}, 412, "out_of_stock"),
        ({"offer": "EM-NO-DEBIAN"}, 400, "invalid_arguments"),
        ({"os_id": OTHER}, 400, "invalid_arguments"),
        ({"name": ""}, 400, "invalid_arguments"),
    ],
)
def test_what_cannot_be_ordered(
    api: StandInApi, metal: BaremetalV1API, changes: dict[str, str], status: int, kind: str
) -> None:
    with pytest.raises(ScalewayException) as refused:
        order(metal, **{"name": "node-1", **changes})
    assert (refused.value.status_code, refused.value.response.json()["type"]) == (status, kind)
    assert (api.servers, api.orders) == ([], 0)


def test_the_quota(api: StandInApi, metal: BaremetalV1API) -> None:
    api.account.quota = 1
    order(metal, "node-1")
    with pytest.raises(ScalewayException) as refused:
        order(metal, "node-2")
    assert refused.value.status_code == 403
    assert refused.value.response.json() == {
        "type": "quotas_exceeded",
        "message": "quota exceeded",
        "details": [{"resource": "baremetal_servers", "quota": 1, "current": 1}],
    }
    assert api.orders == 1


@pytest.mark.parametrize(
    ("ask", "status", "kind"),
    [
        (lambda metal: metal.list_servers(zone="de-ber-1"), 404, "not_found"),
        (lambda metal: metal.get_server(zone=ZONE, server_id=OTHER), 404, "not_found"),
        (lambda metal: metal.delete_server(zone=ZONE, server_id=OTHER), 404, "not_found"),
        (lambda metal: metal.list_servers(zone=ZONE, page_size=101), 400, "invalid_arguments"),
    ],
)
def test_what_does_not_exist(metal: BaremetalV1API, ask: Callable, status: int, kind: str) -> None:
    with pytest.raises(ScalewayException) as refused:
        ask(metal)
    assert (refused.value.status_code, refused.value.response.json()["type"]) == (status, kind)


def test_another_key_is_refused(api: StandInApi) -> None:
    with pytest.raises(ScalewayException) as refused:
        BaremetalV1API(client_of(api.url, secret_key=OTHER)).list_servers(zone=ZONE)
    assert refused.value.status_code == 401
    assert refused.value.response.json()["type"] == "denied_authentication"


def test_the_variables_are_those_of_the_sdk(api: StandInApi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), **api.env()}.items():
        monkeypatch.setenv(name, value)
    client = Client.from_env()
    assert BaremetalV1API(client).list_servers_all(zone=ZONE) == []
    assert client.default_project_id == PROJECT


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_arguments"),
        (401, "denied_authentication"),
        (403, "permissions_denied"),
        (403, "quotas_exceeded"),
        (404, "not_found"),
        (409, "transient_state"),
        (412, "out_of_stock"),
        (429, "too_many_requests"),
        (500, "internal"),
        (503, "unavailable"),
    ],
)
def test_a_fault_is_shown_as_often_as_asked_and_nothing_is_done(
    api: StandInApi, metal: BaremetalV1API, status: int, kind: str
) -> None:
    api.fail_next("POST", SERVERS_PATH, status, kind, "on purpose", times=2, headers={"Retry-After": "3"})
    for _time in range(2):
        with pytest.raises(ScalewayException) as refused:
            order(metal, "node-1")
        assert refused.value.status_code == status
        assert refused.value.response.json() == {"type": kind, "message": "on purpose"}
        assert refused.value.response.headers["Retry-After"] == "3"
        assert metal.list_servers_all(zone=ZONE) == []
    order(metal, "node-1")
    assert api.orders == 1


@pytest.mark.parametrize(
    ("closed", "exception"),
    [(False, requests.exceptions.JSONDecodeError), (True, requests.exceptions.ConnectionError)],
)
def test_an_order_whose_answer_is_lost_exists(
    api: StandInApi, metal: BaremetalV1API, closed: bool, exception: type[Exception]
) -> None:
    api.cut_next("POST", SERVERS_PATH, closed=closed)
    with pytest.raises(exception):
        order(metal, "node-1")
    assert [server.name for server in metal.list_servers_all(zone=ZONE)] == ["node-1"]
    assert api.orders == 1


def test_an_answer_that_is_late(api: StandInApi, metal: BaremetalV1API, monkeypatch: pytest.MonkeyPatch) -> None:
    # The SDK itself would wait for ever.
    hasty = functools.partial(requests.request, timeout=1)
    monkeypatch.setattr(scaleway_core.api, "requests", SimpleNamespace(request=hasty, Response=requests.Response))
    api.hang_next("GET", SERVERS_PATH, 2)
    with pytest.raises(requests.exceptions.ReadTimeout):
        metal.list_servers(zone=ZONE)
    assert metal.list_servers(zone=ZONE).servers == []


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    """Serve from the command line, with one machine, until the end of a block."""
    command = tmp_path / "install.sh"
    command.write_text(INSTALL_COMMAND)
    command.chmod(0o700)
    (tmp_path / "machines.json").write_text(json.dumps([{"address": "198.51.100.7"}]))
    arguments = [
        *("--port", "0", "--state", tmp_path / "state.json", "--machines", tmp_path / "machines.json"),
        *("--install-command", f"{command} first"),
    ]

    @contextlib.contextmanager
    def serving() -> Iterator[tuple[str, subprocess.Popen[str]]]:
        module = [sys.executable, "-m", "tests.stand_ins.scaleway_api"]
        with subprocess.Popen([*module, *arguments], cwd=CLONE, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                said = re.fullmatch(r"listening on (http://127\.0\.0\.1:\d+)\n", process.stdout.readline())
                assert said
                yield said[1], process
            finally:
                process.kill()

    return serving


def test_the_command_line_hands_out_machines_installs_them_and_says_what_exists(serve: Serve, tmp_path: Path) -> None:
    def kept() -> dict:
        return json.loads((tmp_path / "state.json").read_text())

    with serve() as (url, process):
        assert kept() == {"servers": [], "orders": 0}
        metal = BaremetalV1API(client_of(url))
        key = IamV1Alpha1API(client_of(url)).create_ssh_key(name="me", public_key="ssh-ed25519 AAAA me@desk")
        first = order(metal, "node-1", ssh_key_ids=(key.id,))
        assert first.ips[0].address == "198.51.100.7"
        assert kept() == {"servers": [{"name": "node-1", "id": first.id, "status": "delivering"}], "orders": 1}
        with pytest.raises(ScalewayException) as refused:
            order(metal, "node-2")
        assert refused.value.response.json()["type"] == "out_of_stock"
        wait_for(metal, first, "completed")
        assert (tmp_path / "installed").read_text() == "first 198.51.100.7 node-1\nssh-ed25519 AAAA me@desk\n"

        metal.delete_server(zone=ZONE, server_id=first.id)
        assert metal.list_servers_all(zone=ZONE) == []
        assert kept() == {"servers": [], "orders": 1}
        second = order(metal, "broken")
        assert second.ips[0].address == "198.51.100.7"
        wait_for(metal, second, "error")

        process.send_signal(signal.SIGTERM)
        assert process.wait(LIMIT_S) == 0


def test_an_installation_takes_its_time_and_others_are_answered_meanwhile(tmp_path: Path) -> None:
    script = f"touch {tmp_path}/begun; until [ -e {tmp_path}/end ]; do sleep 0.05; done"
    with StandInApi(Account(install_command=["sh", "-c", script])) as api:
        metal = BaremetalV1API(client_of(api.url))
        server = order(metal, "node-1")
        wait_for(metal, server, "installing")
        for _look in range(3):
            assert metal.get_server(zone=ZONE, server_id=server.id).install.status == "installing"
        (tmp_path / "end").touch()
        wait_for(metal, server, "completed")
        assert (tmp_path / "begun").exists()


def test_a_command_that_does_not_exist_fails_the_installation(tmp_path: Path) -> None:
    with StandInApi(Account(install_command=[str(tmp_path / "none")])) as api:
        metal = BaremetalV1API(client_of(api.url))
        wait_for(metal, order(metal, "node-1"), "error")
