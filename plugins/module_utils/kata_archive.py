# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Checks and unpacks a release archive of Kata Containers, whose members all lie below ``opt/kata``.

The archive is read once. While it is read, the bytes of its files are set aside under numbers, in a directory that
nobody else can enter; names, links and modes are only noted. When every member has been vetted, the files get their
names by rename. So nothing that an archive says is acted upon before all that it says is known, and a large archive is
neither decompressed nor written twice.

Formats: tar(5) as Python's tarfile reads it; the magic numbers of xz, zstd and gzip; the header of ELF files, elf(5).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import struct
import subprocess
import tarfile
import tempfile

_ROOT = ["opt", "kata"]
_CHUNK_BYTES = 1 << 20
_MODE = 0o755  # others than root may write nothing of what root will run
_MOST_LINKS = 40  # that the kernel follows, path_resolution(7)

# What decompresses, by the first bytes of the file, with its package in Debian. Python reads no zstd before 3.14, and
# beside a program of its own both cores of a small host work.
_PROGRAMS = {b"\xfd7zXZ\x00": ("xz", "xz-utils"), b"\x28\xb5\x2f\xfd": ("zstd", "zstd"), b"\x1f\x8b": ("gzip", "gzip")}

_BINARY_DIRS = ("bin", "runtime-rs/bin")
_ELF_MACHINES = {62: "x86_64", 183: "aarch64", 22: "s390x", 21: "ppc64le"}
_ELF_HEADER_BYTES = 20
_ELF_BIG_ENDIAN = 2

_REFUSED_TYPES = {
    tarfile.CHRTYPE: "a device node",
    tarfile.BLKTYPE: "a device node",
    tarfile.FIFOTYPE: "a named pipe",
}


class KataArchiveError(Exception):
    """An archive that is not to be unpacked; the message says which, what is wrong and what to do."""


class _StrictTarInfo(tarfile.TarInfo):
    """A member of an archive that ends with a block of zeros, as tar(5) wants it.

    By itself tarfile takes whatever it cannot read for the end, once it has read one member.
    """

    @classmethod
    def fromtarfile(cls, tarfile_):  # pylint: disable=arguments-renamed  # the base's name is the module's here
        try:
            return super().fromtarfile(tarfile_)
        except tarfile.EOFHeaderError:
            raise
        except (tarfile.HeaderError, ValueError) as error:
            raise tarfile.ReadError(str(error)) from error


@contextlib.contextmanager
def open_verified(path, sha256):
    """Open a file whose SHA-256 is as given; the file that is read is the one that was checked."""
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as source:  # a program is going to read on from the same descriptor
        while chunk := source.read(_CHUNK_BYTES):
            digest.update(chunk)
        if digest.hexdigest() != sha256:
            raise KataArchiveError(
                f"{path} has the SHA-256 {digest.hexdigest()}, expected was {sha256}: the file is incomplete "
                "or another one, or the number belongs to another file. Fetch it again, or compare the number with the "
                "release page's."
            )
        source.seek(0)
        yield source


def unpack(source, staging, machine):
    """Unpack what an archive has below ``opt/kata`` to a directory in `staging`; return its path.

    `source` is an open file, `staging` an empty directory of one's own, `machine` the host's architecture as
    ``os.uname()`` names it. Raises KataArchiveError, OSError when the disk is full.
    """
    bytes_dir, tree = os.path.join(staging, "bytes"), os.path.join(staging, "tree")
    os.mkdir(bytes_dir, 0o700)
    with _decompressed(source) as stream:
        members = _set_aside(stream, bytes_dir)
    if not any(member.isreg() for member in members.values()):
        raise KataArchiveError(f"{source.name} holds no file below opt/kata: it is no release archive of Kata.")
    check_tree(members)
    _check_machine(members, bytes_dir, machine)
    _build(members, bytes_dir, tree)
    return tree


def check_member(info):
    """Return the path below ``opt/kata`` of one member, or None for the directories above it.

    Raises KataArchiveError for what cannot be right whatever else the archive holds.
    """
    if "\0" in info.name + info.linkname:
        raise _refusal(info.name, "has a NUL in its name")
    if info.type in _REFUSED_TYPES:
        raise _refusal(info.name, f"is {_REFUSED_TYPES[info.type]}")
    if not (info.isreg() or info.isdir() or info.issym() or info.islnk()):
        raise _refusal(info.name, f"is of the type {info.type!r}, which is not known")
    if info.isdir() and _parts(info.name) == _ROOT[: len(_parts(info.name))] and not info.name.startswith("/"):
        return None
    path = _below_root(info.name)
    if not path:
        raise _refusal(info.name, "lies outside of opt/kata")
    if info.issym() and not info.linkname:
        raise _refusal(info.name, "is a link to nothing")
    if not info.isdir() and not info.issym() and info.mode & (stat.S_ISUID | stat.S_ISGID):
        raise _refusal(info.name, "is setuid or setgid, which no part of Kata needs to be")
    return path


def _parts(name):
    return [part for part in name.split("/") if part not in ("", ".")]


def _below_root(name):
    """Return the path below opt/kata of a name in the archive; None for one that does not lie there plainly."""
    parts = _parts(name)
    if name.startswith("/") or ".." in parts or parts[:2] != _ROOT:
        return None
    return "/".join(parts[2:])


