# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What is to be ordered of Scaleway's Elastic Metal, what that costs, and what of it may be deleted again.

Everything here thinks about the SDK's own objects and asks nobody: scaleway_servers.py does the asking.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the SDK is heavy, and ansible-doc loads files without it
    from scaleway.baremetal.v1 import OS, Offer, Server
    from scaleway_core.bridge import Money

CURRENCY = "EUR"
# Nothing leads from these to a server that works.
DEAD_ENDS = {
    "error": "delete it, or ask Scaleway's support",
    "locked": "Scaleway has locked it: the console or a ticket tells why",
    "out_of_stock": "Scaleway has none left: delete it, and order another offer or in another zone",
}
HOSTNAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


class OrderError(ValueError):
    """What is asked for cannot be ordered or deleted. The text is one or more sentences."""


@dataclass(frozen=True)
class Wanted:
    """A server by its name, with the tags that it is to carry beside ours."""

    name: str
    tags: tuple[str, ...] = ()


def wanted_servers(servers: Sequence[Mapping[str, Any]]) -> list[Wanted]:
    """Read what the user wrote. Raises OrderError for a name that is no hostname, or that is there twice."""
    wanted = [Wanted(str(server["name"]), tuple(map(str, server.get("tags") or ()))) for server in servers]
    for server in wanted:
        if not HOSTNAME.fullmatch(server.name):
            raise OrderError(
                f"'{server.name}' cannot be the name of a server, which becomes its hostname: use letters, digits and "
                "hyphens, at most 63."
            )
    twice = [name for name, count in Counter(server.name for server in wanted).items() if count > 1]
    if twice:
        raise OrderError(f"{_and(twice)} is listed more than once in servers: give each server a name of its own.")
    return wanted


def all_tags(server: Wanted, tag: str) -> list[str]:
    """List the tags of a server that we order, ours first."""
    return [tag, *(other for other in dict.fromkeys(server.tags) if other != tag)]


def ours(servers: Iterable[Server], tag: str) -> list[Server]:
    """Return the servers that carry our tag, by name."""
    return sorted((server for server in servers if tag in server.tags), key=lambda server: (server.name, server.id))


def find_one(servers: Iterable[Server], name: str, tag: str) -> Server | None:
    """Return the server of a name that carries our tag and is there to stay. Raises OrderError for several."""
    found = [server for server in ours(servers, tag) if server.name == name and str(server.status) != "deleting"]
    if len(found) > 1:
        raise OrderError(
            f"{len(found)} servers named {name} with the tag {tag} exist ({_and([server.id for server in found])}), "
            "and each costs: delete all but one of them."
        )
    return found[0] if found else None


def missing(wanted: Iterable[Wanted], servers: Sequence[Server], tag: str, offer: str) -> list[Wanted]:
    """Return which of the wanted servers do not exist.

    Raises OrderError when one exists twice, with another offer, or as somebody else's.
    """
    absent = []
    for server in wanted:
        found = find_one(servers, server.name, tag)
        if found is None:
            _require_no_stranger(server.name, servers, tag)
            absent.append(server)
        elif found.offer_name.casefold() != offer.casefold():
            raise OrderError(
                f"{server.name} exists with the offer {found.offer_name}, and {offer} is wanted: delete it first, or "
                "give the new server another name."
            )
    return absent


def _require_no_stranger(name: str, servers: Iterable[Server], tag: str) -> None:
    if strangers(servers, [name], tag):
        raise OrderError(
            f"A server named {name} exists without the tag {tag}, so it is not one of ours: choose another name, or "
            f"give it the tag {tag} to make it one that is used and deleted."
        )


def strangers(servers: Iterable[Server], names: Sequence[str], tag: str) -> list[str]:
    """Return which of the names belong to servers without our tag."""
    return sorted({server.name for server in servers if server.name in names and tag not in server.tags})


def wrong_tags(wanted: Iterable[Wanted], servers: Sequence[Server], tag: str) -> list[tuple[Server, list[str]]]:
    """Return the servers that exist with other tags than wanted, each with the tags that it is to have."""
    pairs = [(find_one(servers, server.name, tag), all_tags(server, tag)) for server in wanted]
    return [(found, tags) for found, tags in pairs if found and set(found.tags) != set(tags)]


