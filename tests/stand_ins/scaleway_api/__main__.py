# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Serve the stand-in from a command line: python -m tests.stand_ins.scaleway_api --state FILE --machines FILE …"""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
from pathlib import Path

from .account import Account
from .server import StandInApi


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description="A stand-in of Scaleway's API, for tests.")
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0: any")
    parser.add_argument("--state", type=Path, help="file that says what exists and how often something was ordered")
    parser.add_argument("--machines", type=Path, help='JSON: [{"address": …}], handed out to orders')
    parser.add_argument(
        "--install-command", type=shlex.split, help="run when an installation begins: ADDRESS, HOSTNAME, SSH_KEYS"
    )
    parser.add_argument("--polls-per-state", type=int, default=1)
    asked = parser.parse_args()
    account = Account(
        machines=json.loads(asked.machines.read_text()) if asked.machines else None,
        install_command=asked.install_command,
        polls_per_state=asked.polls_per_state,
        state=asked.state,
    )
    # Being told to end is how it ends, and no failure.
    signal.signal(signal.SIGTERM, lambda *_signal: sys.exit())
    api = StandInApi(account, asked.port)
    sys.stdout.write(f"listening on {api.url}\n")
    sys.stdout.flush()
    api.serve()


main()
