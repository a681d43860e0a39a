# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from types import SimpleNamespace

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.scaleway_hosts import (
    HostError,
    elastic_metal_host,
    host_variables,
    instance_host,
    name_hosts,
    not_ready_in_words,
    select_hosts,
)


def server(name="node-1", *addresses, **others):
    """Return what the SDK makes of a server of Elastic Metal; of an address it says something wrong of the version."""
    members = {
        "id": f"id-of-{name}",
        "name": name,
        "zone": "fr-par-2",
        "offer_name": "EM-A610R-NVME",
        "tags": ["katabench"],
        "status": "ready",
        "install": SimpleNamespace(status="completed"),
        "project_id": "p1",
        "ips": [SimpleNamespace(address=address, version="IPv4") for address in addresses or ("192.0.2.7",)],
    }
    return SimpleNamespace(**{**members, **others})


def test_addresses_tell_their_kind_themselves():
    host = elastic_metal_host(server("a", "2001:db8::7", "10.1.2.3", "192.0.2.7", "192.0.2.8"))
    assert host["public_ipv4"] == "192.0.2.7"
    assert host["public_ipv6"] == "2001:db8::7"
    assert host["private_ipv4"] == "10.1.2.3"
    assert host_variables(host)["ansible_host"] == "192.0.2.7"


def test_an_address_that_is_not_given_yet_is_none():
    host = elastic_metal_host(server("a", "", "2001:db8::7/64"))
    assert (host["public_ipv4"], host["public_ipv6"]) == (None, "2001:db8::7")


def test_a_server_with_a_private_address_only_is_reached_there():
    assert host_variables(elastic_metal_host(server("a", "172.17.0.5")))["ansible_host"] == "172.17.0.5"


def test_the_variables_have_the_prefix():
    variables = host_variables(elastic_metal_host(server()))
    assert variables["scaleway_kind"] == "elastic_metal"
    assert variables["scaleway_install_status"] == "completed"
    assert variables["scaleway_project_id"] == "p1"
    assert "scaleway_name" not in variables


@pytest.mark.parametrize(
    ("status", "install", "ready"),
    [
        ("ready", "completed", True),
        ("ready", "installing", False),
        ("ready", None, False),
        ("delivering", "to_install", False),
        ("locked", "completed", False),
    ],
)
def test_up_and_installed_are_two_things(status, install, ready):
    given = server(status=status, install=SimpleNamespace(status=install) if install else None)
    assert elastic_metal_host(given)["ready"] is ready


def test_why_a_server_is_not_ready_is_said():
    installing = elastic_metal_host(server(install=SimpleNamespace(status="to_install")))
    assert not_ready_in_words(installing) == "node-1 in fr-par-2 (ready, its system is to install)"
    bare = elastic_metal_host(server(install=None))
    assert not_ready_in_words(bare) == "node-1 in fr-par-2 (ready, without an operating system)"
    assert not_ready_in_words(elastic_metal_host(server(status="error"))) == "node-1 in fr-par-2 (error)"


def test_an_instance_is_ready_when_it_runs():
    given = SimpleNamespace(
        id="i1",
        name="vm",
        zone="fr-par-1",
        commercial_type="PRO2-S",
        tags=[],
        state="running",
        project="p1",
        public_ips=[SimpleNamespace(address="192.0.2.9")],
        private_ip="10.0.0.9",
    )
    host = instance_host(given)
    assert (host["kind"], host["offer"], host["ready"]) == ("instance", "PRO2-S", True)
    assert (host["public_ipv4"], host["private_ipv4"]) == ("192.0.2.9", "10.0.0.9")


def test_hosts_are_selected_by_project_offer_and_status():
    hosts = [
        elastic_metal_host(server("a")),
        elastic_metal_host(server("b", project_id="p2")),
        elastic_metal_host(server("c", offer_name="EM-OTHER")),
        elastic_metal_host(server("d", status="deleting")),
    ]
    assert [host["name"] for host in select_hosts(hosts)] == ["a", "b", "c"]
    assert [host["name"] for host in select_hosts(hosts, projects=["p1"], offers=["EM-A610R-NVME"])] == ["a"]
    assert select_hosts(hosts, statuses=["error"]) == []


def test_hosts_are_selected_by_all_of_their_tags():
    hosts = [
        elastic_metal_host(server("a", tags=["katabench", "cluster=three"])),
        elastic_metal_host(server("b", tags=["katabench", "cluster=thirty"])),
        elastic_metal_host(server("c", tags=["cluster=three"])),
    ]
    assert [host["name"] for host in select_hosts(hosts, tags=["katabench", "cluster=three"])] == ["a"]
    assert [host["name"] for host in select_hosts(hosts, tags=["katabench"])] == ["a", "b"]


def test_hosts_are_called_by_the_first_name_that_they_have():
    hosts = [elastic_metal_host(server("a")), elastic_metal_host(server("b", "2001:db8::1"))]
    assert list(name_hosts(hosts, ["name"])) == ["a", "b"]
    assert list(name_hosts(hosts, ["public_ipv4", "id"])) == ["192.0.2.7", "id-of-b"]


def test_two_of_one_name_and_names_that_are_none_are_refused():
    twins = [elastic_metal_host(server("a")), elastic_metal_host(server("a", id="other"))]
    with pytest.raises(HostError, match=r"Two servers are called a \(id-of-a and other\)"):
        name_hosts(twins, ["name"])
    with pytest.raises(HostError, match="hostnames has 'nmae'; it is one of name, id,"):
        name_hosts(twins, ["nmae"])
    with pytest.raises(HostError, match="has none of public_ipv6 to be called by"):
        name_hosts(twins, ["public_ipv6"])
