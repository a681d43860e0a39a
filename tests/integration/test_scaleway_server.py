# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Ordering and deleting servers: the action with the real SDK on the stand-in API, over loopback.

The action runs in this process, since a process of Ansible for each would take minutes; test_servers_playbook.py has
those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.katabench.scylla.plugins.action.scaleway_server import ActionModule
from ansible_collections.katabench.scylla.tests.stand_ins.scaleway_api import StandInApi
from ansible_collections.katabench.scylla.tests.stand_ins.scaleway_api.account import Refusal

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAbcdefghijklmnopqrstuvwxyz0123456789ABCDEF me@desk"
ZONE, OFFER, SYSTEM = "fr-par-2", "EM-A610R-NVME", "Debian 12"
SERVERS_PATH = f"/baremetal/v1/zones/{ZONE}/servers"

Ask = Callable[..., dict]


@pytest.fixture
def api() -> Iterator[StandInApi]:
    with StandInApi() as api:
        yield api


@pytest.fixture
def ask(api: StandInApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Run the action as a task of a play would, and return its result."""
    for name, value in {"HOME": str(tmp_path), **api.env()}.items():
        monkeypatch.setenv(name, value)

    def run(*, check_mode: bool = False, diff: bool = False, **options: object) -> dict:
        arguments = {
            "state": "present",
            "servers": [{"name": "bench-1"}],
            "zone": ZONE,
            "offer": OFFER,
            "os": SYSTEM,
            "ssh_keys": [KEY],
            "poll_s": 0.02,
            "timeout_s": 20,
            **options,
        }
        task = SimpleNamespace(args=arguments, action="scaleway_server", async_val=0, check_mode=check_mode, diff=diff)
        connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir="none"))
        action = ActionModule(task, connection, None, None, None)
        try:
            result = {"failed": False, **action.run(task_vars={})}
        except AnsibleActionFail as failure:
            result = failure.result
        assert api.env()["SCW_SECRET_KEY"] not in repr(result)
        return result

    return run


def names(result: dict) -> list[str]:
    return [server["name"] for server in result["servers"]]


def ordered(api: StandInApi) -> int:
    """Count the orders that the API has got, whatever became of them."""
    return api.requests.count(("POST", SERVERS_PATH))


THREE = [{"name": f"node-{number}", "tags": ["cluster=three"]} for number in (1, 2, 3)]


def test_a_server_is_ordered_with_all_it_needs_and_waited_for(api: StandInApi, ask: Ask) -> None:
    result = ask(servers=[{"name": "bench-1", "tags": ["cluster=one"]}])
    assert not result["failed"], result["msg"]
    assert result["changed"]
    (server,) = result["servers"]
    assert (server["name"], server["status"], server["install_status"]) == ("bench-1", "ready", "completed")
    assert server["tags"] == ["katabench", "cluster=one"]
    assert (server["zone"], server["offer"]) == (ZONE, OFFER)
    assert server["address"]
    assert result["hourly_cost_eur"] == server["hourly_cost_eur"] > 0
    assert [one["name"] for one in result["to_order"]] == ["bench-1"]
    assert ordered(api) == 1


def test_a_second_run_changes_nothing(api: StandInApi, ask: Ask) -> None:
    first = ask(servers=THREE)
    assert not first["failed"], first["msg"]
    again = ask(servers=THREE)
    assert (again["failed"], again["changed"], again["to_order"]) == (False, False, [])
    assert again["servers"] == first["servers"]
    assert ordered(api) == 3
    assert api.requests.count(("POST", "/iam/v1alpha1/ssh-keys")) == 1


def test_a_second_run_orders_only_what_is_missing(api: StandInApi, ask: Ask) -> None:
    ask(servers=THREE[:1])
    result = ask(servers=THREE)
    assert [one["name"] for one in result["to_order"]] == ["node-2", "node-3"]
    assert names(result) == ["node-1", "node-2", "node-3"]
    assert ordered(api) == 3


def test_other_tags_are_set_without_an_order(api: StandInApi, ask: Ask) -> None:
    ask()
    result = ask(servers=[{"name": "bench-1", "tags": ["cluster=two"]}])
    assert result["changed"]
    assert result["servers"][0]["tags"] == ["katabench", "cluster=two"]
    assert ordered(api) == 1


@pytest.mark.parametrize(("check_mode", "state"), [(True, "present"), (False, "planned")])
def test_check_mode_and_a_plan_order_nothing_and_say_what_it_would_cost(
    api: StandInApi, ask: Ask, check_mode: bool, state: str
) -> None:
    result = ask(check_mode=check_mode, diff=True, state=state, servers=THREE, max_hourly_cost_eur=50)
    assert not result["failed"], result["msg"]
    assert result["changed"] is (state == "present")
    assert [one["name"] for one in result["to_order"]] == ["node-1", "node-2", "node-3"]
    each = result["to_order"][0]["hourly_cost_eur"]
    assert result["hourly_cost_eur"] == pytest.approx(3 * each)
    assert result["lines"][0].startswith(f"To order: node-1, node-2 and node-3, 3 servers {OFFER} with Debian 12")
    assert result["lines"][1] == "The account does not know the SSH key 'katabench me@desk' yet: it is registered."
    assert result["lines"][-1] == f"No server with the tag katabench exists in {ZONE}, so nothing costs."
    assert result["diff"]["before"] == ""
    assert result["diff"]["after"].splitlines()[1] == (
        "node-2: EM-A610R-NVME in fr-par-2, tags katabench, cluster=three"
    )
    assert {method for method, _path in api.requests} == {"GET"}


def test_beyond_the_limit_nothing_is_ordered(api: StandInApi, ask: Ask) -> None:
    result = ask(servers=THREE, max_hourly_cost_eur=0.3)
    assert result["failed"]
    assert f"3 servers {OFFER} at " in result["msg"]
    assert "and the limit is 0.300 EUR an hour: nothing is ordered. Raise max_hourly_cost_eur" in result["msg"]
    assert ordered(api) == 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"zone": "fr-par-9"}, "Is 'fr-par-9' a zone with Elastic Metal, such as fr-par-2?"),
        ({"offer": "EM-NONE"}, "There is no offer 'EM-NONE' in fr-par-2. By the hour, fr-par-2 has "),
        ({"offer": "EM-MONTHLY"}, "EM-MONTHLY is to be had in fr-par-2 by the month only"),
        ({"offer": "EM-SOLD-OUT"}, "The offer EM-SOLD-OUT is out of stock in fr-par-2"),
        ({"offer": "EM-NO-DEBIAN"}, "The offer EM-NO-DEBIAN cannot install Debian 12 (Bookworm)."),
        ({"os": "Plan 9"}, "There is no operating system 'Plan 9' in fr-par-2. EM-A610R-NVME can install "),
        ({"ssh_keys": []}, "No SSH key is given, so nobody could enter the servers"),
        ({"ssh_key_file": "none.pub"}, "The public SSH key none.pub cannot be read"),
        ({"servers": [{"name": "a_b"}]}, "'a_b' cannot be the name of a server"),
        ({"servers": []}, "No server is wanted: list one in servers"),
    ],
)
def test_what_cannot_be_ordered_is_a_sentence(api: StandInApi, ask: Ask, options: dict, sentence: str) -> None:
    result = ask(**options)
    assert result["failed"]
    assert sentence in result["msg"]
    assert {method for method, _path in api.requests} <= {"GET"}


def test_a_wrong_key_is_a_sentence_and_not_repeated(api: StandInApi, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = "99999999-9999-4999-8999-999999999999"
    monkeypatch.setenv("SCW_SECRET_KEY", wrong)
    result = ask()
    assert result["failed"]
    assert "SCW_SECRET_KEY" in result["msg"]
    assert wrong not in repr(result)
    assert ordered(api) == 0


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        (403, "quotas_exceeded", "Quota exceeded for this resource"),
        (412, "precondition_failed", "out of stock"),
    ],
)
def test_an_order_that_is_refused_is_given_once(
    api: StandInApi, ask: Ask, status: int, kind: str, message: str
) -> None:
    api.fail_next("POST", SERVERS_PATH, status, kind, message)
    result = ask()
    assert result["failed"]
    assert result["msg"].startswith("Could not order bench-1 in fr-par-2: ")
    assert result["msg"].endswith(" No server with the tag katabench exists in fr-par-2, so nothing costs.")
    assert (ordered(api), len(api.servers)) == (1, 0)


def test_the_rate_limit_is_waited_for(api: StandInApi, ask: Ask) -> None:
    api.fail_next("POST", SERVERS_PATH, 429, "too_many_requests", "slow down", headers={"Retry-After": "1"})
    result = ask()
    assert not result["failed"], result["msg"]
    assert (ordered(api), len(api.servers)) == (2, 1)


def test_after_a_fault_of_the_api_it_looks_before_it_orders_again(api: StandInApi, ask: Ask) -> None:
    api.fail_next("POST", SERVERS_PATH, 503, "unavailable", "try later")
    result = ask()
    assert not result["failed"], result["msg"]
    tries = [index for index, request in enumerate(api.requests) if request == ("POST", SERVERS_PATH)]
    assert len(tries) == 2
    assert ("GET", SERVERS_PATH) in api.requests[tries[0] : tries[1]]
    assert len(api.servers) == 1


def test_a_lost_answer_orders_nothing_twice(api: StandInApi, ask: Ask) -> None:
    api.cut_next("POST", SERVERS_PATH)
    result = ask()
    assert not result["failed"], result["msg"]
    assert (ordered(api), len(api.servers), names(result)) == (1, 1, ["bench-1"])


def test_an_order_of_three_that_fails_at_the_second_says_what_exists_and_costs(api: StandInApi, ask: Ask) -> None:
    api.account.quota = 1
    result = ask(servers=THREE)
    assert result["failed"]
    assert result["changed"]
    assert "Could not order node-2 in fr-par-2: the organization's quota is used up" in result["msg"]
    assert "With the tag katabench exist in fr-par-2, at 0.112 EUR an hour together: node-1 (" in result["msg"]
    assert (names(result), result["hourly_cost_eur"], ordered(api)) == (["node-1"], 0.112, 2)
    api.account.quota = None
    assert names(ask(servers=THREE)) == ["node-1", "node-2", "node-3"]
    assert api.orders == 3


@pytest.mark.parametrize("state", ["error", "locked", "out_of_stock"])
def test_a_server_that_will_never_be_ready_is_told_with_all_that_costs(api: StandInApi, ask: Ask, state: str) -> None:
    ask(servers=THREE)
    api.set_state("node-2", status=state)
    result = ask(servers=THREE)
    assert result["failed"]
    assert result["msg"].startswith("node-2 (")
    assert f") is in the state {state}: " in result["msg"]
    assert names(result) == ["node-1", "node-2", "node-3"]
    assert ordered(api) == 3


def test_an_installation_that_failed_is_told(api: StandInApi, ask: Ask) -> None:
    ask()
    api.set_state("bench-1", install_status="error")
    result = ask()
    assert result["failed"]
    assert result["msg"].startswith("The installation of bench-1 (")


def test_a_server_that_takes_too_long_is_told_with_what_it_costs(api: StandInApi, ask: Ask) -> None:
    ask()
    api.set_state("bench-1", install_status="installing")
    result = ask(timeout_s=1)
    assert result["failed"]
    assert "bench-1 did not become ready within 1 s: run this again to wait on" in result["msg"]
    assert names(result) == ["bench-1"]


def test_a_stranger_of_the_same_name_is_neither_used_nor_deleted(api: StandInApi, ask: Ask) -> None:
    ask(tag="theirs")
    result = ask()
    assert result["failed"]
    assert "A server named bench-1 exists without the tag katabench" in result["msg"]
    gone = ask(state="absent")
    assert not gone["failed"], gone["msg"]
    assert not gone["changed"]
    assert gone["lines"][0] == "bench-1 does not carry the tag katabench and is left alone."
    assert len(api.servers) == 1


def test_all_that_carries_the_tag_is_deleted_and_nothing_else(api: StandInApi, ask: Ask) -> None:
    ask(servers=THREE)
    ask(servers=[{"name": "theirs"}], tag="theirs")
    checked = ask(check_mode=True, state="absent", servers=[])
    assert checked["changed"]
    assert len(api.servers) == 4
    gone = ask(state="absent", servers=[])
    assert not gone["failed"], gone["msg"]
    assert (gone["changed"], gone["servers"], gone["hourly_cost_eur"]) == (True, [], 0)
    left = ask(state="absent", servers=[], tag="theirs")
    assert left["changed"]
    again = ask(state="absent", servers=[])
    assert not again["changed"]


def test_only_those_that_are_named_are_deleted_and_the_rest_is_said(ask: Ask) -> None:
    ask(servers=THREE)
    gone = ask(state="absent", servers=THREE[:2])
    assert names(gone) == ["node-3"]
    assert "node-3 (" in gone["lines"][-1]


def test_a_protected_server_stays_and_makes_it_fail_by_name(api: StandInApi, ask: Ask) -> None:
    ask(servers=THREE[:2])
    api.set_state("node-1", protected=True)
    result = ask(state="absent", servers=[])
    assert result["failed"]
    assert result["msg"].startswith("node-1 is protected from deletion and stays: ")
    assert "With the tag katabench exist in fr-par-2" in result["msg"]
    assert names(result) == ["node-1"]


def test_a_deletion_that_fails_says_what_is_left(api: StandInApi, ask: Ask) -> None:
    ask()
    api.fail_next("DELETE", SERVERS_PATH, 403, "permissions_denied", "insufficient permissions")
    result = ask(state="absent")
    assert result["failed"]
    assert names(result) == ["bench-1"]
    assert "delete bench-1" in result["msg"]


def test_a_server_that_cannot_be_deleted_yet_is_deleted_a_little_later(api: StandInApi, ask: Ask) -> None:
    api.account._polls_per_state = 8
    assert "bench-1 did not become ready" in ask(timeout_s=0)["msg"]
    assert api.servers[0]["status"] == "delivering"
    api.fail_next("DELETE", SERVERS_PATH, 409, "transient_state", "resource is in a transient state")
    gone = ask(state="absent")
    assert not gone["failed"], gone["msg"]
    assert [method for method, _path in api.requests].count("DELETE") == 2
    assert api.servers == []


def test_a_key_whose_registration_was_lost_is_registered_once(api: StandInApi, ask: Ask) -> None:
    api.cut_next("POST", "/iam/v1alpha1/ssh-keys")
    result = ask()
    assert not result["failed"], result["msg"]
    assert [key["name"] for key in api.account.keys] == ["katabench me@desk"]
    assert api.servers[0]["install"]["ssh_key_ids"] == [api.account.keys[0]["id"]]


def test_an_account_that_falls_silent_is_told_with_where_to_look(
    api: StandInApi, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def order_and_fall_silent(*_arguments: object) -> dict:
        api.fail_next("GET", SERVERS_PATH, 503, "unavailable", "try later", times=20)
        raise Refusal(503, "unavailable", "try later")

    monkeypatch.setattr(api.account, "order", order_and_fall_silent)
    result = ask(timeout_s=0.5)
    assert result["failed"]
    assert result["msg"].startswith("Could not order bench-1 in fr-par-2: Scaleway has a fault of its own")
    assert "look into the console for servers with the tag katabench in fr-par-2, which cost." in result["msg"]
