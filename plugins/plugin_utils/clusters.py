# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Which hosts carry which database cluster, and what each of them does in it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

ROLES = ("node", "loader")


class ClusterError(ValueError):
    """Hosts that make no cluster. The text holds one sentence per fault, one per line."""


def clusters_of(hosts: Mapping[str, Mapping[str, Any]], nodes: int) -> dict[str, dict[str, Any]]:
    """Group hosts, given in order with their variables, into clusters; one of one host has so many `nodes`.

    Hosts with the same `bench_cluster` carry one cluster; a host without it is a cluster by itself, named as the host.
    `bench_role` is what a host does in a cluster of several: ``node`` (the default) or ``loader``. `bench_addresses`
    lists the addresses at which the other hosts reach it; it carries a node at each. Without it that is `ansible_host`,
    and where that is a name, the fault says what to set.

    Returns for each cluster, in the order of its first host::

        lead       the host from which its cells are driven: the first that carries a node
        hosts      all of its hosts, in their order
        placement  [{host, address}], one for each node; empty where one host is the cluster, whose nodes meet in a
                   network of its own
        loaders    the hosts that load it: those with the role, else the lead
        clients    [{host, address}], of the hosts that load and carry no node
        nodes      {host: how many nodes it carries}

    Raises ClusterError.
    """
    members: dict[str, list[str]] = {}
    for host, variables in hosts.items():
        members.setdefault(str(variables.get("bench_cluster") or host), []).append(host)
    faults = [*_role_faults(hosts)]
    if not faults:
        faults = [fault for name, names in members.items() for fault in _faults(name, {n: hosts[n] for n in names})]
    if faults:
        raise ClusterError("\n".join(faults))
    return {name: _cluster({host: hosts[host] for host in names}, nodes) for name, names in members.items()}


def _cluster(hosts: Mapping[str, Mapping[str, Any]], nodes: int) -> dict[str, Any]:
    carriers = [host for host, variables in hosts.items() if _role(variables) == "node"]
    loaders = [host for host, variables in hosts.items() if _role(variables) == "loader"]
    spans_hosts = len(hosts) > 1
    placement = [{"host": host, "address": address} for host in carriers for address in _addresses(host, hosts[host])]
    return {
        "lead": carriers[0],
        "hosts": list(hosts),
        "placement": placement if spans_hosts else [],
        "loaders": loaders or carriers[:1],
        "clients": [
            {"host": host, "address": address} for host in loaders for address in _addresses(host, hosts[host])
        ],
        "nodes": {host: sum(node["host"] == host for node in placement) for host in hosts}
        if spans_hosts
        else {carriers[0]: nodes},
    }


def _role(variables: Mapping[str, Any]) -> str:
    return str(variables.get("bench_role") or "node")


def _role_faults(hosts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [
        f"bench_role of {host} is '{_role(variables)}'; expected is one of {', '.join(ROLES)}."
        for host, variables in hosts.items()
        if _role(variables) not in ROLES
    ]


def _faults(name: str, hosts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    if all(_role(variables) == "loader" for variables in hosts.values()):
        return [
            f"The cluster {name} has loaders only ({', '.join(hosts)}): give bench_cluster={name} to a host with "
            "bench_role=node."
        ]
    if len(hosts) == 1:
        return []
    faults = []
    owners: dict[str, str] = {}
    for host, variables in hosts.items():
        addresses = _addresses(host, variables)
        if not addresses:
            faults.append(f"bench_addresses of {host} is empty: name the address at which the other hosts reach it.")
        for address in addresses:
            if not _is_reachable(address):
                faults.append(
                    f"{host} of the cluster {name} is reached at '{address}', which is no address that other hosts "
                    f"could use: set bench_addresses of {host} to a list of its IP addresses, a node for each."
                )
            elif address in owners:
                faults.append(f"{host} and {owners[address]} of the cluster {name} both have the address {address}.")
            else:
                owners[address] = host
    return faults


def _addresses(host: str, variables: Mapping[str, Any]) -> Sequence[str]:
    addresses = variables.get("bench_addresses")
    if addresses is None:
        return [str(variables.get("ansible_host") or host)]
    return [str(addresses)] if isinstance(addresses, str) else [str(address) for address in addresses]


def _is_reachable(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return not (found.is_loopback or found.is_unspecified or found.is_multicast)
