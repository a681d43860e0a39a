# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Questions to a Docker engine on its Unix socket (Docker Engine API, `GET` only)."""

from __future__ import annotations

import http.client
import json
import socket


class _EngineConnection(http.client.HTTPConnection):
    """HTTP over the engine's Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def ask_engine(path, question):
    """Ask the engine behind the socket ``path``, {} where none answers."""
    connection = _EngineConnection(path)
    try:
        connection.request("GET", question)
        answer = connection.getresponse()
        return json.load(answer) if answer.status == 200 else {}
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    finally:
        connection.close()
