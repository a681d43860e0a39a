# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Lay staged files (`make install DESTDIR=…`) in their places, all or none, and take them away again.

A path is relative to the staging directory, and so to the place where everything goes (`/`, in tests another one).
"""

from __future__ import annotations

import contextlib
import filecmp
import hashlib
import json
import os
import shutil
import stat

_SUFFIX = ".katabench-new"


def read_manifest(path):
    """Read what an installation put down: {"files": [...], "directories": [...], "editable": {path: SHA-256}}.

    All are empty where there was none.
    """
    noted = {"files": [], "directories": [], "editable": {}}
    with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8") as file:
        noted.update(json.load(file))
    return noted


def write_manifest(path, manifest):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + _SUFFIX, "w", encoding="utf-8") as file:
        json.dump(manifest, file, indent=2)
        file.write("\n")
    os.replace(path + _SUFFIX, path)


def find_staged(directories):
    """Find the files and links of staging directories: {relative path: where it is staged}; what comes later wins."""
    found = {}
    for directory in directories:
        for parent, subdirectories, names in os.walk(directory):
            links = [name for name in subdirectories if os.path.islink(os.path.join(parent, name))]
            for name in names + links:
                source = os.path.join(parent, name)
                found[os.path.relpath(source, directory)] = source
    return found


def fingerprints(staged, paths):
    """Give the SHA-256 of what is staged for those of the paths that are staged."""
    found = {}
    for path in paths:
        if path in staged:
            with open(staged[path], "rb") as file:
                found[path] = hashlib.sha256(file.read()).hexdigest()
    return found


def is_in_place(source, destination):
    """Tell whether destination is what source is: the same link, or a file with the same bytes and mode."""
    if os.path.islink(source) or os.path.islink(destination):
        return (
            os.path.islink(source) and os.path.islink(destination) and os.readlink(source) == os.readlink(destination)
        )
    if not os.path.isfile(destination):
        return False
    modes = {stat.S_IMODE(os.stat(path).st_mode) for path in (source, destination)}
    return len(modes) == 1 and filecmp.cmp(source, destination, shallow=False)


def missing_directories(paths, root):
    """List the directories above the paths that are not there yet, the outermost first."""
    missing = set()
    for path in paths:
        parent = os.path.dirname(path)
        while parent and not os.path.isdir(os.path.join(root, parent)):
            missing.add(parent)
            parent = os.path.dirname(parent)
    return sorted(missing)


def lay(staged, root):
    """Copy the staged files beside their places, and when all are there, rename each onto its own.

    So a full disk or an unwritable directory leaves everything as it was. Raises OSError.
    """
    for path in missing_directories(staged, root):
        os.mkdir(os.path.join(root, path), 0o755)
    copies = {path: os.path.join(root, path) + _SUFFIX for path in staged}
    try:
        for path, copy in copies.items():
            if os.path.isdir(os.path.join(root, path)) and not os.path.islink(os.path.join(root, path)):
                raise IsADirectoryError(f"{os.path.join(root, path)} is a directory, where a file is to be put")
            _remove_file(copy)
            shutil.copy2(staged[path], copy, follow_symlinks=False)
            os.chown(copy, os.geteuid(), os.getegid(), follow_symlinks=False)
        for path, copy in copies.items():
            os.replace(copy, os.path.join(root, path))
    finally:
        for copy in copies.values():
            _remove_file(copy)


def remove(paths, directories, root):
    """Remove files and links, then those of the directories that are empty; give the directories that stay."""
    for path in paths:
        _remove_file(os.path.join(root, path))
    stay = []
    for path in sorted(directories, reverse=True):
        try:
            os.rmdir(os.path.join(root, path))
        except FileNotFoundError:
            continue
        except OSError:  # somebody else's files are in it
            stay.append(path)
    return sorted(stay)


def _remove_file(path):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
