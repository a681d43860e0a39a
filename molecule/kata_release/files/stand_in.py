#!/usr/bin/env python3
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Makes archives that stand in for releases of Kata: the same names and places, and no virtual machine.

    stand_in.py DIRECTORY

The runtime of 1.x hands everything to runc. Beside the archives sha256.json has their checksums by name. One archive is
like the real one of 3.11.0, which has a member outside of opt/kata.
"""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

CONFIGURATION = """\
# A stand-in's configuration, with keys of the real one.
[hypervisor.qemu]
path = "/opt/kata/bin/qemu-system-x86_64"
kernel = "/opt/kata/share/kata-containers/vmlinuz.container"
image = "/opt/kata/share/kata-containers/kata-containers.img"
machine_type = "pc"
default_vcpus = 1
default_memory = 2048
enable_iothreads = false

[agent.kata]

[runtime]
internetworking_model = "tcfilter"
"""
RUNTIME = """\
#!/bin/sh
# A stand-in for kata-runtime: it is no virtual machine, runc does the work.
case " $* " in
*" --version "*) echo "kata-runtime  : {version}"; exit ;;
*" kata-env "*) echo '{{"Runtime": {{"Version": {{"Semver": "{version}"}}}}}}'; exit ;;
esac
[ "$1" = --kata-config ] && shift 2
exec runc "$@"
"""
SHIM = """\
#!/bin/sh
echo "Kata Containers containerd shim (Golang): id: \\"io.containerd.kata.v2\\", version: {version}, commit: stand-in"
"""
QEMU = """\
#!/bin/sh
echo "QEMU emulator version 5.0.0 (stand-in)"
"""
FILES = {
    "bin/kata-runtime": RUNTIME,
    "bin/containerd-shim-kata-v2": SHIM,
    "bin/qemu-system-x86_64": QEMU,
    "share/defaults/kata-containers/configuration-qemu.toml": CONFIGURATION,
    "share/kata-containers/vmlinuz-stand-in": "",
    "share/kata-containers/kata-stand-in.img": "",
}
LINKS = {
    "share/defaults/kata-containers/configuration.toml": "configuration-qemu.toml",
    "share/kata-containers/vmlinuz.container": "vmlinuz-stand-in",
    "share/kata-containers/kata-containers.img": "/opt/kata/share/kata-containers/kata-stand-in.img",
}
ARCHIVES = {
    "1.11.4": "kata-static-1.11.4-x86_64.tar.xz",
    "1.11.5": "kata-static-1.11.5-x86_64.tar.xz",
    "3.11.0": "kata-static-3.11.0-amd64.tar.xz",
    "3.32.0": "kata-static-3.32.0-amd64.tar.zst",
}
STRANGE = {"3.11.0": "./usr/bin/kata-agent"}
COMPRESS = {".xz": ["xz"], ".zst": ["zstd", "-q"]}


def tar(version: str) -> bytes:
    """Make the archive of a version, not yet compressed."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, text in FILES.items():
            content = text.format(version=version).encode() if name.startswith("bin/") else text.encode()
            add(archive, f"./opt/kata/{name}", content)
        for name, target in LINKS.items():
            info = tarfile.TarInfo(f"./opt/kata/{name}")
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
        if version in STRANGE:
            add(archive, STRANGE[version], b"")
    return stream.getvalue()


def add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    """Add a file that root may run."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o755
    archive.addfile(info, io.BytesIO(content))


def main(directory: Path) -> None:
    """Write the archives and their checksums."""
    directory.mkdir(parents=True, exist_ok=True)
    sums = {}
    for version, name in ARCHIVES.items():
        command = COMPRESS[Path(name).suffix]
        content = subprocess.run(command, input=tar(version), stdout=subprocess.PIPE, check=True).stdout
        (directory / name).write_bytes(content)
        sums[name] = hashlib.sha256(content).hexdigest()
    (directory / "sha256.json").write_text(json.dumps(sums))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
