# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What a disk carries and whether it may be taken, from /sys, /proc and answers of wipefs as real hosts give them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.katabench.scylla.plugins.module_utils import host_disk

SPARE = "/dev/disk/by-id/nvme-SAMSUNG_MZQL21T9HCJR-00A07_S64GNE0R123456"

MOUNTS = """\
27 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw,discard
40 27 259:1 / /boot/efi rw,relatime shared:5 - vfat /dev/nvme0n1p1 rw
41 27 0:31 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
"""
DATA_MOUNT = "42 27 259:4 / /var/lib/docker rw,noatime shared:9 - xfs /dev/nvme1n1 rw,attr2\n"
SWAPS = """\
Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority
/dev/nvme0n1p3                          partition\t4194300\t\t0\t\t-2
"""

# What `wipefs --json` prints of util-linux 2.38.1.
XFS_OF_OURS = """\
{
   "signatures": [
      {
         "device": "nvme1n1",
         "offset": "0x0",
         "type": "xfs",
         "uuid": "4a1ab3a0-9e0f-4d6c-93a1-1f0d3f7be1d4",
         "label": "bench-data"
      }
   ]
}
"""
EXT4_AND_DOS = """\
{
   "signatures": [
      {
         "device": "nvme1n1",
         "offset": "0x438",
         "type": "ext4",
         "uuid": "0a3ec1cd-3ae2-4d09-b1a4-cde0bb7cd0d4",
         "label": "archive"
      },{
         "device": "nvme1n1",
         "offset": "0x1fe",
         "type": "dos",
         "uuid": null,
         "label": null
      }
   ]
}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A host with a system disk of three partitions and a spare one."""
    add_device(tmp_path, "nvme0n1", "259:0", sectors=3750748848, model="SAMSUNG MZQL21T9HCJR-00A07   ")
    for number, name in ((1, "nvme0n1p1"), (2, "nvme0n1p2"), (3, "nvme0n1p3")):
        add_device(tmp_path, f"nvme0n1/{name}", f"259:{number}", sectors=2048, partition=number)
    add_device(tmp_path, "nvme1n1", "259:4", sectors=3750748848, model="SAMSUNG MZQL21T9HCJR-00A07   ")
    add_device(tmp_path, "loop0", "7:0", sectors=0)
    return tmp_path


def add_device(root: Path, place: str, number: str, *, sectors: int, model: str = "", partition: int = 0) -> Path:
    """Add a block device to a fake /sys."""
    directory = root / "sys" / "devices" / place
    (directory / "holders").mkdir(parents=True)
    (directory / "dev").write_text(f"{number}\n")
    (directory / "size").write_text(f"{sectors}\n")
    (directory / "ro").write_text("0\n")
    if model:
        (directory / "device").mkdir()
        (directory / "device" / "model").write_text(f"{model}\n")
    if partition:
        (directory / "partition").write_text(f"{partition}\n")
    else:
        (root / "sys" / "block").mkdir(exist_ok=True)
        (root / "sys" / "block" / directory.name).symlink_to(directory)
    links = root / "sys" / "dev" / "block"
    links.mkdir(parents=True, exist_ok=True)
    (links / number).symlink_to(directory)
    return directory


def spare(root: Path, text: str = "", *, busy: bool = False, data: bool = False, mounts: str = MOUNTS) -> dict:
    """Describe the spare disk as the module does."""
    disk = host_disk.describe("259:4", str(root))
    disk["uses"] = host_disk.uses(disk["parts"], mounts, SWAPS)
    return disk | {"signatures": host_disk.signatures(text), "busy": busy, "data": data}


def test_a_disk_is_described_with_its_partitions(root: Path) -> None:
    assert host_disk.describe("259:0", str(root)) == {
        "name": "nvme0n1",
        "size_mib": 1831420,
        "model": "SAMSUNG MZQL21T9HCJR-00A07",
        "read_only": False,
        "partition_of": None,
        "parts": [
            {"name": "nvme0n1", "number": "259:0", "holders": []},
            {"name": "nvme0n1p1", "number": "259:1", "holders": []},
            {"name": "nvme0n1p2", "number": "259:2", "holders": []},
            {"name": "nvme0n1p3", "number": "259:3", "holders": []},
        ],
    }


def test_a_partition_names_its_disk_and_is_refused(root: Path) -> None:
    partition = host_disk.describe("259:2", str(root))
    assert partition["partition_of"] == "nvme0n1"
    with pytest.raises(ValueError, match=r"^/dev/nvme0n1p2 is a partition of nvme0n1; a whole disk is expected"):
        host_disk.require_whole_disk("/dev/nvme0n1p2", partition)


