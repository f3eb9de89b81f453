# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests of a few bytes for ssi-vmm, on this machine's own /dev/kvm.

A software KVM that cannot boot Linux runs these. The code is 64-bit and starts
at 1 MiB + 512 bytes, as a Linux kernel does.
"""

import ctypes
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent.parent
VMM = TREE / "build/bin/ssi-vmm"
SKIP = 4
PR_SET_PDEATHSIG = 1

# mov dx, 0x604; mov ax, 0x3400; out dx, ax; hlt; jmp to the hlt
POWER_OFF = bytes.fromhex("66ba0406 66b80034 66ef f4 ebfd")
# mov dx, 0x3f8; mov al, 'x'; out dx, al; jmp to the out
FLOOD = bytes.fromhex("66baf803 b078 ee ebfd")
# rdtsc; shl rdx, 32; or rax, rdx; mov rbx, rax; mov ecx, 8; mov dx, 0x3f8;
# mov al, bl; out dx, al; shr rbx, 8; dec ecx; jnz to the mov; jmp to the rdtsc
CLOCK = bytes.fromhex("0f31 48c1e220 4809d0 4889c3 b908000000 66baf803"
                      "88d8 ee 48c1eb08 ffc9 75f5 ebde")
# cli; hlt; jmp to the hlt
SLEEP = bytes.fromhex("fa f4 ebfd")


def need_kvm():
    """Skip the whole test where there is no KVM."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        print("TAP version 13\n1..0 # SKIP /dev/kvm is missing")
        sys.exit(SKIP)
    if not VMM.exists():
        print("TAP version 13\n1..0 # SKIP ssi-vmm is not built; run make programs")
        sys.exit(SKIP)


def kernel(path, code):
    """Write a bzImage that runs code (Linux' Documentation/arch/x86/boot.rst)."""
    payload = bytes(0x200) + code
    payload += bytes(-len(payload) % 16)
    head = bytearray(0x400)
    head[0x1f1] = 1                                     # sectors of setup
    struct.pack_into("<I", head, 0x1f4, len(payload) // 16)
    struct.pack_into("<H2s4sH", head, 0x1fe, 0xaa55, b"\xeb\x6a", b"HdrS", 0x20c)
    head[0x211] = 1                                     # loaded high
    struct.pack_into("<I", head, 0x214, 0x100000)
    struct.pack_into("<II", head, 0x22c, 0x7fffffff, 0x200000)
    head[0x235] = 21                                    # alignment, a shift
    struct.pack_into("<HI", head, 0x236, 1, 0xffff)     # 64-bit entry
    struct.pack_into("<QI", head, 0x258, 0x100000, 0x400000)
    Path(path).write_bytes(bytes(head) + payload)
    return str(path)


def child_ends_with_test(then=lambda: None):
    """What a child begins with, so that the kernel kills it when the test ends.

    A test that is killed, or ends by an exception, has no time to do it. The
    processes that ssi-vmm starts end with ssi-vmm in the same way.
    """
    test = os.getpid()
    prctl = ctypes.CDLL(None).prctl

    def begin():
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != test:
            os._exit(1)
        then()
    return begin


def vmm(*words, begin=lambda: None, **how):
    """Start ssi-vmm, which ends with the test; begin() is called in the child."""
    return subprocess.Popen([str(VMM), *map(str, words)],
                            preexec_fn=child_ends_with_test(begin), **how)


def guest_pid(process):
    """The process id of the guest's process that ssi-vmm has started."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, rest = stat.read_text().split("(", 1)[1].rsplit(")", 1)
        except OSError:         # it has ended
            continue
        if name == "ssi-guest" and int(rest.split()[1]) == process.pid:
            return int(stat.parent.name)
    return None


class Results:
    """KTAP: a plan, results, an exit code."""

    def __init__(self, plan):
        self.failed = 0
        self.number = 0
        print(f"TAP version 13\n1..{plan}", flush=True)

    def ok(self, good, name):
        self.number += 1
        self.failed += not good
        print(f"{'' if good else 'not '}ok {self.number} {name}", flush=True)

    def end(self):
        sys.exit(1 if self.failed else 0)
