# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Archives made here, good ones and those with every hostile member, checked and unpacked for real."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import tarfile
from pathlib import Path

import pytest

from ansible_collections.katabench.scylla.plugins.module_utils import kata_archive
from ansible_collections.katabench.scylla.plugins.module_utils.kata_archive import KataArchiveError

HOST = "x86_64"
COMPRESS = {"xz": ["xz", "-0"], "zstd": ["zstd", "-q"], "gzip": ["gzip"]}

# The first 20 bytes of ELF files: magic, class, byte order, …, type, and last the machine (elf(5)).
ELF_X86_64 = bytes.fromhex("7f454c46020101000000000000000000 0300 3e00")
ELF_AARCH64 = bytes.fromhex("7f454c46020101000000000000000000 0300 b700")
ELF_S390X = bytes.fromhex("7f454c46020201000000000000000000 0003 0016")
ELF_PPC64LE = bytes.fromhex("7f454c46020101000000000000000000 0300 1500")
ELF_RISCV = bytes.fromhex("7f454c46020101000000000000000000 0300 f300")


def member(name, content=b"", **fields):
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o644
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def directory(name, mode=0o755):
    return member(name, type=tarfile.DIRTYPE, mode=mode)


def link(name, target):
    return member(name, type=tarfile.SYMTYPE, linkname=target, mode=0o777)


def hard_link(name, target):
    return member(name, type=tarfile.LNKTYPE, linkname=target)


GOOD = [
    directory("./"),
    directory("./opt/"),
    directory("./opt/kata/", mode=0o700),
    directory("./opt/kata/bin/", mode=0o2775),
    member("./opt/kata/bin/kata-runtime", ELF_X86_64 + b" and more", mode=0o775, uid=1000, gid=1000, uname="builder"),
    member("./opt/kata/bin/kata-collect-data.sh", b"#!/bin/sh\n", mode=0o755),
    member("./opt/kata/share/kata-containers/kata-5.img", b"image" * 1000, mode=0o440),
    link("./opt/kata/share/kata-containers/kata-containers.img", "kata-5.img"),
    link("./opt/kata/share/kata-containers/absolute.img", "/opt/kata/share/kata-containers/kata-5.img"),
    link("./opt/kata/share/up", "../bin/../share/nothing-there"),
    hard_link("./opt/kata/share/same.img", "./opt/kata/share/kata-containers/kata-5.img"),
]


def tar(members) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


@pytest.fixture
def staging(tmp_path) -> Path:
    path = tmp_path / "staging"
    path.mkdir()
    return path


@pytest.fixture
def unpack(tmp_path, staging):
    """Compress, unpack and return where; a refusal must leave no tree."""

    def run(content: bytes, compressor: str = "zstd", machine: str = HOST) -> Path:
        packed = tmp_path / "archive"
        command = COMPRESS.get(compressor, ["cat"])
        packed.write_bytes(subprocess.run(command, input=content, capture_output=True, check=True).stdout)
        return unpack_file(packed, staging, machine)

    return run


def unpack_file(packed: Path, staging: Path, machine: str = HOST) -> Path:
    with packed.open("rb", buffering=0) as source:
        return Path(kata_archive.unpack(source, str(staging), machine))


@pytest.mark.parametrize("compressor", list(COMPRESS))
def test_a_release_is_unpacked_as_it_is_below_opt_kata(unpack, compressor):
    tree = unpack(tar(GOOD), compressor)
    images = tree / "share" / "kata-containers"
    assert sorted(str(path.relative_to(tree)) for path in tree.rglob("*")) == [
        "bin",
        "bin/kata-collect-data.sh",
        "bin/kata-runtime",
        "share",
        "share/kata-containers",
        "share/kata-containers/absolute.img",
        "share/kata-containers/kata-5.img",
        "share/kata-containers/kata-containers.img",
        "share/same.img",
        "share/up",
    ]
    assert (tree / "bin" / "kata-runtime").read_bytes() == ELF_X86_64 + b" and more"
    assert (images / "kata-containers.img").read_bytes() == b"image" * 1000
    assert (images / "absolute.img").readlink() == Path("/opt/kata/share/kata-containers/kata-5.img")
    assert (tree / "share" / "same.img").samefile(images / "kata-5.img")


def test_files_belong_to_who_unpacks_them_and_nobody_else_may_write(unpack):
    tree = unpack(tar(GOOD))
    modes = {path: path.lstat() for path in tree.rglob("*") if not path.is_symlink()}
    assert {status.st_uid for status in modes.values()} == {os.geteuid()}
    assert stat.S_IMODE(modes[tree / "bin"].st_mode) == 0o755
    assert stat.S_IMODE(modes[tree / "bin" / "kata-runtime"].st_mode) == 0o755
    assert stat.S_IMODE(modes[tree / "share" / "kata-containers" / "kata-5.img"].st_mode) == 0o440


def test_names_longer_than_a_header_holds_survive(unpack):
    path = "share/" + "/".join(["a-long-name" * 5] * 5)
    assert (unpack(tar([member(f"./opt/kata/{path}", b"long")])) / path).read_bytes() == b"long"