def test_a_drive_without_a_medium_and_one_that_is_read_only_are_refused(root: Path) -> None:
    with pytest.raises(ValueError, match=r"^/dev/loop0 has no room"):
        host_disk.require_whole_disk("/dev/loop0", host_disk.describe("7:0", str(root)))
    (root / "sys/block/nvme1n1/ro").write_text("1\n")
    with pytest.raises(ValueError, match=r" is read-only"):
        host_disk.require_whole_disk(SPARE, host_disk.describe("259:4", str(root)))


def test_a_device_whose_name_has_a_slash(root: Path) -> None:
    add_device(root, "cciss!c0d0", "104:0", sectors=4096)
    assert host_disk.describe("104:0", str(root))["name"] == "cciss/c0d0"


def test_who_mistyped_a_name_sees_the_disks_there_are(root: Path) -> None:
    assert host_disk.list_disks(str(root)) == [
        "/dev/nvme0n1 (1788 GiB, SAMSUNG MZQL21T9HCJR-00A07)",
        "/dev/nvme1n1 (1788 GiB, SAMSUNG MZQL21T9HCJR-00A07)",
    ]


def test_all_that_uses_a_disk_is_named(root: Path) -> None:
    (root / "sys/devices/nvme0n1/nvme0n1p2/holders/dm-0").mkdir()
    parts = host_disk.describe("259:0", str(root))["parts"]
    assert host_disk.uses(parts, MOUNTS, SWAPS) == [
        "nvme0n1p1 is mounted at /boot/efi",
        "nvme0n1p2 is mounted at /",
        "dm-0 holds nvme0n1p2",
        "nvme0n1p3 is swap",
    ]


def test_a_blank_disk_is_taken(root: Path) -> None:
    assert host_disk.judge_disk(SPARE, spare(root), MOUNTS, "/var/lib/docker") == "blank"


@pytest.mark.parametrize("wipe", ["", SPARE])
def test_a_disk_of_ours_is_known_again_and_never_wiped(root: Path, wipe: str) -> None:
    assert host_disk.judge_disk(SPARE, spare(root, XFS_OF_OURS), MOUNTS, "/var/lib/docker", wipe) == "ours"
    mounts = MOUNTS + DATA_MOUNT
    disk = spare(root, XFS_OF_OURS, busy=True, mounts=mounts)
    assert host_disk.judge_disk(SPARE, disk, mounts, "/var/lib/docker", wipe) == "mounted"


def test_a_disk_of_ours_in_another_place_is_refused(root: Path) -> None:
    mounts = MOUNTS + DATA_MOUNT
    with pytest.raises(ValueError, match=r"is in use: nvme1n1 is mounted at /var/lib/docker\. A disk in use is never"):
        host_disk.judge_disk(SPARE, spare(root, XFS_OF_OURS, busy=True, mounts=mounts), mounts, "/srv", SPARE)


def test_a_disk_of_ours_that_something_is_mounted_over_is_refused(root: Path) -> None:
    mounts = MOUNTS + DATA_MOUNT + "43 27 0:77 / /var/lib/docker rw - tmpfs tmpfs rw\n"
    with pytest.raises(ValueError, match=r"is in use"):
        host_disk.judge_disk(SPARE, spare(root, XFS_OF_OURS, busy=True, mounts=mounts), mounts, "/var/lib/docker")


def test_somebodys_file_system_is_refused_unless_it_is_named_to_be_wiped(root: Path) -> None:
    disk = spare(root, EXT4_AND_DOS, data=True)
    with pytest.raises(ValueError, match="is not blank") as refused:
        host_disk.judge_disk(SPARE, disk, MOUNTS, "/var/lib/docker")
    assert str(refused.value) == (
        f"{SPARE} (1788 GiB, SAMSUNG MZQL21T9HCJR-00A07) is not blank, it carries a signature of ext4 with the label "
        "'archive', a signature of dos; it is left as it is. Name another disk with host_data_disk. If nobody needs "
        f"what is on this one: host_disk_wipe: {SPARE}"
    )
    assert host_disk.judge_disk(SPARE, disk, MOUNTS, "/var/lib/docker", SPARE) == "wipe"


