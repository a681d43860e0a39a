# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The module against real archives and real file systems: versions side by side, and what goes wrong on the way."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.katabench.scylla.plugins.modules import kata_archive

ELF_OTHER = bytes.fromhex("7f454c46020101000000000000000000 0300 f300")  # RISC-V, elf(5)


class Host:
    """Places of a host below a directory, and the module run on them."""

    def __init__(self, root: Path, capsys) -> None:
        self.root, self.capsys = root, capsys
        self.dest, self.link = root / "opt" / "katabench" / "kata", root / "opt" / "kata"

    def archive(self, version: str, members=None) -> Path:
        """Make an archive whose kata-runtime says the version."""
        path = self.root / f"kata-static-{version}.tar.zst"
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as archive:
            for name, content in (members or {"bin/kata-runtime": version.encode()}).items():
                info = tarfile.TarInfo(f"./opt/kata/{name}")
                info.size, info.mode = len(content), 0o755
                archive.addfile(info, io.BytesIO(content))
        command = ["zstd", "-q", "--force", "-o", path]
        subprocess.run(command, input=stream.getvalue(), check=True)
        return path

    def run(self, version: str, check_mode: bool = False, **arguments) -> dict:
        src = self.root / f"kata-static-{version}.tar.zst"
        if "sha256" not in arguments and src.exists():
            arguments["sha256"] = hashlib.sha256(src.read_bytes()).hexdigest()
        arguments = {"src": src, "dest": self.dest, "name": f"{version}-go", "link": self.link, **arguments}
        arguments = {key: str(value) for key, value in arguments.items()}
        with (
            patch_module_args({**arguments, "_ansible_check_mode": check_mode}),
            pytest.raises(SystemExit),
        ):
            kata_archive.main()
        return json.loads(self.capsys.readouterr().out)

    def in_use(self) -> str:
        return (self.link / "bin" / "kata-runtime").read_text()

    def state(self) -> dict[str, str]:
        """Name everything that is there, with what files hold and links name."""
        found = {}
        for path in sorted(self.root.glob("opt/**/*")):
            if path.is_symlink():
                found[str(path)] = str(path.readlink())
            elif path.is_file():
                found[str(path)] = path.read_bytes().hex()
            else:
                found[str(path)] = "directory"
        return found


@pytest.fixture
def host(tmp_path, capsys) -> Host:
    return Host(tmp_path, capsys)


@pytest.fixture
def small_disk(host):
    """The host's /opt on a file system of its own, of one megabyte."""
    opt = host.root / "opt"
    opt.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "katabench-test", opt], check=True)
    yield opt
    subprocess.run(["umount", "--lazy", opt], check=True)


def test_a_version_is_installed_and_a_second_time_nothing_is_done(host):
    host.archive("3.31.0")
    first = host.run("3.31.0")
    assert (first["changed"], first["unpacked"], first["previous"], first["current"]) == (True, True, None, "3.31.0-go")
    assert host.in_use() == "3.31.0"
    assert host.link.readlink() == host.dest / "3.31.0-go"
    before = host.state()
    second = host.run("3.31.0")
    assert (second["changed"], second["unpacked"], second["versions"]) == (False, False, ["3.31.0-go"])
    assert host.state() == before


def test_going_back_needs_neither_the_archive_nor_its_checksum(host):
    for version in ("3.31.0", "3.32.0"):
        host.archive(version)
        host.run(version)
    assert host.in_use() == "3.32.0"
    for archive in host.root.glob("*.zst"):
        archive.unlink()
    back = host.run("3.31.0")
    assert (back["changed"], back["unpacked"], back["previous"]) == (True, False, "3.32.0-go")
    assert host.in_use() == "3.31.0"


def test_what_was_not_in_use_for_longest_goes(host):
    for version in ("3.30.0", "3.31.0"):
        host.archive(version)
        host.run(version)
    host.run("3.30.0")  # in use again
    host.archive("3.32.0")
    result = host.run("3.32.0")
    assert (result["removed"], result["versions"]) == (["3.31.0-go"], ["3.32.0-go", "3.30.0-go"])
    assert sorted(path.name for path in host.dest.iterdir()) == ["3.30.0-go", "3.32.0-go"]


def test_one_version_is_kept_when_one_is_asked_for_and_strangers_stay(host):
    (host.dest / "somebody-s").mkdir(parents=True)
    for version in ("3.31.0", "3.32.0"):
        host.archive(version)
        result = host.run(version, keep=1)
    assert result["removed"] == ["3.31.0-go"]
    assert sorted(path.name for path in host.dest.iterdir()) == ["3.32.0-go", "somebody-s"]