SECRET = member("opt/kata/secret", b"secret")
HOSTILE = {
    "elsewhere": ([member("./usr/bin/kata-agent")], "./usr/bin/kata-agent lies outside of opt/kata"),
    "beside": ([member("opt/kata-tools/x")], "opt/kata-tools/x lies outside of opt/kata"),
    "directory elsewhere": ([directory("./usr")], "./usr lies outside of opt/kata"),
    "a file for opt": ([member("opt")], "opt lies outside of opt/kata"),
    "a file for opt/kata": ([member("opt/kata")], "opt/kata lies outside of opt/kata"),
    "a link for opt/kata": ([link("./opt/kata", "/etc")], "./opt/kata lies outside of opt/kata"),
    "absolute": ([member("/opt/kata/x")], "/opt/kata/x lies outside of opt/kata"),
    "absolute directory": ([directory("/opt")], "/opt lies outside of opt/kata"),
    "climbing": ([member("opt/kata/../../etc/passwd")], "opt/kata/../../etc/passwd lies outside of opt/kata"),
    "climbing within": ([member("opt/kata/bin/../x")], "opt/kata/bin/../x lies outside of opt/kata"),
    "character device": ([member("opt/kata/null", type=tarfile.CHRTYPE)], "opt/kata/null is a device node"),
    "block device": ([member("opt/kata/sda", type=tarfile.BLKTYPE)], "opt/kata/sda is a device node"),
    "named pipe": ([member("opt/kata/pipe", type=tarfile.FIFOTYPE)], "opt/kata/pipe is a named pipe"),
    "unknown type": ([member("opt/kata/x", type=b"Z")], "opt/kata/x is of the type b'Z', which is not known"),
    "setuid": ([member("opt/kata/bin/su", mode=0o4755)], "opt/kata/bin/su is setuid or setgid"),
    "setgid": ([member("opt/kata/bin/sg", mode=0o2755)], "opt/kata/bin/sg is setuid or setgid"),
    "twice": ([SECRET, member("./opt/kata//secret", b"other")], "./opt/kata//secret is there twice"),
    "a file, then a directory": ([SECRET, directory("opt/kata/secret")], "opt/kata/secret is there twice"),
    "a link, then a file": ([link("opt/kata/x", "secret"), member("opt/kata/x")], "opt/kata/x is there twice"),
    "absolute link": ([link("opt/kata/x", "/etc/passwd")], "opt/kata/x is a link to /etc/passwd, which leaves"),
    "absolute link that climbs": ([link("opt/kata/x", "/opt/kata/../../etc")], "x is a link to /opt/kata/../../etc"),
    "absolute link beside": ([link("opt/kata/x", "/opt/kata2/x")], "x is a link to /opt/kata2/x, which leaves"),
    "relative link": ([link("opt/kata/bin/x", "../../../etc")], "bin/x is a link to ../../../etc, which leaves"),
    "link to opt": ([link("opt/kata/x", "..")], "opt/kata/x is a link to .., which leaves"),
    "link through a link": (
        [link("opt/kata/here", "."), link("opt/kata/x", "here/..")],
        "opt/kata/x is a link to here/.., which leaves",
    ),
    "link through a link to a deep place": (
        [directory("opt/kata/a/b"), link("opt/kata/up", "a/.."), link("opt/kata/a/b/x", "../../up/../etc")],
        "opt/kata/a/b/x is a link to ../../up/../etc, which leaves",
    ),
    "links in a circle": ([link("opt/kata/a", "b"), link("opt/kata/b", "a")], "opt/kata/a is a link to b"),
    "link to nothing": ([link("opt/kata/x", "")], "opt/kata/x is a link to nothing"),
    "member through a link": (
        [link("opt/kata/lib", "bin"), member("opt/kata/lib/x")],
        "opt/kata/lib/x lies below opt/kata/lib, which is no directory",
    ),
    "member through a link that comes later": (
        [member("opt/kata/lib/deep/x"), link("opt/kata/lib", "bin")],
        "opt/kata/lib/deep/x lies below opt/kata/lib, which is no directory",
    ),
    "member below a file": ([SECRET, member("opt/kata/secret/x")], "secret/x lies below opt/kata/secret, which is no"),
    "hard link elsewhere": (
        [hard_link("opt/kata/x", "/etc/passwd")],
        "x is a hard link to /etc/passwd, which is no file",
    ),
    "hard link that climbs": ([hard_link("opt/kata/x", "opt/kata/../../etc/passwd")], "opt/kata/x is a hard link to"),
    "hard link beside": ([SECRET, hard_link("opt/kata/x", "secret")], "opt/kata/x is a hard link to secret, which is"),
    "hard link to a link": (
        [link("opt/kata/a", "secret"), hard_link("opt/kata/x", "opt/kata/a")],
        "opt/kata/x is a hard link to opt/kata/a, which is no file of the archive",
    ),
    "hard link to itself": (
        [hard_link("opt/kata/x", "opt/kata/x")],
        "x is a hard link to opt/kata/x, which is no file",
    ),
    "no UTF-8": ([member("usr/\udcff")], r"usr/\udcff lies outside of opt/kata"),
}