@pytest.mark.parametrize("wipe", ["/dev/nvme1n1", SPARE + "1", SPARE.lower(), "true"])
def test_a_name_that_is_written_otherwise_wipes_nothing(root: Path, wipe: str) -> None:
    with pytest.raises(ValueError, match=rf"host_disk_wipe names {wipe}, which is not how host_data_disk is written"):
        host_disk.judge_disk(SPARE, spare(root, EXT4_AND_DOS), MOUNTS, "/var/lib/docker", wipe)


def test_a_partition_without_a_file_system_is_somebodys(root: Path) -> None:
    add_device(root, "nvme1n1/nvme1n1p1", "259:5", sectors=2048, partition=1)
    with pytest.raises(ValueError, match=r"it carries the partition nvme1n1p1; it is left"):
        host_disk.judge_disk(SPARE, spare(root), MOUNTS, "/var/lib/docker")


def test_our_label_in_a_disk_with_partitions_is_not_ours(root: Path) -> None:
    add_device(root, "nvme1n1/nvme1n1p1", "259:5", sectors=2048, partition=1)
    with pytest.raises(ValueError, match=r"it carries the partition nvme1n1p1, a signature of xfs"):
        host_disk.judge_disk(SPARE, spare(root, XFS_OF_OURS), MOUNTS, "/var/lib/docker")


def test_data_without_a_signature_is_somebodys(root: Path) -> None:
    with pytest.raises(ValueError, match=r"it carries data of an unknown kind; it is left"):
        host_disk.judge_disk(SPARE, spare(root, data=True), MOUNTS, "/var/lib/docker")


def test_a_disk_in_use_is_not_wiped(root: Path) -> None:
    with pytest.raises(ValueError, match=r"is in use: the kernel has given it away\. A disk in use is never touched"):
        host_disk.judge_disk(SPARE, spare(root, EXT4_AND_DOS, busy=True), MOUNTS, "/var/lib/docker", SPARE)


@pytest.mark.parametrize("at", [0, 1024 * 1024 - 1, 3 * 1024 * 1024, 4 * 1024 * 1024 - 1])
def test_the_ends_of_a_disk_are_read(tmp_path: Path, at: int) -> None:
    path = tmp_path / "disk"
    with path.open("wb") as file:
        file.truncate(4 * 1024 * 1024)
    descriptor = os.open(path, os.O_RDWR)
    try:
        assert not host_disk.has_data(descriptor, 4 * 1024 * 1024)
        os.pwrite(descriptor, b"x", at)
        assert host_disk.has_data(descriptor, 4 * 1024 * 1024)
    finally:
        os.close(descriptor)


FSTAB = """\
# /etc/fstab: static file system information.
# /dev/sdb1 /var/lib/docker xfs defaults 0 0
UUID=0a3ec1cd-3ae2-4d09-b1a4-cde0bb7cd0d4 / ext4 errors=remount-ro 0 1
LABEL=old\t/var/lib/docker/  xfs  noatime 0 0
/dev/sdc1 /srv/my\\040data ext4 defaults 0 2
"""


@pytest.mark.parametrize(
    ("mount_point", "source"),
    [
        ("/var/lib/docker", "LABEL=old"),
        ("/srv/my data", "/dev/sdc1"),
        ("/srv", None),
        ("/", "UUID=0a3ec1cd-3ae2-4d09-b1a4-cde0bb7cd0d4"),
    ],
)
def test_fstab_says_what_is_mounted_where(mount_point: str, source: str | None) -> None:
    assert host_disk.fstab_source(FSTAB, mount_point) == source


def test_a_line_of_fstab_that_is_somebodys_is_refused() -> None:
    host_disk.require_fstab("/srv", FSTAB, set())
    host_disk.require_fstab("/var/lib/docker", FSTAB, {"LABEL=old"})
    with pytest.raises(ValueError, match=r"^/etc/fstab mounts LABEL=old at /var/lib/docker"):
        host_disk.require_fstab("/var/lib/docker", FSTAB, {"UUID=4a1ab3a0-9e0f-4d6c-93a1-1f0d3f7be1d4"})


def test_a_place_has_to_be_free(tmp_path: Path) -> None:
    host_disk.require_place(str(tmp_path / "absent"), MOUNTS)
    host_disk.require_place(str(tmp_path), MOUNTS)
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"is not empty, and a disk mounted there would hide"):
        host_disk.require_place(str(tmp_path), MOUNTS)
    with pytest.raises(ValueError, match=r"is no directory"):
        host_disk.require_place(str(tmp_path / "file"), MOUNTS)
    with pytest.raises(ValueError, match=r"Something else than this disk is mounted at /boot/efi"):
        host_disk.require_place("/boot/efi", MOUNTS)
