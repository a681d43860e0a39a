# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""The module against real block devices, where the kernel gives any."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.katabench.scylla.plugins.modules import host_disk

SIZE = 16 * 1024 * 1024


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[str]:
    """A blank disk, under a name that is not the kernel's."""
    image = tmp_path / "disk.img"
    with image.open("wb") as file:
        file.truncate(SIZE)
    attached = subprocess.run(["losetup", "--find", "--show", image], capture_output=True, text=True, check=False)
    if attached.returncode != 0:
        pytest.skip(f"The kernel gives no loop device: {attached.stderr.strip()}")
    device = attached.stdout.strip()
    link = tmp_path / "by-id-spare"
    link.symlink_to(device)
    yield str(link)
    subprocess.run(["losetup", "--detach", device], check=True)


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., dict]:
    def run(device: str, wipe: str = "") -> dict:
        arguments = {"device": device, "mount_point": str(tmp_path / "data"), "wipe": wipe}
        with patch_module_args(arguments), pytest.raises(SystemExit):
            host_disk.main()
        return json.loads(capsys.readouterr().out)

    return run


def make_file_system(disk: str) -> None:
    if not shutil.which("mkfs.ext4"):
        pytest.skip("mkfs.ext4 is not here")
    subprocess.run(["mkfs.ext4", "-q", "-L", "archive", disk], check=True)


def test_a_blank_disk_is_blank(ask, disk) -> None:
    found = ask(disk)["disk"]
    assert (found["state"], found["path"], found["size_mib"]) == ("blank", os.path.realpath(disk), 16)
    assert (found["partitions"], found["carries"], found["label"]) == ([], [], "bench-data")


def test_a_file_system_is_refused_and_kept_and_may_be_named_to_be_wiped(ask, disk) -> None:
    make_file_system(disk)
    refused = ask(disk)
    assert refused["failed"] is True
    assert (
        "is not blank, it carries a signature of ext4 with the label 'archive'; it is left as it is" in refused["msg"]
    )
    assert f"host_disk_wipe: {disk}" in refused["msg"]
    assert ask(disk, wipe=os.path.realpath(disk))["failed"] is True
    assert ask(disk, wipe=disk)["disk"]["state"] == "wipe"
    assert subprocess.run(["blkid", "-p", disk], capture_output=True, check=False).returncode == 0


def test_a_mounted_disk_is_refused_even_when_it_is_named_to_be_wiped(ask, disk, tmp_path) -> None:
    make_file_system(disk)
    point = tmp_path / "somewhere"
    point.mkdir()
    if subprocess.run(["mount", disk, point], check=False).returncode != 0:
        pytest.skip("nothing can be mounted here")
    try:
        refused = ask(disk, wipe=disk)
    finally:
        subprocess.run(["umount", point], check=True)
    assert f"is in use: {Path(disk).resolve().name} is mounted at {point}" in refused["msg"]


def test_a_disk_that_a_program_has_for_itself_is_refused(ask, disk) -> None:
    held = os.open(disk, os.O_RDWR | os.O_EXCL)
    try:
        refused = ask(disk)
    finally:
        os.close(held)
    assert "is in use: the kernel has given it away" in refused["msg"]


def test_a_partition_table_is_refused(ask, disk) -> None:
    entry = bytes([0, 0, 0, 0, 0x83, 0, 0, 0]) + (2048).to_bytes(4, "little") + (2048).to_bytes(4, "little")
    with Path(disk).open("r+b") as device:
        device.seek(446)
        device.write(entry)
        device.seek(510)
        device.write(b"\x55\xaa")
    assert "it carries a signature of dos; it is left as it is" in ask(disk)["msg"]


def test_data_of_an_unknown_kind_is_refused(ask, disk) -> None:
    with Path(disk).open("r+b") as device:
        device.seek(SIZE - 512)
        device.write(b"nobody knows what this is")
    assert "it carries data of an unknown kind" in ask(disk)["msg"]


@pytest.mark.parametrize("name", ["/dev/disk/by-id/nvme-mistyped", "/dev/null", "/etc/hostname"])
def test_what_is_no_disk_is_refused_with_the_disks_there_are(ask, name) -> None:
    refused = ask(name)
    assert refused["msg"].startswith(f"{name} is ")
    assert "the disks here are: " in refused["msg"]


def test_a_place_with_something_in_it_is_refused(ask, disk, tmp_path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "file").touch()
    assert f"{tmp_path / 'data'} is not empty" in ask(disk)["msg"]