@pytest.mark.parametrize(("members", "sentence"), HOSTILE.values(), ids=list(HOSTILE))
def test_a_hostile_member_is_refused_by_name_and_nothing_is_unpacked(unpack, staging, members, sentence):
    with pytest.raises(KataArchiveError) as refused:
        unpack(tar([*GOOD, *members]))
    assert sentence in str(refused.value)
    assert str(refused.value).endswith("nothing was unpacked. Take another archive.")
    assert not (staging / "tree").exists()


def test_a_name_with_a_nul_is_refused(unpack):
    info, _content = member("opt/kata/x")
    info.pax_headers = {"path": "opt/kata/x\0y"}
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info)
    with pytest.raises(KataArchiveError, match="has a NUL in its name"):
        unpack(stream.getvalue())


@pytest.mark.parametrize(
    ("header", "machine"),
    [
        (ELF_X86_64, "x86_64"),
        (ELF_AARCH64, "aarch64"),
        (ELF_S390X, "s390x"),
        (ELF_PPC64LE, "ppc64le"),
        (ELF_RISCV, "machine 243 of ELF"),
        (b"#!/bin/sh\necho a script\n", None),
        (ELF_X86_64[:18], None),
        (b"", None),
    ],
)
def test_a_binary_says_for_which_machine_it_is(header, machine):
    assert kata_archive.elf_machine(header) == machine


@pytest.mark.parametrize("place", ["bin/qemu-system-aarch64", "runtime-rs/bin/containerd-shim-kata-v2"])
def test_binaries_of_another_architecture_are_refused(unpack, staging, place):
    with pytest.raises(KataArchiveError, match=rf"opt/kata/{place} is a binary for aarch64, and the host is x86_64"):
        unpack(tar([member(f"opt/kata/{place}", ELF_AARCH64)]))
    assert not (staging / "tree").exists()


def test_a_guest_s_binary_may_be_for_another_machine(unpack):
    unpack(tar([member("opt/kata/share/firmware", ELF_RISCV), member("opt/kata/bin/kata-runtime", ELF_X86_64)]))


@pytest.mark.parametrize("members", [[], [directory("./opt/kata")], [directory("opt/kata/bin")]])
def test_an_archive_without_a_file_is_refused(unpack, members):
    with pytest.raises(KataArchiveError, match="holds no file below opt/kata: it is no release archive"):
        unpack(tar(members))


@pytest.mark.parametrize("compressor", list(COMPRESS))
def test_a_truncated_archive_is_refused(unpack, tmp_path, compressor):
    unpack(tar([*GOOD, member("opt/kata/noise", os.urandom(200_000))]), compressor)
    whole = (tmp_path / "archive").read_bytes()
    half, other = tmp_path / "half", tmp_path / "other"
    half.write_bytes(whole[: len(whole) // 2])
    other.mkdir()
    with pytest.raises(KataArchiveError, match=r"half is damaged or incomplete \(.*\): fetch it again"):
        unpack_file(half, other)
    assert not (other / "tree").exists()


@pytest.mark.parametrize("cut", [512 * 3, 512 * 3 + 100], ids=["between members", "in a header"])
def test_a_tar_archive_that_does_not_end_as_one_is_refused(unpack, cut):
    with pytest.raises(KataArchiveError, match="is damaged or incomplete"):
        unpack(tar([directory("opt"), directory("opt/kata"), directory("opt/kata/bin"), *GOOD[4:]])[:cut])


def test_a_broken_header_is_not_taken_for_the_end(unpack):
    content = bytearray(tar([directory("opt"), member("opt/kata/a", b"a"), member("opt/kata/b", b"b")]))
    content[512 * 3] ^= 0xFF  # in the name of the third member
    with pytest.raises(KataArchiveError, match=r"is damaged or incomplete \(tar: bad checksum\)"):
        unpack(bytes(content))


def test_what_is_no_archive_is_refused_with_how_it_begins(unpack):
    with pytest.raises(KataArchiveError, match=r"compressed with neither xz, zstd nor gzip; it begins with b'<html>'"):
        unpack(b"<html><title>Not Found</title>", compressor="none")


def test_a_program_that_is_missing_is_named_with_its_package(unpack, monkeypatch):
    monkeypatch.setattr(kata_archive.shutil, "which", lambda _program: None)
    with pytest.raises(
        KataArchiveError, match="is compressed with xz, and the host has no program xz: install the package xz-utils"
    ):
        unpack(tar(GOOD), "xz")


def test_a_checksum_is_that_of_the_file_which_is_read(tmp_path):
    path = tmp_path / "archive"
    path.write_bytes(b"abc")
    # FIPS 180-2, appendix B.1
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    with kata_archive.open_verified(str(path), abc) as source:
        assert source.read() == b"abc"
    with (
        pytest.raises(
            KataArchiveError, match=rf"has the SHA-256 {abc}, expected was {'0' * 64}: the file is incomplete"
        ),
        kata_archive.open_verified(str(path), "0" * 64),
    ):
        pytest.fail("a wrong file was opened")