def choose_offer(offers: Sequence[Offer], name: str, zone: str) -> Offer:
    """Find an offer by its name, among those that can be ordered by the hour at this moment. Raises OrderError."""
    named = [offer for offer in offers if offer.name.casefold() == name.casefold()]
    instead = _offers_in_words(offers, zone)
    if not named:
        raise OrderError(f"There is no offer '{name}' in {zone}. {instead}")
    hourly = [offer for offer in named if str(offer.subscription_period) == "hourly"]
    if not hourly:
        raise OrderError(
            f"{named[0].name} is to be had in {zone} by the month only, which binds for months and is never ordered "
            f"from here. {instead}"
        )
    enabled = [offer for offer in hourly if offer.enable]
    if not enabled:
        raise OrderError(
            f"The offer {hourly[0].name} is disabled in {zone}: Scaleway does not sell it there. {instead}"
        )
    offer = enabled[0]
    if str(offer.stock) == "empty":
        raise OrderError(
            f"The offer {offer.name} is out of stock in {zone}: try later, in another zone, or another offer. {instead}"
        )
    price_eur(offer)
    return offer


def _offers_in_words(offers: Sequence[Offer], zone: str) -> str:
    usable = sorted(
        f"{offer.name} ({offer.price_per_hour.units + offer.price_per_hour.nanos / 1e9:.4g} "
        f"{offer.price_per_hour.currency_code})"
        for offer in offers
        if offer.enable
        and str(offer.subscription_period) == "hourly"
        and str(offer.stock) != "empty"
        and offer.price_per_hour
    )
    return f"By the hour, {zone} has {_and(usable)}." if usable else f"{zone} has nothing by the hour at this moment."


def price_eur(offer: Offer) -> float:
    """Return what an offer costs an hour. Raises OrderError where that is not known in euros."""
    if offer.price_per_hour is None:
        raise OrderError(f"Scaleway tells no price per hour of the offer {offer.name}, so it is not ordered.")
    return _euros(offer.price_per_hour, f"The offer {offer.name}")


def _euros(money: Money, what: str) -> float:
    if money.currency_code != CURRENCY:
        raise OrderError(
            f"{what} is priced in {money.currency_code}, and the limit is in {CURRENCY}: it is not ordered."
        )
    return round(money.units + money.nanos / 1e9, 9)


def setup_fee_eur(offer: Offer) -> float:
    """Return what Scaleway takes once for setting up a server of an offer."""
    return _euros(offer.fee, f"The setup of the offer {offer.name}") if offer.fee else 0.0


def prices_eur(offers: Iterable[Offer]) -> dict[str, float]:
    """Return the price per hour of each offer by its id; those by the month, or without a price, are left out."""
    return {
        offer.id: _euros(offer.price_per_hour, offer.name)
        for offer in offers
        if offer.price_per_hour is not None
        and offer.price_per_hour.currency_code == CURRENCY
        and str(offer.subscription_period) == "hourly"
    }


def choose_os(systems: Sequence[OS], wanted: str, offer: Offer) -> OS:
    """Find an operating system by its id, or by its name and the beginning of its version (``Debian 12``).

    Raises OrderError when there is none, more than one, or the offer cannot install it.
    """
    usable = [system for system in systems if system.enabled and system.allowed]
    able = [one for one in usable if one.id not in offer.incompatible_os_ids and not one.license_required]
    instead = f"{offer.name} can install {_and(sorted(map(os_name, able)))}."
    found = _matching(usable, wanted)
    if not found and (disabled := _matching(systems, wanted)):
        why = "your organization may not install it" if disabled[0].enabled else "Scaleway has disabled it"
        raise OrderError(f"The operating system {os_name(disabled[0])} cannot be had: {why}. {instead}")
    if not found:
        raise OrderError(f"There is no operating system '{wanted}' in {offer.zone}. {instead}")
    fitting = [system for system in found if system.id not in offer.incompatible_os_ids]
    if not fitting:
        raise OrderError(f"The offer {offer.name} cannot install {os_name(found[0])}. {instead}")
    if len(fitting) > 1:
        candidates = " or ".join(f"{os_name(system)} ({system.id})" for system in fitting)
        raise OrderError(f"'{wanted}' may be {candidates}: say which, in full or by its id.")
    if fitting[0].license_required:
        raise OrderError(f"{os_name(fitting[0])} needs a licence that costs more, so it is not ordered. {instead}")
    return fitting[0]


def _matching(systems: Sequence[OS], wanted: str) -> list[OS]:
    text = " ".join(wanted.casefold().split())
    exact = [system for system in systems if text in (system.id.casefold(), os_name(system).casefold())]
    # Whole parts of a version, so that `Debian 1` is not taken for Debian 12.
    beginning = re.compile(rf"{re.escape(text)}(?![a-z0-9])")
    return exact or [system for system in systems if beginning.match(os_name(system).casefold())]


def os_name(system: OS) -> str:
    """Return name and version of an operating system."""
    return " ".join(f"{system.name} {system.version}".split())


