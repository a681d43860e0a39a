# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The few requests that ordering and deleting servers takes, in one zone of one account."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .scaleway_client import ScalewayError, call

if TYPE_CHECKING:
    from scaleway.baremetal.v1 import OS, Offer, Server
    from scaleway.iam.v1alpha1 import SSHKey
    from scaleway_core.client import Client

DESCRIPTION = "Ordered by katabench.scylla.scaleway_server"


class Account:
    """An account's Elastic Metal in a zone. Raises ScalewayError."""

    def __init__(self, client: Client, zone: str, *, patience_s: float = 120.0) -> None:
        from scaleway.baremetal.v1 import BaremetalV1API
        from scaleway.iam.v1alpha1 import IamV1Alpha1API

        self.zone = zone
        self._servers = BaremetalV1API(client)
        self._keys = IamV1Alpha1API(client)
        self._patience_s = patience_s

    def offers(self) -> list[Offer]:
        """List what can be ordered; the first question to a zone, so that one which does not exist is told here."""
        try:
            return self._list(f"list the offers in {self.zone}", self._servers.list_offers_all, zone=self.zone)
        except ScalewayError as error:
            if error.kind not in ("missing", "invalid"):
                raise
            raise ScalewayError(
                f"{error} Is '{self.zone}' a zone with Elastic Metal, such as fr-par-2?", error.kind
            ) from error

    def systems(self) -> list[OS]:
        """List the operating systems."""
        return self._list(f"list the operating systems in {self.zone}", self._servers.list_os_all, zone=self.zone)

    def servers(self) -> list[Server]:
        """List all servers, also those of others: what a tag means is not left to the API's filter."""
        return self._list(f"list the servers in {self.zone}", self._servers.list_servers_all, zone=self.zone)

    def order(self, name: str, offer: Offer, system: OS, ssh_key_ids: Sequence[str], tags: list[str]) -> Server:
        """Order one server, with its operating system. Never asked twice by itself."""
        from scaleway.baremetal.v1 import CreateServerRequestInstall

        return self._call(
            f"order {name} in {self.zone}",
            self._servers.create_server,
            retry=False,
            zone=self.zone,
            offer_id=offer.id,
            name=name,
            description=DESCRIPTION,
            protected=False,
            tags=tags,
            install=CreateServerRequestInstall(os_id=system.id, hostname=name, ssh_key_ids=list(ssh_key_ids)),
        )

    def set_tags(self, server: Server, tags: list[str]) -> None:
        """Give a server other tags."""
        self._call(
            f"set the tags of {server.name} in {self.zone}",
            self._servers.update_server,
            zone=self.zone,
            server_id=server.id,
            tags=tags,
        )

    def delete(self, server: Server) -> None:
        """Delete a server; one that is gone is deleted."""
        try:
            self._call(
                f"delete {server.name} in {self.zone}",
                self._servers.delete_server,
                zone=self.zone,
                server_id=server.id,
            )
        except ScalewayError as error:
            if error.kind != "missing":
                raise

    def ssh_keys(self) -> list[SSHKey]:
        """List the public keys that the account knows."""
        return self._list("list the SSH keys of the account", self._keys.list_ssh_keys_all)

    def add_ssh_key(self, name: str, public_key: str) -> str:
        """Make a public key known to the account, and return its id."""
        added: SSHKey = self._call(
            f"register the SSH key '{name}'",
            self._keys.create_ssh_key,
            retry=False,
            name=name,
            public_key=public_key,
        )
        return str(added.id)

    def _list(self, what: str, function: Callable[..., list[Any]], **arguments: Any) -> list[Any]:
        found: list[Any] = self._call(what, function, **arguments)
        return found

    def _call(self, what: str, function: Callable[..., Any], **arguments: Any) -> Any:
        return call(what, function, patience_s=self._patience_s, **arguments)
