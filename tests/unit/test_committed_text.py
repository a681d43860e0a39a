# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What is committed is true in every clone: it names nobody's directories."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

CLONE = Path(__file__).parents[2]

# A person's home, or this very clone. Root's home is the same on every host that the roles set up.
PERSONAL = re.compile(rf"/(?:home|Users)/\w+|{re.escape(str(CLONE))}/".encode())


def test_no_home_paths() -> None:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=CLONE, capture_output=True, check=True).stdout.split(b"\0")
    files = [CLONE / name.decode() for name in names if name]
    found = [
        f"{path.relative_to(CLONE)}:{number}: {match[0].decode()}"
        for path in files
        if path.is_file()
        for number, line in enumerate(path.read_bytes().splitlines(), start=1)
        if (match := PERSONAL.search(line))
    ]
    assert files
    assert found == []
