# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual hosts under QEMU: what selftests/lab/lab is made of."""

import os

# depmod and ip live where a user's PATH does not look
os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


class LabError(Exception):
    """Something that the user can understand and act on; one sentence."""