def test_another_archive_of_the_same_version_takes_its_place(host):
    host.archive("3.32.0", {"bin/kata-runtime": b"first", "bin/gone": b""})
    host.run("3.32.0")
    host.archive("3.32.0", {"bin/kata-runtime": b"second"})
    result = host.run("3.32.0")
    assert (result["changed"], result["unpacked"]) == (True, True)
    assert host.in_use() == "second"
    assert [path.name for path in (host.link / "bin").iterdir()] == ["kata-runtime"]
    assert [path.name for path in host.dest.iterdir()] == ["3.32.0-go"]


@pytest.mark.parametrize("there", ["directory", "file", "link", "dangling link"])
def test_a_kata_of_somebody_else_is_refused_before_anything_is_done(host, there):
    host.archive("3.32.0")
    host.link.parent.mkdir()
    if there == "directory":
        host.link.mkdir()
    elif there == "file":
        host.link.touch()
    else:
        host.link.symlink_to("/usr" if there == "link" else "/nowhere")
    before = host.state()
    result = host.run("3.32.0")
    assert result["failed"]
    assert f"{host.link} is {'a link to' if 'link' in there else 'no link'}" in result["msg"]
    assert f"a link into {host.dest} was expected: another installation of Kata is there" in result["msg"]
    assert host.state() == before


def test_check_mode_says_what_would_be_and_does_nothing(host):
    result = host.run("3.32.0", check_mode=True, sha256="0" * 64)  # nothing has been downloaded
    assert (result["changed"], result["unpacked"], result["current"]) == (True, True, "3.32.0-go")
    assert result["diff"]["before"] == f"{host.link}: not there\nversions: \n"
    assert result["diff"]["after"] == f"{host.link}: 3.32.0-go\nversions: 3.32.0-go\n"
    assert host.state() == {}

    host.archive("3.32.0")
    assert host.run("3.32.0", check_mode=True)["changed"]
    assert "has the SHA-256" in host.run("3.32.0", check_mode=True, sha256="0" * 64)["msg"]
    assert host.state() == {}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"sha256": ""}, "No SHA-256 is known for kata-static-3.32.0.tar.zst, and without one it is not installed."),
        ({"sha256": "sha256:1449ecea"}, "'sha256:1449ecea' is no SHA-256: 64 hexadecimal digits are expected"),
        ({"sha256": "f" * 64}, f"expected was {'f' * 64}: the file is incomplete or another one"),
        ({"name": "../evil"}, "'../evil' cannot be the name of a version"),
        ({"keep": 0}, "keep is 0; the version in use stays, so 1 is the least"),
    ],
)
def test_arguments_that_cannot_be_used_leave_the_version_in_use(host, arguments, sentence):
    host.archive("3.31.0")
    host.run("3.31.0")
    host.archive("3.32.0")
    before = host.state()
    result = host.run("3.32.0", **arguments)
    assert result["failed"]
    assert sentence in result["msg"]
    assert host.state() == before


def test_an_archive_that_is_not_there_is_named(host):
    result = host.run("3.32.0", sha256="0" * 64)
    assert f"The archive {host.root}/kata-static-3.32.0.tar.zst cannot be read: No such file" in result["msg"]


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        (
            {"bin/kata-runtime": b"3.32.0", "../../etc/passwd": b""},
            "./opt/kata/../../etc/passwd lies outside of opt/kata",
        ),
        ({".katabench-sha256": b"0" * 64}, "/.katabench-sha256 cannot be written: File exists"),
        (
            {"bin/kata-runtime": ELF_OTHER},
            "./opt/kata/bin/kata-runtime is a binary for machine 243 of ELF, and the host",
        ),
    ],
)
def test_a_refused_archive_leaves_the_version_in_use_and_nothing_beside_it(host, members, sentence):
    host.archive("3.31.0")
    host.run("3.31.0")
    before = host.state()
    host.archive("3.32.0", members)
    result = host.run("3.32.0")
    assert result["failed"]
    assert sentence in result["msg"]
    assert host.state() == before


def test_a_full_disk_leaves_the_version_in_use(host, small_disk):
    host.archive("3.31.0")
    host.run("3.31.0")
    before = host.state()
    host.archive("3.32.0", {"bin/kata-runtime": b"3.32.0", "share/kata-containers.img": bytes(2_000_000)})
    result = host.run("3.32.0")
    assert result["failed"]
    assert f"The disk of {host.dest} is full: No space left on device. The versions that were" in result["msg"]
    assert host.state() == before
    assert host.in_use() == "3.31.0"
    disk = os.statvfs(small_disk)
    assert disk.f_bavail * disk.f_frsize > 900_000  # what had been set aside is gone


def test_a_target_that_cannot_be_written_is_named(host, small_disk):
    host.archive("3.32.0")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    result = host.run("3.32.0")
    assert f"{small_disk}/katabench cannot be written: Read-only file system." in result["msg"]


def test_what_a_killed_run_left_goes_with_the_next(host):
    (host.dest / ".unpacking-killed" / "bytes").mkdir(parents=True)
    host.archive("3.32.0")
    host.run("3.32.0")
    assert [path.name for path in host.dest.iterdir()] == ["3.32.0-go"]
