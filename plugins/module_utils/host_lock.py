# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""A lock on a host: a file that says which campaign measures there.

It is JSON: `owner` (user@controller), `run_id`, `pid` and `pid_started` (the process on the controller; the second is
another one for a later process of the same number), `taken_at` and `renewed_at` (for people), and what its age is
judged by, which does not move when a clock is set: `boot`, `taken_uptime_s` and `renewed_uptime_s`.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile

_FORM = {
    "owner": str,
    "run_id": str,
    "pid": int,
    "pid_started": str,
    "taken_at": str,
    "renewed_at": str,
    "boot": str,
    "taken_uptime_s": (int, float),
    "renewed_uptime_s": (int, float),
}

# What a lock is to whoever claims it.
FREE, OWN, RESUMED, STALE, HELD = "free", "own", "resumed", "stale", "held"


class LockError(ValueError):
    """A file that is no lock. The text is a sentence."""


@contextlib.contextmanager
def alone_with(path):
    """Have the lock's directory to oneself, so that of several that find a stale lock only one takes it over.

    The kernel lets go of it when the process ends, however that ends. Raises OSError.
    """
    directory = os.path.dirname(path)
    os.makedirs(directory, mode=0o755, exist_ok=True)
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def read_lock(path):
    """Read a lock, None where there is none. Raises LockError for a file that is none, OSError for one kept from us."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lock = json.loads(file.read())
    except FileNotFoundError:
        return None
    except ValueError:
        lock = None
    wrong = ["JSON"] if not isinstance(lock, dict) else [key for key, kind in _FORM.items() if not _is(lock, key, kind)]
    if wrong:
        raise LockError(
            f"{path} is not the lock of a campaign ({', '.join(wrong)} expected in it). If no campaign measures on "
            "this host, remove it."
        )
    return lock


def write_lock(path, lock):
    """Write a lock whole, or not at all. Raises OSError."""
    descriptor, draft = tempfile.mkstemp(prefix=os.path.basename(path), dir=os.path.dirname(path))
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text_of(lock))
            file.flush()
            os.fchmod(descriptor, 0o644)
            os.fsync(descriptor)
        os.replace(draft, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(draft)
        raise


def text_of(lock):
    """Give the text of a lock's file, empty for none."""
    return json.dumps(lock, indent=2) + "\n" if lock else ""


def judge(lock, claim, now, stale_s, ended=None):
    """Say what a lock is to a claim: FREE, OWN, RESUMED, STALE or HELD.

    `claim` has owner, run_id, pid and pid_started. `now` has boot and uptime_s. `ended` is (pid, pid_started) of a
    process on the owner's machine that is known to have ended: a lock of the same campaign from it is RESUMED.
    """
    if lock is None:
        return FREE
    if is_same_campaign(lock, claim):
        process = (lock["pid"], lock["pid_started"])
        if process == (claim["pid"], claim["pid_started"]):
            return OWN
        if process == ended:
            return RESUMED
    # What held it before the host's last start has nothing running here any more.
    if lock["boot"] != now["boot"] or now["uptime_s"] - lock["renewed_uptime_s"] > stale_s:
        return STALE
    return HELD


def is_same_campaign(lock, claim):
    """Tell whether lock and claim are of one campaign, begun by the same user on the same controller."""
    return (lock["owner"], lock["run_id"]) == (claim["owner"], claim["run_id"])


def make_lock(claim, now, before):
    """Make the lock of a claim at a moment; `before` is the lock that it renews, None where it is a new one."""
    return {
        "owner": claim["owner"],
        "run_id": claim["run_id"],
        "pid": claim["pid"],
        "pid_started": claim["pid_started"],
        "taken_at": before["taken_at"] if before else now["at"],
        "renewed_at": now["at"],
        "boot": now["boot"],
        "taken_uptime_s": before["taken_uptime_s"] if before else now["uptime_s"],
        "renewed_uptime_s": now["uptime_s"],
    }


def describe(lock, now):
    """Say whose a lock is, how old, and when it was last renewed; to go on after the name of what is locked."""
    whose = f"by {lock['owner']} (campaign {lock['run_id']}, process {lock['pid']})"
    if lock["boot"] != now["boot"]:
        return f"{whose} since {lock['taken_at']}, which was before the host was last started"
    since = in_words(now["uptime_s"] - lock["taken_uptime_s"])
    seen = in_words(now["uptime_s"] - lock["renewed_uptime_s"])
    return f"{whose} for {since}, with the last sign of life {seen} ago"


def refusal(name, path, lock, claim, now, stale_s):
    """Say that a host is in use, by whom, and what to do."""
    if is_same_campaign(lock, claim):
        what_to_do = "That is this very campaign in another process: let that one go on, or end it first"
    else:
        what_to_do = "Two campaigns on one host would measure each other: wait for its end, or leave the host out"
    return (
        f"{name} is locked {describe(lock, now)}. {what_to_do}. A lock without a sign of life for "
        f"{in_words(stale_s)} is taken over; if you know that nothing runs there, remove {path} on {name}."
    )


def in_words(seconds):
    """Say how long something is, in its two largest units: `12 s`, `5 min`, `2 h 5 min`, `3 d 4 h`."""
    seconds = max(int(seconds), 0)
    units = [("d", seconds // 86400), ("h", seconds // 3600 % 24), ("min", seconds // 60 % 60), ("s", seconds % 60)]
    first = next((index for index, (_unit, count) in enumerate(units) if count), len(units) - 1)
    shown = units[first : first + 2] if first < 2 else units[first : first + 1]
    return " ".join(f"{count} {unit}" for unit, count in shown if count) or "0 s"


def _is(lock, key, kind):
    return isinstance(lock.get(key), kind) and not isinstance(lock.get(key), bool)
