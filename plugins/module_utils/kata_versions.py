# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Versions of Kata side by side, and the link that names the one in use.

A version is a directory of its own with a file in it that holds the SHA-256 of the archive that it came from; the time
of that file is when the version was last taken into use. Versions come into being and the link is switched by rename,
so that the link never names half a version.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile

from ansible_collections.katabench.scylla.plugins.module_utils.kata_archive import KataArchiveError

_SHA256 = ".katabench-sha256"
_STAGING = ".unpacking-"


def read_sha256(versions_dir, name):
    """Return the SHA-256 of the archive that a version came from; None when the version is not there."""
    try:
        with open(os.path.join(versions_dir, name, _SHA256), encoding="ascii") as stream:
            return stream.read().strip()
    except FileNotFoundError:
        return None


def list_versions(versions_dir):
    """Return the names of the versions that are there, the one that was last taken into use first."""
    used = {}
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(versions_dir):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                used[name] = os.stat(os.path.join(versions_dir, name, _SHA256)).st_mtime_ns
    return sorted(used, key=used.get, reverse=True)


def read_current(versions_dir, link):
    """Return the name of the version that the link names; None when there is no link, or none of these versions.

    Raises KataArchiveError when what is there is not a link to a version: somebody else put it there.
    """
    if not os.path.lexists(link):
        return None
    target = os.readlink(link) if os.path.islink(link) else ""
    if os.path.dirname(target) != versions_dir:
        what = f"a link to {target}" if target else "no link"
        raise KataArchiveError(
            f"{link} is {what}, and a link into {versions_dir} was expected: another installation of Kata is there. "
            "Remove it or move it away; nothing was changed."
        )
    return os.path.basename(target)


@contextlib.contextmanager
def staging(versions_dir):
    """Give a directory beside the versions to make one in; nobody else can enter it, and it goes with the block."""
    os.makedirs(versions_dir, exist_ok=True)
    for name in os.listdir(versions_dir):
        if name.startswith(_STAGING):  # of a run that was killed
            shutil.rmtree(os.path.join(versions_dir, name))
    path = tempfile.mkdtemp(prefix=_STAGING, dir=versions_dir)
    try:
        yield path
    finally:
        shutil.rmtree(path)


def add(versions_dir, name, tree, sha256):
    """Make a version of an unpacked tree in staging(); one of the same name, from another archive, makes way for it."""
    with open(os.path.join(tree, _SHA256), "x", encoding="ascii") as stream:  # a link of that name is not followed
        stream.write(f"{sha256}\n")
    path, aside = os.path.join(versions_dir, name), f"{tree}.before"
    if os.path.lexists(path):
        os.rename(path, aside)
    try:
        os.rename(tree, path)
    except OSError:
        if os.path.lexists(aside):
            os.rename(aside, path)
        raise


def switch(versions_dir, name, link):
    """Let the link name a version."""
    os.utime(os.path.join(versions_dir, name, _SHA256))
    os.makedirs(os.path.dirname(link), exist_ok=True)
    fresh = f"{link}.katabench-new"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(fresh)
    os.symlink(os.path.join(versions_dir, name), fresh)
    os.rename(fresh, link)


def prune(versions_dir, names):
    """Remove versions."""
    for name in names:
        shutil.rmtree(os.path.join(versions_dir, name))