def require_within(limit_eur: float, existing: Sequence[Mapping[str, Any]], offer: Offer, count: int) -> None:
    """Raise OrderError when what exists and `count` more of an offer cost more than the limit an hour, together."""
    total = total_eur(existing) + count * price_eur(offer)
    if round(total, 6) > limit_eur:
        raise OrderError(
            f"{_count(count, 'server')} {offer.name} at {price(price_eur(offer))} each, with what exists, "
            f"would cost {price(total)}, and the limit is {price(limit_eur)}: nothing is ordered. Raise "
            "max_hourly_cost_eur (scaleway_max_hourly_cost in the playbook) if that is meant."
        )


def server_row(server: Server, prices: Mapping[str, float]) -> dict[str, Any]:
    """Say what is known of a server, in plain values."""
    return {
        "name": server.name,
        "id": server.id,
        "zone": str(server.zone),
        "offer": server.offer_name,
        "status": str(server.status),
        "install_status": str(server.install.status) if server.install else None,
        "address": address(server),
        "hourly_cost_eur": prices.get(server.offer_id),
        "tags": list(server.tags),
        "protected": bool(server.protected),
    }


def address(server: Server) -> str | None:
    """Return the public address of a server: of version 4 when it has one.

    Told by the address itself, as the SDK knows other names for the versions than the API sends.
    """
    addresses = sorted((ipaddress.ip_address(ip.address.split("/")[0]) for ip in server.ips), key=lambda ip: ip.version)
    return str(addresses[0]) if addresses else None


def is_ready(row: Mapping[str, Any]) -> bool:
    """Tell whether a server is up and its operating system installed; the one says nothing about the other."""
    return (row["status"], row["install_status"]) == ("ready", "completed")


def dead_end(row: Mapping[str, Any]) -> str | None:
    """Return a sentence about a server that will never be ready."""
    if row["status"] in DEAD_ENDS:
        return f"{row['name']} ({row['id']}) is in the state {row['status']}: {DEAD_ENDS[row['status']]}."
    if row["install_status"] == "error":
        return (
            f"The installation of {row['name']} ({row['id']}) has failed: install it again in the console, or delete "
            "it and order it again."
        )
    return None


def total_eur(rows: Iterable[Mapping[str, Any]]) -> float:
    """Return what servers cost an hour together, as far as their prices are known."""
    return round(sum(row["hourly_cost_eur"] or 0.0 for row in rows), 6)


def price(euros: float) -> str:
    """Write a price per hour."""
    return f"{euros:.3f} {CURRENCY} an hour"


def bill(rows: Sequence[Mapping[str, Any]], tag: str, zone: str) -> str:
    """Say in a sentence what exists and what it costs."""
    if not rows:
        return f"No server with the tag {tag} exists in {zone}, so nothing costs."
    total = price(total_eur(rows))
    return f"With the tag {tag} exist in {zone}, at {total} together: {_and(list(map(_row_in_words, rows)))}."


def _row_in_words(row: Mapping[str, Any]) -> str:
    euros = row["hourly_cost_eur"]
    cost = "its price is not told by the hour" if euros is None else f"{euros:.3f} {CURRENCY}"
    installing = row["status"] == "ready" and not is_ready(row)
    status = f"ready, installation {row['install_status'] or 'not ordered'}" if installing else row["status"]
    facts = [row["address"], row["offer"], status, cost]
    return f"{row['name']} ({', '.join(fact for fact in facts if fact)})"


def order_in_words(names: Sequence[str], offer: Offer, system: OS) -> str:
    """Say in a sentence what would be ordered and what it would cost."""
    fee = setup_fee_eur(offer)
    return (
        f"To order: {_and(names)}, {_count(len(names), 'server')} {offer.name} with {os_name(system)} at "
        f"{price(price_eur(offer))} each, {price(len(names) * price_eur(offer))} together"
        + (f", and once {fee:.2f} {CURRENCY} each for its setup" if fee else "")
        + "."
    )


def to_delete(wanted: Sequence[Wanted], servers: Sequence[Server], tag: str) -> tuple[list[Server], list[Server]]:
    """Return which servers with our tag are to go (all, when none is named), and which of them are protected."""
    names = {server.name for server in wanted}
    chosen = [server for server in ours(servers, tag) if not names or server.name in names]
    return [server for server in chosen if not server.protected], [server for server in chosen if server.protected]


def protected_in_words(servers: Sequence[Server]) -> str:
    """Say why servers were not deleted."""
    names = _and([server.name for server in servers])
    are, stay = ("is", "stays") if len(servers) == 1 else ("are", "stay")
    return (
        f"{names} {are} protected from deletion and {stay}: switch the protection off in the console, and run this "
        "again."
    )


def describe(rows: Iterable[Mapping[str, Any]]) -> str:
    """Write servers as the text of a diff, a line each."""
    return "".join(f"{row['name']}: {row['offer']} in {row['zone']}, tags {', '.join(row['tags'])}\n" for row in rows)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _and(items: Sequence[str]) -> str:
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)
