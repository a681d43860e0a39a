# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""What /dev/kvm does when it is asked (Linux, Documentation/virt/kvm/api.rst and linux/kvm.h)."""

from __future__ import annotations

import fcntl
import os

KVM_GET_API_VERSION = 0xAE00
KVM_CREATE_VM = 0xAE01


def probe_kvm(path="/dev/kvm"):
    """Make an empty virtual machine and drop it: {exists, opens, api_version, creates_vm, error}.

    A device node alone may stand in a container without KVM behind it. ``error`` is what the system said at the first
    step that failed, else None.
    """
    seen = {"exists": os.path.exists(path), "opens": False, "api_version": None, "creates_vm": False, "error": None}
    try:
        device = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        return dict(seen, error=error.strerror)
    try:
        seen["opens"] = True
        seen["api_version"] = fcntl.ioctl(device, KVM_GET_API_VERSION, 0)
        os.close(fcntl.ioctl(device, KVM_CREATE_VM, 0))
        return dict(seen, creates_vm=True)
    except OSError as error:
        return dict(seen, error=error.strerror)
    finally:
        os.close(device)
