#!/usr/bin/python
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Install a release archive of Kata Containers beside others, and switch to it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kata_archive
short_description: Install a release archive of Kata Containers beside others, and switch to it
version_added: 0.2.0
author: katabench authors (@katabench)
description:
  - Unpacks what an archive has below C(opt/kata) into a directory of its own below O(dest), lets O(link) name it, and
    removes the versions that were not in use for longest.
  - The archive's SHA-256 is checked first. Then every member is vetted before anything is unpacked. An archive is
    refused, by the name of the member, for members outside of C(opt/kata) (Kata 3.11.0 is such an archive), links that
    leave it, device nodes, named pipes, setuid and setgid bits, names that are there twice and members below links; and
    for binaries of another architecture than the host's.
  - A version that is there already, from an archive with the same SHA-256, is not unpacked again; to return to it the
    archive is not needed.
  - Whatever goes wrong, the version in use stays as it is.
  - Files belong to who runs the module and can be written by nobody else; the archive's owners and times are not kept.
options:
  src:
    description: The archive, on the host, compressed with xz, zstd or gzip.
    type: path
    required: true
  sha256:
    description: SHA-256 of the archive; may be empty for a version that is there already, whatever it came from.
    type: str
    default: ""
  dest:
    description: The directory of the versions.
    type: path
    default: /opt/katabench/kata
  name:
    description: Name of the version, such as V(3.32.0-go).
    type: str
    required: true
  link:
    description: The link that names the version in use. What is there and is no such link is refused.
    type: path
    default: /opt/kata
  keep:
    description: Number of versions to keep, the one in use among them.
    type: int
    default: 2
requirements:
  - the program that the archive is compressed with, C(xz), C(zstd) or C(gzip)
attributes:
  check_mode:
    description: Nothing is written; an archive that is there has its SHA-256 checked, one that is not is taken as good.
    support: full
  diff_mode:
    description: Shows the version in use and those that are there.
    support: full
"""

EXAMPLES = r"""
- name: Install Kata 3.32.0
  katabench.scylla.kata_archive:
    src: /var/cache/katabench/kata-static-3.32.0-amd64.tar.zst
    sha256: 1449ecea50bd91fa73a94648db195d18950fe869ba4b1f12d05f55f1fa7c1b01
    name: 3.32.0-go
"""

RETURN = r"""
unpacked:
  description: Whether the archive was unpacked, or in check mode would be.
  type: bool
  returned: always
current:
  description: The version in use now.
  type: str
  returned: always
previous:
  description: The version that was in use before; null when there was none.
  type: str
  returned: always
removed:
  description: The versions that were removed.
  type: list
  elements: str
  returned: always
versions:
  description: The versions that are there, the one that was last taken into use first.
  type: list
  elements: str
  returned: always
"""

import errno
import os
import re

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.katabench.scylla.plugins.module_utils import kata_versions
from ansible_collections.katabench.scylla.plugins.module_utils.kata_archive import (
    KataArchiveError,
    open_verified,
    unpack,
)

_FULL = (errno.ENOSPC, errno.EDQUOT)


def plan(src, sha256, dest, name, link, keep):
    """Say what there is and what there shall be. Raises KataArchiveError."""
    if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z.+_-]*", name):
        raise KataArchiveError(f"'{name}' cannot be the name of a version; one like 3.32.0-go is expected.")
    if not re.fullmatch(r"([0-9a-f]{64})?", sha256):
        raise KataArchiveError(
            f"'{sha256}' is no SHA-256: 64 hexadecimal digits are expected, as sha256sum prints them."
        )
    if keep < 1:
        raise KataArchiveError(f"keep is {keep}; the version in use stays, so 1 is the least.")
    before = kata_versions.list_versions(dest)
    after = [name, *(version for version in before if version != name)]
    unpacked = name not in before or sha256 not in ("", kata_versions.read_sha256(dest, name))
    if unpacked and not sha256:
        raise KataArchiveError(
            f"No SHA-256 is known for {os.path.basename(src)}, and without one it is not installed. Download it once, "
            "compare what sha256sum prints with the digest that the release page shows beside the file, and give that "
            "number (the role kata takes it as kata_release_sha256)."
        )
    return {
        "unpacked": unpacked,
        "previous": kata_versions.read_current(dest, link),
        "current": name,
        "before": before,
        "versions": after[:keep],
        "removed": after[keep:],
    }


def install(src, sha256, dest, name):
    """Bring a version in from its archive."""
    with open_verified(src, sha256) as source, kata_versions.staging(dest) as staging:
        kata_versions.add(dest, name, unpack(source, staging, os.uname().machine), sha256)


def describe(link, name, versions):
    """Say in two lines what is there, for a diff."""
    return f"{link}: {name or 'not there'}\nversions: {' '.join(sorted(versions))}\n"


def explain(error, src, dest):
    """Say what an error of the operating system means for the installation."""
    place = error.filename or dest
    stays = "The versions that were there are as they were."
    if error.errno in _FULL:
        return f"The disk of {dest} is full: {error.strerror}. {stays} Make room and run again."
    if error.filename == src:
        return f"The archive {place} cannot be read: {error.strerror}. {stays}"
    return f"{place} cannot be written: {error.strerror}. {stays}"


def main():
    module = AnsibleModule(
        argument_spec={
            "src": {"type": "path", "required": True},
            "sha256": {"type": "str", "default": ""},
            "dest": {"type": "path", "default": "/opt/katabench/kata"},
            "name": {"type": "str", "required": True},
            "link": {"type": "path", "default": "/opt/kata"},
            "keep": {"type": "int", "default": 2},
        },
        supports_check_mode=True,
    )
    src, name, keep = (module.params[key] for key in ("src", "name", "keep"))
    dest, link = os.path.normpath(module.params["dest"]), os.path.normpath(module.params["link"])
    sha256 = module.params["sha256"].lower()
    try:
        planned = plan(src, sha256, dest, name, link, keep)
        before = planned.pop("before")
        if planned["unpacked"] and not module.check_mode:
            install(src, sha256, dest, name)
        elif planned["unpacked"] and os.path.exists(src):  # in check mode what is to be downloaded is not there
            with open_verified(src, sha256):
                pass
        if not module.check_mode:
            if planned["previous"] != name:
                kata_versions.switch(dest, name, link)
            kata_versions.prune(dest, planned["removed"])
    except KataArchiveError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=explain(error, src, dest))
    module.exit_json(
        changed=planned["unpacked"] or planned["previous"] != name or bool(planned["removed"]),
        diff={
            "before": describe(link, planned["previous"], before),
            "after": describe(link, name, planned["versions"]),
        },
        **planned,
    )


if __name__ == "__main__":
    main()
