# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What an arm ran in (`sandbox` of schemas/record.json), and what that means for its figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ACCELERATORS = {"kvm": "KVM", "tcg": "software emulation, without KVM"}


def is_emulated(sandbox: Mapping[str, Any] | None) -> bool:
    """Say whether a virtual machine's processor was emulated by software (QEMU's TCG), at a fraction of its speed."""
    return sandbox is not None and sandbox["accelerator"] == "tcg"


def sandbox_marks(sandbox: Mapping[str, Any] | None) -> list[str]:
    """Return sentences on what a reader has to know of a cell that ran in this sandbox."""
    if is_emulated(sandbox):
        program = f"{_hypervisor(sandbox)} " if _hypervisor(sandbox) else ""
        return [
            f"ran under software emulation ({program}without KVM): its figures say how it behaves, not what it costs"
        ]
    if sandbox and sandbox["accelerator"] is None:
        return ["whether KVM or software emulation carried its virtual machines is not known"]
    return []


def sandbox_in_words(sandbox: Mapping[str, Any]) -> str:
    """Return a sandbox in a line: Kata, hypervisor, accelerator and guest kernel, as far as known."""
    built = ", ".join(str(sandbox[key]) for key in ("implementation", "install_method") if sandbox.get(key))
    kata = f"Kata Containers {sandbox['kata_version']}" if sandbox.get("kata_version") else "sandbox of unknown version"
    kernel = sandbox.get("guest_kernel")
    parts = [
        f"{kata} ({built})" if built else kata,
        _hypervisor(sandbox),
        _ACCELERATORS.get(sandbox["accelerator"] or "", "accelerator unknown"),
        f"guest kernel {kernel}" if kernel else None,
    ]
    return ", ".join(part for part in parts if part)


def _hypervisor(sandbox: Mapping[str, Any] | None) -> str | None:
    hypervisor = (sandbox or {}).get("hypervisor") or {}
    return hypervisor.get("version") or hypervisor.get("program") or hypervisor.get("path")
