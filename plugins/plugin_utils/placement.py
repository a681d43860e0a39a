# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Where the nodes of a cluster run, at which addresses they meet, and who may reach them there."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

CQL_PORT = 9042
INTERNODE_PORT = 7000
"""ScyllaDB and Cassandra both take these; all nodes of a cluster have to have the same."""


def node_placement(
    name: str, count: int, here: str, placement: Sequence[Mapping[str, str]], cql_port: int
) -> list[dict[str, Any]]:
    """Return the nodes of the cluster `name` in the order in which they start: the seed first.

    Without a `placement` there are `count` nodes on the host `here`, which meet in a network of the engine; the seed's
    CQL port is published on 127.0.0.1 as `cql_port`. With one, a list of ``{host, address}``, there is a node for each
    entry, which publishes its ports at that address and tells the others that it is to be found there.

    Returns a list of ``{number, name, host, address, published, options}``: `address` None where the engine gives one,
    `published` as an engine takes it, `options` for the command line of the database.
    """
    if not placement:
        return [
            {
                "number": number,
                "name": f"{name}-node{number}",
                "host": here,
                "address": None,
                "published": [f"127.0.0.1:{cql_port}:{CQL_PORT}"] if number == 1 else [],
                "options": [],
            }
            for number in range(1, count + 1)
        ]
    seed = placement[0]["address"]
    return [
        {
            "number": number,
            "name": f"{name}-node{number}",
            "host": node["host"],
            "address": node["address"],
            "published": [f"{_bracketed(node['address'])}:{port}:{port}" for port in (INTERNODE_PORT, CQL_PORT)],
            "options": [
                f"--seeds={seed}",
                f"--broadcast-address={node['address']}",
                f"--broadcast-rpc-address={node['address']}",
            ],
        }
        for number, node in enumerate(placement, start=1)
    ]


def firewall_rules(table: str, addresses: Iterable[str], let_in: Iterable[str]) -> str:
    """Return a ruleset of nftables that leaves the database's ports at `addresses` to the addresses and nets `let_in`.

    It stands before the engine's translation of addresses (priority raw), where a packet still has the address that it
    was sent to; an engine's published ports never pass a filter of incoming packets. It replaces the table as a whole,
    touches no other, and says nothing of other ports. Format: nft(8).
    """
    allowed = [ipaddress.ip_network(entry) for entry in dict.fromkeys(let_in)]
    rules = []
    for guarded in dict.fromkeys(addresses):
        address = ipaddress.ip_address(guarded)
        family = "ip" if address.version == 4 else "ip6"
        sources = ", ".join(str(net) for net in allowed if net.version == address.version)
        others = f" {family} saddr != {{ {sources} }}" if sources else ""
        rules.append(f"    {family} daddr {address} tcp dport {{ {INTERNODE_PORT}, {CQL_PORT} }}{others} drop")
    return "\n".join([
        f"table inet {table}",
        f"delete table inet {table}",
        f"table inet {table} {{",
        "  chain database {",
        "    type filter hook prerouting priority raw; policy accept;",
        '    iifname "lo" accept',
        *rules,
        "  }",
        "}",
        "",
    ])  # fmt: skip


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
