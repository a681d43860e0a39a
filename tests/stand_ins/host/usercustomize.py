# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""On a stand-in host nobody waits: every Python program there reads this, and sleeps 10 ms at most."""

import time

_sleep = time.sleep
time.sleep = lambda seconds: _sleep(min(seconds, 0.01))
