# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Writes down each command that Ansible runs over SSH, for benchmarks/scale.py."""

from __future__ import annotations

import functools
import json
import os
import time

from ansible.executor.process import worker
from ansible.plugins.callback import CallbackBase
from ansible.plugins.loader import connection_loader

DOCUMENTATION = r"""
name: remote_executions
type: aggregate
short_description: Writes down each command that Ansible runs over SSH
version_added: 0.4.0
author: katabench authors (@katabench)
description:
  - Writes a line of JSON for each process of ssh, sftp or scp, with the play, the task and the host that it was for.
  - Counts where the connection plugin starts them, in Ansible's own code, so that what an action does besides its
    module is counted, too. That place is no interface; this is for the version of Ansible in requirements.txt.
options:
  path:
    description: File that the lines are added to.
    type: path
    required: true
    env:
      - name: KATABENCH_REMOTE_EXECUTIONS
"""

# What waits for something: as often as it takes, and as long.
WAITING = ("katabench.scylla.cql_wait", "katabench.scylla.host_quiet", "katabench.scylla.load_wait")


class CallbackModule(CallbackBase):
    """Counts in the processes that run tasks, which begin as copies of this one."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "remote_executions"
    CALLBACK_NEEDS_ENABLED = True

    def set_options(self, *args, **kwargs) -> None:
        """Put the counting in its place."""
        super().set_options(*args, **kwargs)
        self._play = ""
        connection = connection_loader.get("ansible.builtin.ssh", class_only=True)
        connection._bare_run = self._counted(connection._bare_run)

    def v2_playbook_on_play_start(self, play) -> None:
        """Know which play the next executions belong to."""
        self._play = play.get_name()

    def _counted(self, run):
        @functools.wraps(run)
        def counted(*args, **kwargs):
            began_s = time.monotonic()
            try:
                return run(*args, **kwargs)
            finally:
                self._write(began_s)

        return counted

    def _write(self, began_s: float) -> None:
        task, host = worker.current_worker._task, worker.current_worker._host
        line = {
            "play": self._play,
            "task": task.get_name(),
            "host": host.get_name(),
            "waiting": task.resolved_action in WAITING or bool(task.until),
            "began_s": began_s,
            "ended_s": time.monotonic(),
        }
        descriptor = os.open(self.get_option("path"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, (json.dumps(line) + "\n").encode())
        finally:
            os.close(descriptor)
