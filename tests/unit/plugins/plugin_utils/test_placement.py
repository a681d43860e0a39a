# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.placement import firewall_rules, node_placement


def test_nodes_of_one_host_meet_in_the_network_of_its_engine():
    assert node_placement("kb", 2, "metal-1", [], 9142) == [
        {
            "number": 1,
            "name": "kb-node1",
            "host": "metal-1",
            "address": None,
            "published": ["127.0.0.1:9142:9042"],
            "options": [],
        },
        {"number": 2, "name": "kb-node2", "host": "metal-1", "address": None, "published": [], "options": []},
    ]


def test_nodes_of_several_hosts_tell_each_other_where_they_are():
    first, second = node_placement(
        "kb",
        9,
        "metal-1",
        [{"host": "metal-1", "address": "192.0.2.11"}, {"host": "metal-2", "address": "fd00::2"}],
        9142,
    )
    assert first == {
        "number": 1,
        "name": "kb-node1",
        "host": "metal-1",
        "address": "192.0.2.11",
        "published": ["192.0.2.11:7000:7000", "192.0.2.11:9042:9042"],
        "options": ["--seeds=192.0.2.11", "--broadcast-address=192.0.2.11", "--broadcast-rpc-address=192.0.2.11"],
    }
    assert second["host"] == "metal-2"
    assert second["published"] == ["[fd00::2]:7000:7000", "[fd00::2]:9042:9042"]
    assert second["options"][:2] == ["--seeds=192.0.2.11", "--broadcast-address=fd00::2"]


def test_the_rules_leave_the_ports_to_those_who_are_let_in():
    rules = firewall_rules("katabench", ["192.0.2.11", "192.0.2.11"], ["192.0.2.12", "172.18.0.0/16", "fd00::9"])
    assert rules == (
        "table inet katabench\n"
        "delete table inet katabench\n"
        "table inet katabench {\n"
        "  chain database {\n"
        "    type filter hook prerouting priority raw; policy accept;\n"
        '    iifname "lo" accept\n'
        "    ip daddr 192.0.2.11 tcp dport { 7000, 9042 } ip saddr != { 192.0.2.12/32, 172.18.0.0/16 } drop\n"
        "  }\n"
        "}\n"
    )


def test_where_nobody_is_let_in_everything_is_dropped():
    assert "    ip6 daddr fd00::2 tcp dport { 7000, 9042 } drop\n" in firewall_rules("kb", ["fd00::2"], ["192.0.2.1"])


def test_a_name_is_no_address():
    with pytest.raises(ValueError, match=r"db\.example"):
        firewall_rules("kb", ["db.example"], [])
