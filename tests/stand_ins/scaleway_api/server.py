# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The stand-in's HTTP: who may ask, what for, and the faults that a test asks for."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from . import catalogue
from .account import PROJECT, SECRET_KEY, Account, Refusal, invalid

Query = Mapping[str, list[str]]

LARGEST_PAGE = 100


class StandInApi:
    """Serves an account on loopback as long as it is entered: ``with StandInApi() as api``.

    `url` is where; `servers` and `orders` are the account's; `requests` lists method and path of all that was asked.
    """

    def __init__(self, account: Account | None = None, port: int = 0) -> None:
        self.account = account or Account()
        self.requests: list[tuple[str, str]] = []
        self._faults: list[dict[str, Any]] = []
        handler = type("Handler", (_Handler,), {"api": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> StandInApi:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve(self) -> None:
        """Serve until the process is ended."""
        self._server.serve_forever()

    @property
    def servers(self) -> list[dict[str, Any]]:
        """The servers that exist."""
        return self.account.servers

    @property
    def orders(self) -> int:
        """How many were ever ordered."""
        return self.account.orders

    def env(self) -> dict[str, str]:
        """Return the variables with which a client finds it."""
        return {
            "SCW_API_URL": self.url,
            "SCW_ACCESS_KEY": "SCWSTANDINKEY0000000",
            "SCW_SECRET_KEY": SECRET_KEY,
            "SCW_DEFAULT_PROJECT_ID": PROJECT,
        }

    def fail_next(
        self,
        method: str,
        path: str,
        status: int,
        kind: str,
        message: str,
        times: int = 1,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer the next requests to a path (its beginning will do) with an error, and do nothing."""
        fault = {"status": status, "body": {"type": kind, "message": message}, "headers": headers or {}}
        self._faults += [{"method": method, "path": path, **fault}] * times

    def cut_next(self, method: str, path: str, *, closed: bool = False) -> None:
        """Do what the next request to a path asks for, and lose half of the answer, or (closed) all of it."""
        self._faults.append({"method": method, "path": path, "closed" if closed else "cut": True})

    def hang_next(self, method: str, path: str, seconds: float) -> None:
        """Let the next request to a path wait for its answer."""
        self._faults.append({"method": method, "path": path, "hang_s": seconds})

    def set_state(self, name: str, *, install_status: str | None = None, **members: Any) -> None:
        """Change a server. A status that is set stays, until the server is installed anew or deleted."""
        with self.account.lock:
            for server in [server for server in self.account.servers if server["name"] == name]:
                server.update(members)
                if install_status is not None:
                    server["install"]["status"] = install_status
                if "status" in members or install_status is not None:
                    self.account.frozen.add(server["id"])
            self.account.keep()

    def take_fault(self, method: str, path: str) -> dict[str, Any]:
        """Return the fault that is to be shown for a request, once."""
        for fault in self._faults:
            if fault["method"] == method and path.startswith(fault["path"]):
                self._faults.remove(fault)
                return fault
        return {}


class _Handler(BaseHTTPRequestHandler):
    api: StandInApi
    protocol_version = "HTTP/1.1"

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def do_PATCH(self) -> None:
        self._serve("PATCH")

    def do_DELETE(self) -> None:
        self._serve("DELETE")

    def _serve(self, method: str) -> None:
        parts = urlsplit(self.path)
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.api.account.lock:
            self.api.requests.append((method, parts.path))
            fault = self.api.take_fault(method, parts.path)
        time.sleep(fault.get("hang_s", 0))
        if "status" in fault:
            self._send(fault["status"], json.dumps(fault["body"]), fault["headers"])
            return
        headers = {}
        try:
            # Written down before another request changes what is told.
            with self.api.account.lock:
                body = self._answer(method, parts.path, parse_qs(parts.query), json.loads(text or b"{}"))
                if parts.path.startswith("/instance/"):
                    headers["X-Total-Count"] = str(body.pop("total_count"))
                status, told = 200, json.dumps(body)
        except Refusal as refusal:
            status, told = refusal.status, json.dumps(refusal.body)
        if fault.get("closed"):
            self.close_connection = True
            return
        self._send(status, told[: len(told) // 2] if fault.get("cut") else told, headers)

    def _answer(self, method: str, path: str, query: Query, asked: Mapping[str, Any]) -> dict[str, Any]:
        if self.headers.get("X-Auth-Token") != SECRET_KEY:
            reason = {"method": "api_key", "reason": "not_found"}
            raise Refusal(401, "denied_authentication", "authentication is denied", **reason)
        for pattern, methods in _ROUTES:
            match = re.fullmatch(pattern, path)
            if match and method in methods:
                zone = match.groupdict().get("zone")
                if zone is not None and zone not in catalogue.ZONES:
                    raise Refusal(404, "not_found", "resource is not found", resource="zone", resource_id=zone)
                return methods[method](self.api.account, query, asked, **match.groupdict())
        raise Refusal(404, "not_found", f"the stand-in does not know {method} {path}")

    def _send(self, status: int, told: str, headers: Mapping[str, str]) -> None:
        text = told.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)


def _page(key: str, items: list[dict[str, Any]], query: Query, size_key: str = "page_size") -> dict[str, Any]:
    size, page = _number(query, size_key, 20), _number(query, "page", 1)
    if size > LARGEST_PAGE:
        raise invalid(size_key, "constraint", f"at most {LARGEST_PAGE}")
    return {key: items[(page - 1) * size : page * size], "total_count": len(items)}


def _number(query: Query, key: str, default: int) -> int:
    text = query.get(key, [str(default)])[0]
    if not text.isdecimal() or int(text) < 1:
        raise invalid(key, "constraint", "a number from 1 on")
    return int(text)


def _equal(items: Iterable[dict[str, Any]], query: Query, *keys: str) -> list[dict[str, Any]]:
    """Return what has one of the asked values, for each of the keys that is asked for."""
    return [item for item in items if all(item.get(key) in query[key] for key in keys if key in query)]


def _named(items: Iterable[dict[str, Any]], query: Query) -> list[dict[str, Any]]:
    return [item for item in items if query.get("name", [""])[0] in item["name"]]


def _list_servers(account: Account, query: Query, _asked: Mapping[str, Any], zone: str) -> dict[str, Any]:
    tags = set(query.get("tags", []))
    servers = _named(_equal(account.listed(zone), query, "status", "project_id"), query)
    return _page("servers", [server for server in servers if tags <= set(server["tags"])], query)


def _list_offers(_account: Account, query: Query, _asked: Mapping[str, Any], zone: str) -> dict[str, Any]:
    return _page("offers", _equal(catalogue.offers(zone), query, "subscription_period"), query)


def _list_options(_account: Account, query: Query, _asked: Mapping[str, Any], **_zone: str) -> dict[str, Any]:
    return _page("options", _named(catalogue.options(), query), query)


def _list_keys(account: Account, query: Query, _asked: Mapping[str, Any]) -> dict[str, Any]:
    return _page("ssh_keys", _named(_equal(account.keys, query, "project_id"), query), query)


def _list_instances(account: Account, query: Query, _asked: Mapping[str, Any], zone: str) -> dict[str, Any]:
    tags = set(",".join(query.get("tags", [])).split(",")) - {""}
    found = _named(_equal(account.instances, query, "project", "state"), query)
    found = [one for one in found if one["zone"] == zone and tags <= set(one["tags"])]
    return _page("servers", found, query, "per_page")


_ZONED = r"/baremetal/v1/zones/(?P<zone>[^/]+)"
_SERVER = _ZONED + r"/servers/(?P<identifier>[^/]+)"
_KEYS = "/iam/v1alpha1/ssh-keys"
_ROUTES: list[tuple[str, dict[str, Callable[..., dict[str, Any]]]]] = [
    (
        _ZONED + "/servers",
        {"GET": _list_servers, "POST": lambda account, _query, asked, zone: account.order(zone, asked)},
    ),
    (
        _SERVER,
        {
            "GET": lambda account, _query, _asked, zone, identifier: account.one(zone, identifier),
            "PATCH": lambda account, _query, asked, zone, identifier: account.change(zone, identifier, asked),
            "DELETE": lambda account, _query, _asked, zone, identifier: account.delete(zone, identifier),
        },
    ),
    (
        _SERVER + "/install",
        {"POST": lambda account, _query, asked, zone, identifier: account.install(zone, identifier, asked)},
    ),
    (_ZONED + "/offers", {"GET": _list_offers}),
    (_ZONED + "/os", {"GET": lambda _account, query, _asked, zone: _page("os", catalogue.systems(zone), query)}),
    (_ZONED + "/options", {"GET": _list_options}),
    (
        _KEYS,
        {"GET": _list_keys, "POST": lambda account, _query, asked: account.add_key(asked)},
    ),
    (r"/instance/v1/zones/(?P<zone>[^/]+)/servers", {"GET": _list_instances}),
]
