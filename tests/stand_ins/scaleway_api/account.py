# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""An account that is a stand-in: its servers, which come and go as Scaleway's do, and its SSH keys."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import catalogue

SECRET_KEY = "11111111-1111-1111-1111-111111111111"  # noqa: S105 - of a stand-in
PROJECT = "22222222-2222-2222-2222-222222222222"

# What is told again of an installation. Passwords are not.
_TOLD_OF_INSTALL = ("os_id", "hostname", "ssh_key_ids", "user", "service_user", "partitioning_schema")


class Refusal(Exception):  # noqa: N818 - it is an answer
    """An answer with an error status, in the form that Scaleway gives it."""

    def __init__(self, status: int, kind: str, message: str, **others: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"type": kind, "message": message, **others}


def invalid(argument: str, reason: str, help_message: str = "") -> Refusal:
    """Return the refusal of an argument; the reason is unknown, required, format or constraint."""
    details = [{"argument_name": argument, "reason": reason, "help_message": help_message}]
    return Refusal(400, "invalid_arguments", "invalid argument(s)", details=details)


class Account:
    """Servers and keys.

    With `machines`, addresses from a pool are handed out to orders, one each, and come back when a server is deleted.
    `install_command` is run when an installation begins, with ADDRESS, HOSTNAME and SSH_KEYS in its environment, and
    the installation lasts as long as it does; when it fails, the installation does. After `polls_per_state` looks at
    it, a server passes to its next state. What there is, and how often something was ordered, is kept in the file
    `state`.
    """

    def __init__(
        self,
        *,
        machines: Sequence[Mapping[str, str]] | None = None,
        install_command: Sequence[str] | None = None,
        polls_per_state: int = 1,
        state: Path | None = None,
    ) -> None:
        self.servers: list[dict[str, Any]] = []
        self.instances: list[dict[str, Any]] = []
        self.keys: list[dict[str, Any]] = []
        self.orders = 0
        self.quota: int | None = None
        # Identifiers of servers for which no time passes.
        self.frozen: set[str] = set()
        self.lock = threading.RLock()
        self._pool = None if machines is None else [machine["address"] for machine in machines]
        self._install_command = install_command
        self._installing: dict[str, subprocess.Popen[bytes]] = {}
        self._polls_per_state = polls_per_state
        self._state = state
        self._polls: dict[str, int] = {}
        self.keep()

    def listed(self, zone: str) -> list[dict[str, Any]]:
        """Return a zone's servers, and let time pass for them."""
        for server in [server for server in self.servers if server["zone"] == zone]:
            self._pass_time(server)
        return [server for server in self.servers if server["zone"] == zone]

    def one(self, zone: str, identifier: str) -> dict[str, Any]:
        """Return a server, and let time pass for it."""
        for server in self.servers:
            if (server["zone"], server["id"]) == (zone, identifier):
                self._pass_time(server)
                return server
        raise Refusal(404, "not_found", "resource is not found", resource="server", resource_id=identifier)

    def order(self, zone: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Order a server, with its operating system."""
        for argument in ("offer_id", "name"):
            if not asked.get(argument):
                raise invalid(argument, "required")
        offer = self._offer(zone, asked["offer_id"])
        install = asked.get("install")
        if install:
            self._require_installable(zone, offer, install, "install.")
        if offer["stock"] == "empty" or self._pool == []:
            raise Refusal(412, "out_of_stock", "resource is out of stock", resource=offer["name"])
        if self.quota is not None and len(self.servers) >= self.quota:
            details = [{"resource": "baremetal_servers", "quota": self.quota, "current": len(self.servers)}]
            raise Refusal(403, "quotas_exceeded", "quota exceeded", details=details)
        self.orders += 1
        address = f"192.0.2.{self.orders}" if self._pool is None else self._pool.pop(0)
        server = {
            "id": str(uuid.uuid4()),
            "organization_id": PROJECT,
            "project_id": asked.get("project_id") or PROJECT,
            "name": asked["name"],
            "description": asked.get("description") or "",
            "status": "delivering",
            "offer_id": offer["id"],
            "offer_name": offer["name"],
            "tags": list(asked.get("tags") or []),
            # The wire says IPv4 where the SDK's own names would have i_pv4.
            "ips": [{"id": str(uuid.uuid4()), "address": address, "reverse": "", "version": "IPv4"}],
            "domain": "",
            "boot_type": "normal",
            "zone": zone,
            "ping_status": "ping_status_unknown",
            "options": [],
            "protected": bool(asked.get("protected")),
            "install": _to_install(install) if install else None,
            "user_data": asked.get("user_data"),
            "created_at": "2026-01-31T12:00:00Z",
            "updated_at": "2026-01-31T12:00:00Z",
        }
        self.servers.append(server)
        self.keep()
        return server

    def install(self, zone: str, identifier: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Install an operating system, for the first time or anew."""
        server = self.one(zone, identifier)
        if server["status"] != "ready":
            told = {"resource": "server", "resource_id": identifier, "current_state": server["status"]}
            raise Refusal(409, "transient_state", "resource is in a transient state", **told)
        self._require_installable(zone, self._offer(zone, server["offer_id"]), asked)
        self._stop_installing(server)
        server["install"] = _to_install(asked)
        self._begin_state(server)
        return server

    def change(self, zone: str, identifier: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Change name, description, tags or protection."""
        server = self.one(zone, identifier)
        changeable = ("name", "description", "tags", "protected")
        server |= {key: asked[key] for key in changeable if asked.get(key) is not None}
        self.keep()
        return server

    def delete(self, zone: str, identifier: str) -> dict[str, Any]:
        """Delete a server, which takes a moment."""
        server = self.one(zone, identifier)
        if server["protected"]:
            raise Refusal(412, "precondition_failed", "server is protected", precondition="server_protected")
        server["status"] = "deleting"
        self._begin_state(server)
        return server

    def add_key(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Make a public key known."""
        if not asked.get("public_key"):
            raise invalid("public_key", "required")
        key = {
            "id": str(uuid.uuid4()),
            "name": asked.get("name") or "",
            "public_key": asked["public_key"],
            "fingerprint": "stand-in",
            "organization_id": PROJECT,
            "project_id": asked.get("project_id") or PROJECT,
            "disabled": False,
        }
        self.keys.append(key)
        return key

    def keep(self) -> None:
        """Write down what there is, whole or not at all."""
        if self._state is None:
            return
        said = {
            "servers": [{key: server[key] for key in ("name", "id", "status")} for server in self.servers],
            "orders": self.orders,
        }
        new = self._state.with_suffix(".new")
        new.write_text(json.dumps(said))
        new.replace(self._state)

    def _offer(self, zone: str, identifier: str) -> dict[str, Any]:
        for offer in catalogue.offers(zone):
            if offer["id"] == identifier:
                return offer
        raise Refusal(404, "not_found", "resource is not found", resource="offer", resource_id=identifier)

    def _require_installable(
        self, zone: str, offer: Mapping[str, Any], install: Mapping[str, Any], prefix: str = ""
    ) -> None:
        known = {system["id"] for system in catalogue.systems(zone)}
        if install.get("os_id") not in known - set(offer["incompatible_os_ids"]):
            raise invalid(f"{prefix}os_id", "constraint", "not for this offer")
        if set(install.get("ssh_key_ids") or []) - {key["id"] for key in self.keys}:
            raise invalid(f"{prefix}ssh_key_ids", "unknown")

    def _begin_state(self, server: Mapping[str, Any]) -> None:
        """Let time pass again for a server, from now on."""
        self.frozen.discard(server["id"])
        self._polls[server["id"]] = 0
        self.keep()

    def _pass_time(self, server: dict[str, Any]) -> None:
        if server["id"] in self.frozen:
            return
        self._polls[server["id"]] = self._polls.get(server["id"], 0) + 1
        if self._polls[server["id"]] < self._polls_per_state:
            return
        install = server["install"]
        if server["status"] == "deleting":
            self._forget(server)
        elif server["status"] == "delivering":
            server["status"] = "ready"
        elif install and install["status"] == "to_install":
            install["status"] = self._start_installing(server)
        elif install and install["status"] == "installing":
            install["status"] = self._installed(server)
        self._begin_state(server)

    def _forget(self, server: dict[str, Any]) -> None:
        self._stop_installing(server)
        self.servers.remove(server)
        if self._pool is not None:
            self._pool.append(server["ips"][0]["address"])

    def _start_installing(self, server: Mapping[str, Any]) -> str:
        if self._install_command is None:
            return "installing"
        wanted = set(server["install"].get("ssh_key_ids") or [])
        told = {
            "ADDRESS": server["ips"][0]["address"],
            "HOSTNAME": server["install"].get("hostname") or server["name"],
            "SSH_KEYS": "\n".join(key["public_key"] for key in self.keys if key["id"] in wanted),
        }
        # Not waited for: meanwhile others are answered, as they would be by Scaleway.
        try:
            self._installing[server["id"]] = subprocess.Popen([*self._install_command], env=os.environ | told)
        except OSError:
            return "error"
        return "installing"

    def _installed(self, server: Mapping[str, Any]) -> str:
        """Say how far an installation is."""
        command = self._installing.get(server["id"])
        if command is None:
            return "completed"
        ended = command.poll()
        if ended is None:
            return "installing"
        del self._installing[server["id"]]
        return "error" if ended else "completed"

    def _stop_installing(self, server: Mapping[str, Any]) -> None:
        command = self._installing.pop(server["id"], None)
        if command is not None:
            command.kill()
            command.wait()


def _to_install(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {**{key: asked[key] for key in _TOLD_OF_INSTALL if key in asked}, "status": "to_install"}
