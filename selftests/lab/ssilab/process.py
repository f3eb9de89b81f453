# SPDX-License-Identifier: GPL-2.0-or-later
"""Child processes that end when their parent ends, for whatever reason."""

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent):
    """Called in a child: the kernel kills it when process parent ends."""
    os.setpgid(0, 0)        # Ctrl-C reaches the runner alone, which ends us
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
