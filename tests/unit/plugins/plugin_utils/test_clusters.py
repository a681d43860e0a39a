# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.clusters import ClusterError, clusters_of

THREE_AND_A_LOADER = {
    "metal-1": {"bench_cluster": "big", "ansible_host": "192.0.2.11"},
    "metal-2": {"bench_cluster": "big", "ansible_host": "192.0.2.12"},
    "load-1": {"bench_cluster": "big", "ansible_host": "192.0.2.21", "bench_role": "loader"},
    "metal-3": {"bench_cluster": "big", "ansible_host": "192.0.2.13"},
}


def test_hosts_without_the_variable_are_a_cluster_each():
    alone = {"lead": "b", "hosts": ["b"], "placement": [], "loaders": ["b"], "clients": [], "nodes": {"b": 5}}
    found = clusters_of({"b": {}, "a": {"ansible_host": "db.example"}}, 5)
    assert list(found) == ["b", "a"]
    assert found["b"] == alone
    assert found["a"]["lead"] == "a"


def test_hosts_with_the_same_value_carry_one_cluster_and_the_loader_stays_apart():
    assert clusters_of(THREE_AND_A_LOADER, 2) == {
        "big": {
            "lead": "metal-1",
            "hosts": ["metal-1", "metal-2", "load-1", "metal-3"],
            "placement": [
                {"host": "metal-1", "address": "192.0.2.11"},
                {"host": "metal-2", "address": "192.0.2.12"},
                {"host": "metal-3", "address": "192.0.2.13"},
            ],
            "loaders": ["load-1"],
            "clients": [{"host": "load-1", "address": "192.0.2.21"}],
            "nodes": {"metal-1": 1, "metal-2": 1, "load-1": 0, "metal-3": 1},
        }
    }


def test_without_a_loader_the_first_node_host_loads():
    hosts = {
        "a": {"bench_cluster": "c", "ansible_host": "10.0.0.1"},
        "b": {"bench_cluster": "c", "ansible_host": "10.0.0.2"},
    }
    assert clusters_of(hosts, 2)["c"]["loaders"] == ["a"]


def test_a_loader_that_comes_first_does_not_lead():
    hosts = {
        "load": {"bench_cluster": "c", "bench_role": "loader", "ansible_host": "10.0.0.9"},
        "db": {"bench_cluster": "c", "ansible_host": "10.0.0.1"},
    }
    assert clusters_of(hosts, 2)["c"]["lead"] == "db"


def test_a_host_carries_a_node_at_each_of_its_addresses():
    hosts = {
        "a": {"bench_cluster": "c", "bench_addresses": ["10.0.0.1", "10.0.0.2"], "ansible_host": "192.0.2.1"},
        "b": {"bench_cluster": "c", "bench_addresses": "fd00::2"},
    }
    found = clusters_of(hosts, 2)["c"]
    assert found["placement"] == [
        {"host": "a", "address": "10.0.0.1"},
        {"host": "a", "address": "10.0.0.2"},
        {"host": "b", "address": "fd00::2"},
    ]
    assert found["nodes"] == {"a": 2, "b": 1}


@pytest.mark.parametrize(
    ("hosts", "sentence"),
    [
        (
            {"a": {"bench_cluster": "c", "bench_role": "laoder"}},
            "bench_role of a is 'laoder'; expected is one of node, loader.",
        ),
        (
            {"a": {"bench_cluster": "c", "bench_role": "loader"}, "b": {"bench_cluster": "c", "bench_role": "loader"}},
            "The cluster c has loaders only (a, b): give bench_cluster=c to a host with bench_role=node.",
        ),
        (
            {
                "a": {"bench_cluster": "c", "ansible_host": "db.example"},
                "b": {"bench_cluster": "c", "ansible_host": "10.0.0.2"},
            },
            "a of the cluster c is reached at 'db.example', which is no address that other hosts could use: "
            "set bench_addresses of a to a list of its IP addresses, a node for each.",
        ),
        (
            {
                "a": {"bench_cluster": "c", "ansible_host": "127.0.0.1"},
                "b": {"bench_cluster": "c", "ansible_host": "10.0.0.2"},
            },
            "a of the cluster c is reached at '127.0.0.1', which is no address that other hosts could use: "
            "set bench_addresses of a to a list of its IP addresses, a node for each.",
        ),
        (
            {
                "a": {"bench_cluster": "c", "ansible_host": "10.0.0.2"},
                "b": {"bench_cluster": "c", "ansible_host": "10.0.0.2"},
            },
            "b and a of the cluster c both have the address 10.0.0.2.",
        ),
        (
            {
                "a": {"bench_cluster": "c", "bench_addresses": []},
                "b": {"bench_cluster": "c", "ansible_host": "10.0.0.2"},
            },
            "bench_addresses of a is empty: name the address at which the other hosts reach it.",
        ),
    ],
)
def test_what_makes_no_cluster_is_said(hosts, sentence):
    with pytest.raises(ClusterError) as caught:
        clusters_of(hosts, 2)
    assert str(caught.value) == sentence
