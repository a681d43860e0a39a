# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Bring servers about and away again: ask the account, order what is missing, wait; delete what carries our tag."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import scaleway_orders as orders
from .scaleway_client import ScalewayError
from .scaleway_keys import PublicKey, known_ids, public_keys

if TYPE_CHECKING:
    from scaleway.baremetal.v1 import OS, Offer, Server

    from .scaleway_account import Account

# Orders whose answer was lost: an order that may have been executed is given anew only after a look.
ATTEMPTS = 3
# After these an order may have been executed all the same.
UNCERTAIN = ("unreachable", "server")
# States in which Scaleway works on a server and may refuse to delete it.
BUSY = ("delivering", "ordered", "starting", "stopping", "resetting", "migrating")


class ServersError(ValueError):
    """A failure, with the sentence of what exists and costs, and in `result` the same for programs."""

    def __init__(self, sentence: str, result: dict[str, Any]) -> None:
        super().__init__(sentence)
        self.result = result


@dataclass(frozen=True)
class Settings:
    """What is asked for. Where a server is: the account's zone."""

    servers: list[orders.Wanted]
    tag: str
    offer: str = ""
    os: str = ""
    ssh_keys: Sequence[str] = ()
    ssh_key_file: str | None = None
    max_hourly_cost_eur: float = 0.0
    timeout_s: float = 3600.0
    poll_s: float = 10.0


@dataclass(frozen=True)
class _Order:
    """What is the same for all servers of an order."""

    offer: Offer
    system: OS
    keys: dict[PublicKey, str | None]


@dataclass(frozen=True)
class _Plan:
    """What is to be done so that the wanted servers are there."""

    before: list[dict[str, Any]]
    missing: list[orders.Wanted]
    order: _Order | None
    wrong_tags: list[tuple[Server, list[str]]]


