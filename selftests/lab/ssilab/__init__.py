# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual hosts under QEMU: the modules of selftests/lab/lab."""

import os

# depmod and ip are in folders that a user's PATH does not have
os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


class LabError(Exception):
    """An error for the user: one sentence that says what to do."""
