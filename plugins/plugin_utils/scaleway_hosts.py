# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Servers at Scaleway as hosts of an inventory: names, addresses, and whether they are ready."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

HOSTNAMES = ("name", "id", "public_ipv4", "public_ipv6", "private_ipv4")

Host = dict[str, Any]


class HostError(ValueError):
    """Servers of which no inventory can be made; the text says which and what to do."""


def elastic_metal_host(server: Any) -> Host:
    """Describe a ``scaleway.baremetal.v1.Server``.

    Up and installed are two things there: a server is ready when both are so. Returns the variables of a host without
    their prefix ``scaleway_``, and ``ready``.
    """
    install_status = str(server.install.status) if server.install else None
    return {
        "kind": "elastic_metal",
        "id": server.id,
        "name": server.name,
        "zone": str(server.zone),
        "offer": server.offer_name,
        "tags": list(server.tags),
        "status": str(server.status),
        "install_status": install_status,
        "project_id": server.project_id,
        **_addresses(ip.address for ip in server.ips),
        "ready": str(server.status) == "ready" and install_status == "completed",
    }


def instance_host(server: Any) -> Host:
    """Describe a ``scaleway.instance.v1.Server``, which is ready when it runs; in the same form."""
    public = [ip.address for ip in server.public_ips or []]
    return {
        "kind": "instance",
        "id": server.id,
        "name": server.name,
        "zone": str(server.zone),
        "offer": server.commercial_type,
        "tags": list(server.tags),
        "status": str(server.state),
        "install_status": None,
        "project_id": server.project,
        **_addresses([*public, *([server.private_ip] if server.private_ip else [])]),
        "ready": str(server.state) == "running",
    }


def select_hosts(
    hosts: Iterable[Host],
    *,
    tags: Sequence[str] = (),
    projects: Sequence[str] = (),
    offers: Sequence[str] = (),
    statuses: Sequence[str] = (),
) -> list[Host]:
    """Return the hosts with all of the tags, of one of the projects, with one of the offers, in one of the statuses.

    Where none is named, any will do. What is being deleted is no host.
    """
    return [
        host
        for host in hosts
        if host["status"] != "deleting"
        and set(tags) <= set(host["tags"])
        and (not projects or host["project_id"] in projects)
        and (not offers or host["offer"] in offers)
        and (not statuses or host["status"] in statuses)
    ]


def name_hosts(hosts: Iterable[Host], hostnames: Sequence[str]) -> dict[str, Host]:
    """Return the hosts by name, the first of `hostnames` that a host has. Raises HostError where two have the same."""
    unknown = [source for source in hostnames if source not in HOSTNAMES]
    if unknown:
        raise HostError(f"hostnames has '{unknown[0]}'; it is one of {', '.join(HOSTNAMES)}.")
    named: dict[str, Host] = {}
    for host in hosts:
        name = next((host[source] for source in hostnames if host[source]), None)
        if name is None:
            raise HostError(
                f"The server {host['name']} ({host['id']}) has none of {', '.join(hostnames)} to be called by."
            )
        if name in named:
            raise HostError(
                f"Two servers are called {name} ({named[name]['id']} and {host['id']}): rename one, or have hostnames "
                "begin with id."
            )
        named[name] = host
    return named


def host_variables(host: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables of a host; `ansible_host` where it has an address."""
    address = host["public_ipv4"] or host["public_ipv6"] or host["private_ipv4"]
    own = {f"scaleway_{key}": value for key, value in host.items() if key not in {"name", "ready"}}
    return own | ({"ansible_host": address} if address else {})


def not_ready_in_words(host: Mapping[str, Any]) -> str:
    """Say why a server is no host yet."""
    install = host["install_status"]
    how = host["status"] + ("" if install in {None, "completed"} else f", its system is {install.replace('_', ' ')}")
    if host["kind"] == "elastic_metal" and install is None:
        how += ", without an operating system"
    return f"{host['name']} in {host['zone']} ({how})"


def _addresses(given: Iterable[str]) -> dict[str, str | None]:
    """Tell addresses apart by themselves: the SDK knows other names for their versions than the API sends."""
    found: dict[str, str | None] = {"public_ipv4": None, "public_ipv6": None, "private_ipv4": None}
    for text in filter(None, given):
        address = ipaddress.ip_address(text.split("/")[0])
        # is_private would count networks for documentation as well.
        is_private = address.version == 4 and any(address in net for net in _PRIVATE)
        kind = "private_ipv4" if is_private else f"public_ipv{address.version}"
        found[kind] = found[kind] or str(address)
    return found


# RFC 1918 and RFC 6598.
_PRIVATE = [ipaddress.ip_network(net) for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")]
