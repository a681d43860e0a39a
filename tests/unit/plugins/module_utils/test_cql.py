# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The exchange with a CQL server, over real sockets on the loopback address."""

from __future__ import annotations

import socket
import threading

import pytest

from ansible_collections.katabench.scylla.plugins.module_utils.cql import ask_options

SUPPORTED_V4 = bytes.fromhex("840000000600000000")
ERROR_V3 = bytes.fromhex("830000000000000000")


@pytest.fixture
def serve_once():
    """Answer one connection with the given bytes, in the given pieces; hand out what was asked."""
    listeners = []

    def start(*pieces):
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        asked = []

        def answer():
            connection, _peer = listener.accept()
            with connection:
                asked.append(connection.recv(64))
                for piece in pieces:
                    connection.sendall(piece)

        thread = threading.Thread(target=answer)
        thread.start()
        return listener.getsockname()[1], asked, thread

    yield start
    for listener in listeners:
        listener.close()


@pytest.mark.parametrize(
    ("pieces", "answer"),
    [([SUPPORTED_V4], "SUPPORTED"), ([SUPPORTED_V4[:2], SUPPORTED_V4[2:]], "SUPPORTED"), ([ERROR_V3], "ERROR")],
)
def test_an_answer_in_the_protocol_is_named(serve_once, pieces, answer):
    port, asked, thread = serve_once(*pieces)
    assert ask_options("127.0.0.1", port, timeout_s=5) == answer
    thread.join()
    assert asked == [bytes.fromhex("040000000500000000")]


def test_a_proxy_that_accepts_and_closes_is_no_answer(serve_once):
    port, _asked, thread = serve_once()
    with pytest.raises(ConnectionResetError, match="without an answer"):
        ask_options("127.0.0.1", port, timeout_s=5)
    thread.join()


def test_another_protocol_is_no_answer(serve_once):
    port, _asked, thread = serve_once(b"HTTP/1.1 400 Bad Request\r\n")
    with pytest.raises(ValueError, match="no CQL frame"):
        ask_options("127.0.0.1", port, timeout_s=5)
    thread.join()


def test_nothing_listens():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        ask_options("127.0.0.1", port, timeout_s=5)