class Servers:
    """The servers with our tag in one zone of an account.

    Raises ServersError; before the account has told what exists, OrderError or ScalewayError.
    """

    def __init__(self, account: Account, settings: Settings) -> None:
        self._account = account
        self._settings = settings
        self._offers: list[Offer] = []
        self._asked = False
        self._changed = False

    def present(self, *, ask_only: bool) -> dict[str, Any]:
        """Order what is missing and wait until all are ready; with `ask_only`, say what that would be."""
        try:
            plan = self._plan()
            to_order = self._to_order(plan)
            if ask_only:
                rows, after = plan.before, [*self._retagged(plan), *to_order]
            else:
                self._carry_out(plan)
                rows = after = self._rows(self._wait_until_ready())
        except (ScalewayError, orders.OrderError) as error:
            # What it says is in the sentence, and would be shown again as its cause.
            raise self._failure(error) from None
        changed = bool(plan.missing or plan.wrong_tags) if ask_only else self._changed
        lines = [*self._plan_in_words(plan), self._bill(rows)]
        return {**self._result(plan.before, after, lines, changed=changed), "servers": rows, "to_order": to_order}

    def absent(self, *, ask_only: bool) -> dict[str, Any]:
        """Delete the servers with our tag, of which those that are named, if any is, and wait until they are gone."""
        settings = self._settings
        try:
            servers = self._look_around()
            before = self._rows(servers)
            to_delete, protected = orders.to_delete(settings.servers, servers, settings.tag)
            ids = {server.id for server in to_delete}
            kept = [server for server in servers if server.id not in ids]
            after = self._rows(kept if ask_only else self._delete_all(ids))
        except (ScalewayError, orders.OrderError) as error:
            # What it says is in the sentence, and would be shown again as its cause.
            raise self._failure(error) from None
        strangers = orders.strangers(servers, [server.name for server in settings.servers], settings.tag)
        lines = [
            *(f"{server.name} is deleted." for server in to_delete),
            *(f"{name} does not carry the tag {settings.tag} and is left alone." for name in strangers),
            self._bill(after),
        ]
        changed = any(str(server.status) != "deleting" for server in to_delete) if ask_only else self._changed
        result = {**self._result(before, after, lines, changed=changed), "servers": after, "to_order": []}
        if protected:
            raise ServersError(f"{orders.protected_in_words(protected)} {self._bill(after)}", result)
        return result

    def _look_around(self) -> list[Server]:
        self._offers = self._account.offers()
        servers = self._account.servers()
        self._asked = True
        return servers

    def _plan(self) -> _Plan:
        """Check everything that can be checked before the first order."""
        settings = self._settings
        if not settings.servers:
            raise orders.OrderError("No server is wanted: list one in servers (scaleway_servers in the playbook).")
        servers = self._look_around()
        before = self._rows(servers)
        self._require_no_dead_end(servers)
        missing = orders.missing(settings.servers, servers, settings.tag, settings.offer)
        wrong_tags = orders.wrong_tags(settings.servers, servers, settings.tag)
        return _Plan(before, missing, self._prepare(before, len(missing)) if missing else None, wrong_tags)

    def _prepare(self, existing: Sequence[dict[str, Any]], count: int) -> _Order:
        settings = self._settings
        keys = public_keys(settings.ssh_keys, settings.ssh_key_file)
        offer = orders.choose_offer(self._offers, settings.offer, self._account.zone)
        orders.require_within(settings.max_hourly_cost_eur, existing, offer, count)
        system = orders.choose_os(self._account.systems(), settings.os, offer)
        return _Order(offer, system, known_ids(keys, self._account.ssh_keys()))

    def _to_order(self, plan: _Plan) -> list[dict[str, Any]]:
        if plan.order is None:
            return []
        return [
            {
                "name": server.name,
                "zone": self._account.zone,
                "offer": plan.order.offer.name,
                "os": orders.os_name(plan.order.system),
                "hourly_cost_eur": orders.price_eur(plan.order.offer),
                "tags": orders.all_tags(server, self._settings.tag),
            }
            for server in plan.missing
        ]

    def _retagged(self, plan: _Plan) -> list[dict[str, Any]]:
        tags_of = {server.id: tags for server, tags in plan.wrong_tags}
        return [{**row, "tags": tags_of.get(row["id"], row["tags"])} for row in plan.before]

    def _plan_in_words(self, plan: _Plan) -> list[str]:
        lines = [f"{server.name} gets the tags {', '.join(tags)}." for server, tags in plan.wrong_tags]
        if plan.order is None:
            return lines
        unknown = [key.name(self._settings.tag) for key, known in plan.order.keys.items() if known is None]
        return [
            *lines,
            orders.order_in_words([server.name for server in plan.missing], plan.order.offer, plan.order.system),
            *(f"The account does not know the SSH key '{name}' yet: it is registered." for name in unknown),
        ]

    def _carry_out(self, plan: _Plan) -> None:
        for server, tags in plan.wrong_tags:
            self._account.set_tags(server, tags)
            self._changed = True
        if plan.order is None:
            return
        key_ids = [known or self._register(key) for key, known in plan.order.keys.items()]
        for wanted in plan.missing:
            self._order(wanted, plan.order, key_ids)
            self._changed = True

    def _order(self, server: orders.Wanted, order: _Order, key_ids: Sequence[str]) -> None:
        """Order one server, and anew only when a look has shown that it does not exist."""
        tags = orders.all_tags(server, self._settings.tag)
        for attempt, pause_s in enumerate(self._pauses(), start=1):
            try:
                self._account.order(server.name, order.offer, order.system, key_ids, tags)
            except ScalewayError as error:
                if error.kind not in UNCERTAIN:
                    raise
                time.sleep(pause_s)
                try:
                    servers = self._account.servers()
                except ScalewayError:
                    raise error from None  # the order is what matters; that nobody could look is said with the bill
                if orders.find_one(servers, server.name, self._settings.tag):
                    return
                if attempt == ATTEMPTS:
                    raise
            else:
                return

    def _register(self, key: PublicKey) -> str:
        try:
            added_id = self._account.add_ssh_key(key.name(self._settings.tag), key.key)
        except ScalewayError as error:
            # As with an order: it may have been done, and is looked for before it is done again.
            if error.kind not in UNCERTAIN:
                raise
            found = known_ids([key], self._account.ssh_keys())[key]
            added_id = found or self._account.add_ssh_key(key.name(self._settings.tag), key.key)
        self._changed = True
        return added_id

    def _wait_until_ready(self) -> Sequence[Server]:
        """Wait until every wanted server is ready and installed; return all servers of the zone."""
        settings = self._settings
        seen: set[str] = set()
        deadline = time.monotonic() + settings.timeout_s
        for pause_s in self._pauses():
            servers = self._account.servers()
            self._require_no_dead_end(servers)
            rows = {row["name"]: row for row in self._wanted_rows(servers)}
            if lost := sorted(seen - set(rows)):
                raise orders.OrderError(f"{', '.join(lost)} was there and is gone: somebody else has deleted it.")
            seen |= set(rows)
            names = [server.name for server in settings.servers]
            waiting = [name for name in names if name not in rows or not orders.is_ready(rows[name])]
            if not waiting:
                return servers
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise orders.OrderError(
                    f"{', '.join(waiting)} did not become ready within {settings.timeout_s:g} s: run this again to "
                    "wait on, which orders nothing anew, or look into the console."
                )
            time.sleep(min(pause_s, left_s))
        raise AssertionError  # the pauses never end

    def _require_no_dead_end(self, servers: Sequence[Server]) -> None:
        sentences = [sentence for row in self._wanted_rows(servers) if (sentence := orders.dead_end(row))]
        if sentences:
            raise orders.OrderError(" ".join(sentences))

    def _wanted_rows(self, servers: Sequence[Server]) -> list[dict[str, Any]]:
        """Describe those of the wanted servers that exist."""
        found = [orders.find_one(servers, wanted.name, self._settings.tag) for wanted in self._settings.servers]
        return self._rows([server for server in found if server])

    def _delete_all(self, wanted: Collection[str]) -> Sequence[Server]:
        """Delete servers by their ids and wait until they are gone; return all servers that are left in the zone."""
        asked: set[str] = set()
        refused: dict[str, str] = {}
        deadline = time.monotonic() + self._settings.timeout_s
        for pause_s in self._pauses():
            servers = self._account.servers()
            here = [server for server in servers if server.id in wanted]
            for server in here:
                if str(server.status) == "deleting" or server.id in asked or server.id in refused:
                    continue
                try:
                    self._account.delete(server)
                except ScalewayError as error:
                    # One that is being delivered cannot always be deleted; it can a little later.
                    if not (error.kind == "invalid" and str(server.status) in BUSY):
                        refused[server.id] = str(error)
                else:
                    asked.add(server.id)
                    self._changed = True
            waiting = [server.name for server in here if server.id not in refused]
            if not waiting and refused:
                raise orders.OrderError(" ".join(refused.values()))
            if not waiting:
                return servers
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise orders.OrderError(
                    f"{', '.join(waiting)} did not vanish within {self._settings.timeout_s:g} s: run this again."
                )
            time.sleep(min(pause_s, left_s))
        raise AssertionError  # the pauses never end

    def _pauses(self) -> Iterator[float]:
        """Yield how long to wait, longer from time to time: servers take minutes, and the API has a rate limit."""
        pause_s = self._settings.poll_s
        while True:
            yield pause_s
            pause_s = min(pause_s * 1.5, self._settings.poll_s * 6)

    def _rows(self, servers: Sequence[Server]) -> list[dict[str, Any]]:
        prices = orders.prices_eur(self._offers)
        return [orders.server_row(server, prices) for server in orders.ours(servers, self._settings.tag)]

    def _bill(self, rows: Sequence[dict[str, Any]]) -> str:
        return orders.bill(rows, self._settings.tag, self._account.zone)

    def _failure(self, error: ValueError) -> ValueError:
        """Add to a failure what exists and costs at this moment, once the account has been reached."""
        if not self._asked:
            return error
        try:
            rows = self._rows(self._account.servers())
        except ScalewayError as silence:
            return ServersError(
                f"{error} What exists now could not be asked ({silence}): look into the console for servers with the "
                f"tag {self._settings.tag} in {self._account.zone}, which cost.",
                {"changed": self._changed},
            )
        return ServersError(
            f"{error} {self._bill(rows)}",
            {"changed": self._changed, "servers": rows, "hourly_cost_eur": orders.total_eur(rows)},
        )

    def _result(
        self, before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]], lines: list[str], *, changed: bool
    ) -> dict[str, Any]:
        header = f"servers with the tag {self._settings.tag} in {self._account.zone}"
        texts = {"before": orders.describe(before), "after": orders.describe(after)}
        return {
            "changed": changed,
            "hourly_cost_eur": orders.total_eur(after),
            "lines": lines,
            "diff": {**texts, "before_header": header, "after_header": header},
        }
