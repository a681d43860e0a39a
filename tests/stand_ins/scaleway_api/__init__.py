# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""A stand-in of Scaleway's API, of its forms and of how its servers come and go. No server is ever rented here.

The real SDK talks to it over loopback. Forms: scaleway.baremetal.v1, scaleway.instance.v1 and scaleway.iam.v1alpha1.
"""

from __future__ import annotations

from .account import PROJECT, SECRET_KEY, Account
from .server import StandInApi

ACCESS_KEY = "SCWSTANDINKEY0000000"

__all__ = ["ACCESS_KEY", "PROJECT", "SECRET_KEY", "Account", "StandInApi"]
