# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Asks a CQL server whether it serves, with the smallest exchange of the native protocol."""

from __future__ import annotations

import socket
import struct

# Native protocol v4, section 2: version, flags, stream, opcode, body length.
_HEADER = struct.Struct(">BBhBi")
_REQUEST_VERSION = 0x04
_RESPONSE_BIT = 0x80
_OPTIONS = 0x05
_ANSWERS = {0x00: "ERROR", 0x06: "SUPPORTED"}


def ask_options(host, port, timeout_s):
    """Send an OPTIONS frame and return the name of the answer: SUPPORTED, or ERROR from a server too old for v4.

    Raises OSError when nothing listens, nothing answers in time or the connection is closed (a proxy in front of a
    database that is not there yet accepts and closes), ValueError when what answers does not speak CQL.
    """
    with socket.create_connection((host, port), timeout=timeout_s) as connection:
        connection.sendall(_HEADER.pack(_REQUEST_VERSION, 0, 0, _OPTIONS, 0))
        header = b""
        while len(header) < _HEADER.size:
            received = connection.recv(_HEADER.size - len(header))
            if not received:
                raise ConnectionResetError("closed the connection without an answer")
            header += received
    version, _flags, _stream, opcode, _length = _HEADER.unpack(header)
    if not version & _RESPONSE_BIT or opcode not in _ANSWERS:
        raise ValueError(f"answered {header!r}, which is no CQL frame")
    return _ANSWERS[opcode]
