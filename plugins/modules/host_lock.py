#!/usr/bin/python
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Lock a host for one campaign, or give it back."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_lock
short_description: Lock a host for one campaign, or give it back
version_added: 0.4.0
author: katabench authors (@katabench)
description:
  - Two campaigns on one host would measure each other. The first one locks the host, and the second one is refused with
    a sentence that says whose the lock is, how old it is, and what to do.
  - Called again by the campaign that has the lock, it renews it, which is no change. A lock that was not renewed for
    O(stale_s), or is from before the host's last start, was left behind; it is taken over, with a warning.
  - A campaign that was interrupted and goes on from the same controller gets its own lock at once, unless the process
    that has it still runs.
  - The lock is one file on the host. A clock that is set meanwhile makes it no older.
options:
  state:
    description:
      - V(present) locks the host, or fails.
      - V(absent) gives back what this campaign has. Anybody else's lock stays, which is no failure.
    type: str
    choices: [present, absent]
    default: present
  run_id:
    description: Name of the campaign.
    type: str
    required: true
  owner:
    description:
      - Who runs it, and on which controller. The default is the user and the name of this controller (C(anna@desk)).
      - Needed where the controller is a container whose name changes, to be known again. It is to name one controller
        only, since the process that has a lock is looked for there.
    type: str
  pid:
    description: The process that runs it on the controller, which finds this out itself.
    type: int
  pid_started:
    description: What tells that process from a later one of the same number. The controller finds this out itself.
    type: str
  ended_pid:
    description: A process of the same campaign that is known to have ended. The controller finds this out itself.
    type: int
  ended_pid_started:
    description: What tells O(ended_pid) from a later one of the same number.
    type: str
    default: ""
  stale_s:
    description: Seconds without a sign of life after which a lock was left behind.
    type: float
    default: 7200
  path:
    description: The file.
    type: path
    default: /var/lib/katabench/campaign.lock
  name:
    description: How the host is called in what is said about it. The default is the name in the inventory.
    type: str
attributes:
  check_mode:
    support: full
    description: Is refused as otherwise, and writes nothing.
  diff_mode:
    support: full
    description: Shows the file when the lock changes hands.
"""

EXAMPLES = r"""
- name: Lock the host
  katabench.scylla.host_lock:
    run_id: 20261122T223000Z

- name: Give it back
  katabench.scylla.host_lock:
    run_id: 20261122T223000Z
    state: absent
"""

RETURN = r"""
lock:
  description: What the file says, with C(owner), C(run_id), C(pid), C(taken_at), C(renewed_at); null without one.
  type: dict
  returned: always
taken_over:
  description: Whether somebody's lock had been left behind and was taken over.
  type: bool
  returned: always
same_campaign:
  description: Whether the lock that was found is of this very campaign.
  type: bool
  returned: always
msg:
  description: What there is to say of it.
  type: str
  returned: always
"""

import contextlib
import os
import time
from datetime import datetime, timezone

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.katabench.scylla.plugins.module_utils import host_lock as locks
from ansible_collections.katabench.scylla.plugins.module_utils.host_boot import read_boot


def read_now():
    """Say which moment it is, for people and for ages."""
    return {
        "at": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "boot": read_boot(),
        "uptime_s": time.clock_gettime(time.CLOCK_BOOTTIME),
    }


def take(params, claim, lock, check_mode):
    """Lock the host, or say why not: {failed, changed, taken_over, lock, msg}."""
    now, name = read_now(), params["name"]
    ended = (params["ended_pid"], params["ended_pid_started"])
    verdict = locks.judge(lock, claim, now, params["stale_s"], ended)
    if verdict == locks.HELD:
        msg = locks.refusal(name, params["path"], lock, claim, now, params["stale_s"])
        return {"failed": True, "changed": False, "taken_over": False, "lock": lock, "msg": msg}
    goes_on = verdict in (locks.OWN, locks.RESUMED) and lock["boot"] == now["boot"]
    new = locks.make_lock(claim, now, lock if goes_on else None)
    if not check_mode:
        locks.write_lock(params["path"], new)
    said = {
        locks.FREE: f"{name} is locked.",
        locks.OWN: f"The lock of {name} is renewed.",
        locks.RESUMED: f"The lock of {name} passes to this process; the one before has ended.",
    }
    if verdict == locks.STALE:
        said[locks.STALE] = f"{name} was locked {locks.describe(lock, now)}. That was left behind and is taken over."
    return {
        "failed": False,
        "changed": verdict != locks.OWN,
        "taken_over": verdict == locks.STALE,
        "lock": new,
        "msg": said[verdict],
    }


def give_back(params, claim, lock, check_mode):
    """Remove the lock if it is this campaign's: {failed, changed, taken_over, lock, msg}."""
    now, name = read_now(), params["name"]
    ended = (params["ended_pid"], params["ended_pid_started"])
    is_ours = locks.judge(lock, claim, now, params["stale_s"], ended) in (locks.OWN, locks.RESUMED)
    if is_ours and not check_mode:
        os.unlink(params["path"])
    if is_ours:
        msg = f"{name} is no longer locked."
    elif lock:
        msg = f"{name} is locked {locks.describe(lock, now)}. That lock stays."
    else:
        msg = f"{name} was not locked."
    return {
        "failed": False,
        "changed": is_ours,
        "taken_over": False,
        "lock": None if is_ours else lock,
        "msg": msg,
    }


def main():
    """Take the lock or give it back."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "run_id": {"type": "str", "required": True},
            "owner": {"type": "str"},
            "pid": {"type": "int"},
            "pid_started": {"type": "str"},
            "ended_pid": {"type": "int"},
            "ended_pid_started": {"type": "str", "default": ""},
            "stale_s": {"type": "float", "default": 7200},
            "path": {"type": "path", "default": "/var/lib/katabench/campaign.lock"},
            "name": {"type": "str"},
        },
        supports_check_mode=True,
    )
    params = module.params
    if params["stale_s"] <= 0:
        module.fail_json(msg=f"stale_s is {params['stale_s']:g}; it has to be greater than 0, for instance 7200.")
    claim = {key: params[key] for key in ("owner", "run_id", "pid", "pid_started")}
    change = take if params["state"] == "present" else give_back
    try:
        # Check mode makes no directory; what it reads is whole all the same.
        with contextlib.nullcontext() if module.check_mode else locks.alone_with(params["path"]):
            lock = locks.read_lock(params["path"])
            result = change(params, claim, lock, module.check_mode)
    except locks.LockError as error:
        module.fail_json(msg=f"{params['name']}: {error}")
    except OSError as error:
        module.fail_json(
            msg=f"{params['name']} cannot be locked with {params['path']}: {error}. It takes root and disk space."
        )
    result["same_campaign"] = bool(lock) and locks.is_same_campaign(lock, claim)
    if result["changed"]:
        texts = {"before": locks.text_of(lock), "after": locks.text_of(result["lock"])}
        result["diff"] = dict(texts, before_header=params["path"], after_header=params["path"])
    if result["taken_over"]:
        module.warn(result["msg"])
    if result.pop("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
