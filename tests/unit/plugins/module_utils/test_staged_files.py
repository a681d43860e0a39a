# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

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


def stage(directory, files):
    """Make files under a directory: {path: text, or (target,) for a link}."""
    for path, content in files.items():
        place = directory / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, tuple):
            place.symlink_to(content[0])
        else:
            place.write_text(content)
    return str(directory)


def names_in(directory):
    return sorted(path.name for path in directory.iterdir())


def test_a_later_staging_directory_wins(tmp_path):
    first = stage(tmp_path / "first", {"usr/bin/tool": "old", "usr/share/tool.conf": "as made"})
    second = stage(tmp_path / "second", {"usr/share/tool.conf": "as wanted"})
    assert find_staged([first, second]) == {
        "usr/bin/tool": f"{first}/usr/bin/tool",
        "usr/share/tool.conf": f"{second}/usr/share/tool.conf",
    }


def test_links_are_staged_as_links_even_to_directories(tmp_path):
    staging = stage(tmp_path / "staging", {"share/v1/file": "text", "share/current": ("v1",)})
    root = tmp_path / "root"
    root.mkdir()
    lay(find_staged([staging]), str(root))
    assert str((root / "share/current").readlink()) == "v1"
    assert (root / "share/current/file").read_text() == "text"


def test_bytes_mode_and_kind_decide_what_is_in_place(tmp_path):
    stage(tmp_path, {"a": "same", "b": "same", "c": "else", "link": ("a",), "same-link": ("a",), "other-link": ("b",)})
    places = {name: str(tmp_path / name) for name in ["a", "b", "c", "link", "same-link", "other-link", "missing"]}
    assert is_in_place(places["a"], places["b"])
    assert is_in_place(places["link"], places["same-link"])
    for source, destination in [("a", "c"), ("link", "other-link"), ("a", "link"), ("link", "a"), ("a", "missing")]:
        assert not is_in_place(places[source], places[destination]), (source, destination)
    (tmp_path / "b").chmod(0o600)
    assert not is_in_place(places["a"], places["b"])


def test_laying_keeps_the_mode_and_replaces_links_and_files(tmp_path):
    staging = stage(tmp_path / "staging", {"bin/tool": "new", "bin/alias": ("tool",)})
    (tmp_path / "staging/bin/tool").chmod(0o700)
    root = tmp_path / "root"
    stage(root, {"bin/target": "stays", "bin/tool": ("target",), "bin/alias": "a file"})
    lay(find_staged([staging]), str(root))
    assert (root / "bin/tool").read_text() == "new"
    assert not (root / "bin/tool").is_symlink()
    assert (root / "bin/tool").stat().st_mode & 0o777 == 0o700
    assert str((root / "bin/alias").readlink()) == "tool"
    assert (root / "bin/target").read_text() == "stays"
    assert names_in(root / "bin") == ["alias", "target", "tool"]


def test_when_one_cannot_be_copied_nothing_is_replaced(tmp_path):
    staging = stage(tmp_path / "staging", {"a": "new", "b": "new"})
    root = tmp_path / "root"
    stage(root, {"a": "old", "b/occupied": "a directory where a file is to be"})
    with pytest.raises(IsADirectoryError, match="b is a directory"):
        lay(find_staged([staging]), str(root))
    assert (root / "a").read_text() == "old"
    assert names_in(root) == ["a", "b"]


def test_directories_are_made_for_what_is_laid_and_go_when_they_are_empty(tmp_path):
    root = tmp_path / "root"
    stage(root, {"usr/there": "before us"})
    paths = ["usr/libexec/tool/one", "usr/share/tool/two"]
    made = missing_directories(paths, str(root))
    assert made == ["usr/libexec", "usr/libexec/tool", "usr/share", "usr/share/tool"]
    lay(find_staged([stage(tmp_path / "staging", dict.fromkeys(paths, "text"))]), str(root))
    assert missing_directories(paths, str(root)) == []

    (root / "usr/share/tool/strangers").write_text("not ours")
    assert remove(paths, made, str(root)) == ["usr/share", "usr/share/tool"]
    assert not (root / "usr/libexec").exists()
    assert (root / "usr/share/tool/strangers").exists()
    assert (root / "usr/there").exists()


def test_a_manifest_is_read_as_it_was_written_and_none_is_empty(tmp_path):
    path = str(tmp_path / "new" / "manifest.json")
    assert read_manifest(path) == {"files": [], "directories": [], "editable": {}}
    manifest = {"files": ["a"], "directories": ["b"], "editable": {"a": "its SHA-256"}}
    write_manifest(path, manifest)
    assert read_manifest(path) == manifest
    assert names_in(tmp_path / "new") == ["manifest.json"]


def test_what_was_noted_before_there_were_editable_files_is_read(tmp_path):
    (tmp_path / "manifest").write_text('{"files": ["a"], "directories": []}')
    assert read_manifest(str(tmp_path / "manifest")) == {"files": ["a"], "directories": [], "editable": {}}


def test_fingerprints_are_of_what_is_staged(tmp_path):
    staged = find_staged([stage(tmp_path, {"etc/tool.conf": "abc"})])
    # The SHA-256 of "abc" is an example of FIPS 180-2.
    assert fingerprints(staged, ["etc/tool.conf", "etc/other.conf"]) == {
        "etc/tool.conf": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    }
