# SPDX-License-Identifier: GPL-2.0-or-later
"""Children that cannot outlive us, whatever ends us."""

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent):
    """Called in a child: be killed when the process called parent ends."""
    os.setpgid(0, 0)        # Ctrl-C reaches the runner alone, which ends us
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
