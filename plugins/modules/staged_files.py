#!/usr/bin/python
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Lay what `make install DESTDIR=…` staged in its place, or take it away."""

from __future__ import annotations

DOCUMENTATION = r"""
module: staged_files
short_description: Lay what C(make install DESTDIR=…) staged in its place, or take it away
version_added: 0.2.0
author: katabench authors (@katabench)
description:
  - Copies the files and symbolic links of staging directories to the same paths below V(/), replacing each at once.
    Nothing is replaced before everything has been copied, so that a full disk leaves what was installed as it was.
  - Notes in a manifest what it put there. A later run removes what is no longer staged, and V(absent) removes it all,
    with those directories that it made and that are empty.
  - A file that was there before is replaced, as C(make install) does, and belongs to the manifest from then on.
options:
  staging_directories:
    description:
      - Directories to take files from. Where two have the same path, the later one counts.
      - Needed with O(state=present).
    type: list
    elements: path
  editable:
    description:
      - Absolute paths of files that may be edited where they lie, as packages have them for configurations.
      - They are put in place again only when what is staged for them is not what was put there last.
    type: list
    elements: path
    default: []
  manifest:
    description: File to note the installed paths in.
    type: path
    required: true
  state:
    description: Whether the files shall be there.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    description: Tells what it would do. A staging directory that is not there yet counts as a change.
    support: full
  diff_mode:
    description: Shows the paths that change, and text files in full.
    support: full
"""

EXAMPLES = r"""
- name: Stage it
  ansible.builtin.command:
    cmd: make install DESTDIR=/var/cache/thing/staged
    chdir: /usr/src/thing

- name: Install it
  katabench.scylla.staged_files:
    staging_directories: [/var/cache/thing/staged]
    manifest: /var/lib/thing/manifest.json
"""

RETURN = r"""
files:
  description: Absolute paths of the files and links that are ours now.
  type: list
  elements: str
  returned: always
directories:
  description: Absolute paths of the directories that were made for them.
  type: list
  elements: str
  returned: always
"""

import os

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.katabench.scylla.plugins.module_utils.staged_files import (
    find_staged,
    fingerprints,
    is_in_place,
    lay,
    missing_directories,
    read_manifest,
    remove,
    write_manifest,
)

ROOT = "/"
LARGEST_TEXT_BYTES = 100_000


def describe(path, text):
    """Give what a diff shows of a file: with text, what it says, where that is not long; else what it is."""
    if os.path.islink(path):
        return f"link to {os.readlink(path)}\n"
    size = os.path.getsize(path)
    if text and size <= LARGEST_TEXT_BYTES:
        try:
            with open(path, encoding="utf-8") as file:
                return file.read()
        except UnicodeDecodeError:
            pass
    return f"{size} bytes\n"


def diff_of(staged, gone):
    """Give Ansible's diff of the paths that change; what a file says is shown where there was one before."""
    differences = []
    for path in sorted({*staged, *gone}):
        place = os.path.join(ROOT, path)
        there = os.path.lexists(place)
        before = describe(place, text=path in staged) if there else ""
        after = describe(staged[path], text=there) if path in staged else ""
        differences.append({"before_header": place, "after_header": place, "before": before, "after": after})
    return differences


def main():
    module = AnsibleModule(
        argument_spec={
            "staging_directories": {"type": "list", "elements": "path"},
            "editable": {"type": "list", "elements": "path", "default": []},
            "manifest": {"type": "path", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[("state", "present", ["staging_directories"])],
        supports_check_mode=True,
    )
    directories = module.params["staging_directories"] if module.params["state"] == "present" else []
    not_there = [directory for directory in directories if not os.path.isdir(directory)]
    if not_there and not module.check_mode:
        module.fail_json(msg=f"There is no staging directory {not_there[0]}; stage files before they are installed.")

    noted = read_manifest(module.params["manifest"])
    staged = find_staged(directories)
    editable = fingerprints(staged, [os.path.relpath(path, ROOT) for path in module.params["editable"]])
    to_lay = {
        path: source
        for path, source in staged.items()
        if not is_in_place(source, os.path.join(ROOT, path))
        and not (path in editable and editable[path] == noted["editable"].get(path))
    }
    # What check mode cannot see staged yet is not gone.
    gone = [] if not_there else sorted(set(noted["files"]) - set(staged))
    ours = {
        "files": sorted(staged),
        "directories": sorted({*noted["directories"], *missing_directories(to_lay, ROOT)}),
        "editable": editable,
    }
    diff = diff_of(to_lay, gone)
    changed = bool(to_lay or not_there) or ours != noted
    if changed and not module.check_mode:
        try:
            # Noted first: an installation that is cut short can be removed all the same.
            write_manifest(module.params["manifest"], {**ours, "files": sorted({*noted["files"], *staged})})
            lay(to_lay, ROOT)
            ours["directories"] = remove(gone, ours["directories"], ROOT)
            write_manifest(module.params["manifest"], ours)
            if module.params["state"] == "absent":
                os.unlink(module.params["manifest"])
        except OSError as error:
            module.fail_json(msg=f"The files cannot be put in place: {error}. Mend that and run again.")
    module.exit_json(
        changed=changed,
        diff=diff,
        **{key: [os.path.join(ROOT, path) for path in ours[key]] for key in ("files", "directories")},
    )


if __name__ == "__main__":
    main()
