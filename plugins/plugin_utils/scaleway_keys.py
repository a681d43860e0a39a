# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Public SSH keys, as files hold them and as a Scaleway account knows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .scaleway_orders import OrderError

if TYPE_CHECKING:
    from scaleway.iam.v1alpha1 import SSHKey

KINDS = ("ssh-ed25519", "ssh-rsa", "ssh-dss", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")


@dataclass(frozen=True)
class PublicKey:
    """A public key: what it is, without its comment, and the comment."""

    key: str
    comment: str

    def name(self, tag: str) -> str:
        """Return the name under which the account comes to know it."""
        return f"{tag} {self.comment or self.key[-12:]}"


def public_key(text: str, where: str) -> PublicKey:
    """Read one line. Raises OrderError, which never repeats what it has read: it may be the private one."""
    words = text.split(maxsplit=2)
    if "PRIVATE KEY" in text:
        raise OrderError(f"{where} is a private key, which stays here: name the public one, whose file ends in .pub.")
    if len(words) < 2 or words[0] not in KINDS:
        raise OrderError(f"{where} is no public SSH key that Scaleway takes: it begins with one of {', '.join(KINDS)}.")
    return PublicKey(" ".join(words[:2]), words[2].strip() if len(words) > 2 else "")


def public_keys(texts: Sequence[str], path: str | None) -> list[PublicKey]:
    """Read the keys that are given, and those in a file. Raises OrderError when there is none."""
    keys = [public_key(text, f"Number {number} of ssh_keys") for number, text in enumerate(texts, start=1)]
    if path:
        try:
            lines = Path(path).expanduser().read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise OrderError(
                f"The public SSH key {path} cannot be read ({getattr(error, 'strerror', None) or 'no text'}): make one "
                "with ssh-keygen -t ed25519, or name another in ssh_key_file (scaleway_ssh_key_file in the playbook)."
            ) from error
        keys += [public_key(line, path) for line in lines if line.strip() and not line.startswith("#")]
    if not keys:
        raise OrderError("No SSH key is given, so nobody could enter the servers: set ssh_key_file or ssh_keys.")
    return list(dict.fromkeys(keys))


def known_ids(keys: Iterable[PublicKey], known: Iterable[SSHKey]) -> dict[PublicKey, str | None]:
    """Return the account's id of each key; None where it has none. Raises OrderError for a key that is disabled."""
    by_key = {" ".join(key.public_key.split()[:2]): key for key in known}
    ids: dict[PublicKey, str | None] = {}
    for key in keys:
        found = by_key.get(key.key)
        if found and found.disabled:
            raise OrderError(f"The SSH key '{found.name}' is disabled in the account: enable it, or give another one.")
        ids[key] = found.id if found else None
    return ids
