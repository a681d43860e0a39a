# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from ansible_collections.katabench.scylla.plugins.plugin_utils.sandbox import (
    is_emulated,
    sandbox_in_words,
    sandbox_marks,
)
from ansible_collections.katabench.scylla.tests.unit.campaign_folder import sandbox

EMULATED = "): its figures say how it behaves, not what it costs"
UNKNOWN = "whether KVM or software emulation carried its virtual machines is not known"


@pytest.mark.parametrize(("accelerator", "emulated"), [("tcg", True), ("kvm", False), (None, False)])
def test_software_emulation_is_known_by_the_accelerator(accelerator, emulated):
    assert is_emulated(sandbox(accelerator)) is emulated


def test_a_plain_container_is_not_emulated():
    assert not is_emulated(None)
    assert sandbox_marks(None) == []


@pytest.mark.parametrize(
    ("seen", "marks"),
    [
        (sandbox("kvm"), []),
        (
            sandbox("tcg"),
            [f"ran under software emulation (QEMU emulator version 2.11.0 without KVM{EMULATED}"],
        ),
        ({"accelerator": "tcg", "hypervisor": None}, [f"ran under software emulation (without KVM{EMULATED}"]),
        (
            {"accelerator": "tcg", "hypervisor": {"path": "/opt/wrapper", "program": "/usr/bin/qemu", "version": None}},
            [f"ran under software emulation (/usr/bin/qemu without KVM{EMULATED}"],
        ),
        (sandbox(None), [UNKNOWN]),
    ],
)
def test_what_a_reader_has_to_know(seen, marks):
    assert sandbox_marks(seen) == marks


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (
            sandbox("kvm"),
            "Kata Containers 1.11.5 (go, developer_guide), QEMU emulator version 2.11.0, KVM, guest kernel 6.1.0-kata",
        ),
        (
            {"kata_version": "3.32.0", "accelerator": "tcg"},
            "Kata Containers 3.32.0, software emulation, without KVM",
        ),
        ({"accelerator": None}, "sandbox of unknown version, accelerator unknown"),
    ],
)
def test_a_sandbox_in_a_line(seen, words):
    assert sandbox_in_words(seen) == words