def check_tree(members):
    """Judge the members together: what lies below what, and where links lead.

    `members` is {path below opt/kata: TarInfo}. Raises KataArchiveError, which names the member.
    """
    links = {path: member.linkname for path, member in members.items() if member.issym()}
    for path, member in members.items():
        parent = os.path.dirname(path)
        while parent:
            if parent in members and not members[parent].isdir():
                raise _refusal(member.name, f"lies below opt/kata/{parent}, which is no directory")
            parent = os.path.dirname(parent)
        if member.issym() and not _stays_inside(path, links):
            raise _refusal(member.name, f"is a link to {member.linkname}, which leaves opt/kata or leads in a circle")
        if member.islnk():
            target = members.get(_below_root(member.linkname))
            if target is None or not target.isreg():
                raise _refusal(member.name, f"is a hard link to {member.linkname}, which is no file of the archive")


def _stays_inside(path, links):
    """Follow a path as the kernel would, through the archive's own links; say whether it ends, and never leaves."""
    place, ahead, followed = [], path.split("/"), 0
    while ahead and followed <= _MOST_LINKS:
        part = ahead.pop(0)
        target = links.get("/".join([*place, part]))
        if part == ".." and not place:
            return False
        if part == "..":
            place.pop()
        elif target is None:
            place += _parts(part)
        elif target.startswith("/"):
            if _parts(target)[:2] != _ROOT:
                return False
            place, ahead, followed = [], _parts(target)[2:] + ahead, followed + 1
        else:
            ahead, followed = target.split("/") + ahead, followed + 1
    return not ahead


@contextlib.contextmanager
def _decompressed(source):
    """Give a stream of what a compressed file holds; a damaged file is told when the stream is closed, or before."""
    magic = source.read(max(map(len, _PROGRAMS)))
    source.seek(0)
    program, package = next((found for start, found in _PROGRAMS.items() if magic.startswith(start)), (None, None))
    if program is None:
        raise KataArchiveError(f"{source.name} is compressed with neither xz, zstd nor gzip; it begins with {magic!r}.")
    if shutil.which(program) is None:
        raise KataArchiveError(
            f"{source.name} is compressed with {program}, and the host has no program {program}: install the package "
            f"{package}."
        )
    with tempfile.TemporaryFile() as complaints, _start(program, source, complaints) as process:
        damage = None
        try:
            yield process.stdout
            while process.stdout.read(_CHUNK_BYTES):  # what follows the end of the tar archive
                pass
        except tarfile.TarError as error:
            damage = f"tar: {error}"
        process.stdout.close()
        if process.wait() != 0 and (damage is None or process.returncode > 0):
            complaints.seek(0)
            damage = complaints.read().decode(errors="replace").strip() or f"{program} ended with {process.returncode}"
        if damage:
            raise KataArchiveError(f"{source.name} is damaged or incomplete ({damage}): fetch it again.")


def _start(program, source, complaints):
    command = [program, "--decompress", "--stdout", "--quiet"]
    return subprocess.Popen(command, stdin=source, stdout=subprocess.PIPE, stderr=complaints)


def _set_aside(stream, bytes_dir):
    """Vet each member and keep the bytes of files under numbers; return {path below opt/kata: TarInfo}."""
    members = {}
    with tarfile.open(fileobj=stream, mode="r|", bufsize=_CHUNK_BYTES, tarinfo=_StrictTarInfo) as archive:
        for info in archive:
            path = check_member(info)
            if path is None:
                continue
            if path in members and not (members[path].isdir() and info.isdir()):
                raise _refusal(info.name, "is there twice")
            members[path] = info
            if info.isreg():
                with open(_numbered(bytes_dir, info), "xb") as target:
                    shutil.copyfileobj(archive.extractfile(info), target, _CHUNK_BYTES)
    return members


def _numbered(bytes_dir, member):
    return os.path.join(bytes_dir, str(member.offset))


def _check_machine(members, bytes_dir, machine):
    """Refuse binaries of another architecture than the host's."""
    for path, member in members.items():
        if not member.isreg() or os.path.dirname(path) not in _BINARY_DIRS:
            continue
        with open(_numbered(bytes_dir, member), "rb") as binary:
            found = elf_machine(binary.read(_ELF_HEADER_BYTES))
        if found not in (None, machine):
            raise _refusal(member.name, f"is a binary for {found}, and the host is {machine}")


def elf_machine(header):
    """Return the architecture that an ELF header names, as uname does; None for what is no ELF file."""
    if len(header) < _ELF_HEADER_BYTES or not header.startswith(b"\x7fELF"):
        return None
    order = ">" if header[5] == _ELF_BIG_ENDIAN else "<"
    number = struct.unpack_from(order + "H", header, 18)[0]
    return _ELF_MACHINES.get(number, f"machine {number} of ELF")


def _build(members, bytes_dir, tree):
    """Give vetted members their names; links come last, so that nothing is ever made through one."""
    os.mkdir(tree)
    for path, member in members.items():
        place = os.path.join(tree, path)
        if member.isdir():
            os.makedirs(place, exist_ok=True)
            os.chmod(place, member.mode & _MODE | stat.S_IRWXU)
        elif member.isreg():
            os.makedirs(os.path.dirname(place), exist_ok=True)
            os.rename(_numbered(bytes_dir, member), place)
            os.chmod(place, member.mode & _MODE)
    for path, member in members.items():
        if member.issym() or member.islnk():
            os.makedirs(os.path.dirname(os.path.join(tree, path)), exist_ok=True)
        if member.islnk():
            os.link(os.path.join(tree, _below_root(member.linkname)), os.path.join(tree, path))
        elif member.issym():
            os.symlink(member.linkname, os.path.join(tree, path))


def _refusal(name, reason):
    shown = name.encode(errors="backslashreplace").decode()
    return KataArchiveError(f"The archive's member {shown} {reason}: nothing was unpacked. Take another archive.")
