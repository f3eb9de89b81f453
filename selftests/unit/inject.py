# SPDX-License-Identifier: GPL-2.0-or-later
"""System calls that a thread of another process makes against its will (ptrace).

x86-64. A thread that is in a system call, as one that waits is, has the instruction for
another one before its instruction pointer. Any other thread goes on to its next call.
"""

import ctypes
import os
import signal

PEEKDATA, POKEDATA, SINGLESTEP, GETREGS, SETREGS = 2, 5, 9, 12, 13
ATTACH, DETACH, SYSCALL = 16, 17, 24
INSTRUCTION = 0x050f
NO_CALL = 2**64 - 1
WALL = 0x40000000
AT_FDCWD = -100
CALLS = {"execve": 59, "openat": 257, "fallocate": 285}
# struct user_regs_struct
NAMES = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs "
         "eflags rsp ss fs_base gs_base ds es fs gs").split()
RED_ZONE = 4096     # below the stack pointer: nothing of the thread is there


class Registers(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulonglong) for name in NAMES]


libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p,
                        ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request, thread, address=None, data=None):
    if libc.ptrace(request, thread, address, data) < 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request}")


def poke(thread, address, text):
    data = text.encode() + b"\0"
    data += bytes(-len(data) % 8)
    for at in range(0, len(data), 8):
        ptrace(POKEDATA, thread, address + at,
               int.from_bytes(data[at:at + 8], "little"))


def step(thread, before, number, address):
    """Make the call; its result, or None if the thread has been killed for it."""
    registers = Registers.from_buffer_copy(before)
    registers.rip -= 2
    registers.orig_rax = NO_CALL        # do not repeat the call it was in
    registers.rax = number
    registers.rdi = AT_FDCWD % 2**64
    registers.rsi = address
    registers.rdx = registers.r10 = 0
    ptrace(SETREGS, thread, None, ctypes.addressof(registers))
    ptrace(SINGLESTEP, thread)
    status = os.waitpid(thread, WALL)[1]
    if not os.WIFSTOPPED(status) or os.WSTOPSIG(status) == signal.SIGSYS:
        return None
    ptrace(GETREGS, thread, None, ctypes.addressof(registers))
    return ctypes.c_longlong(registers.rax).value


def read_registers(thread):
    registers = Registers()
    ptrace(GETREGS, thread, None, ctypes.addressof(registers))
    return registers


def is_in_call(thread, registers):
    return libc.ptrace(PEEKDATA, thread, registers.rip - 2, None) & 0xffff == INSTRUCTION


def skip_next_call(thread):
    """Go on to the next call, and past it; the registers with which it is repeated."""
    ptrace(SYSCALL, thread)
    os.waitpid(thread, WALL)
    registers = read_registers(thread)
    again = Registers.from_buffer_copy(registers)
    again.rip -= 2
    again.rax = registers.orig_rax
    again.orig_rax = NO_CALL
    registers.orig_rax = NO_CALL
    ptrace(SETREGS, thread, None, ctypes.addressof(registers))
    ptrace(SYSCALL, thread)
    os.waitpid(thread, WALL)
    return again


def call(thread, name, text=""):
    """Have the thread make a call with AT_FDCWD, a text, 0 and 0, and go on."""
    ptrace(ATTACH, thread)
    os.waitpid(thread, WALL)
    before = registers = read_registers(thread)
    if not is_in_call(thread, registers):
        registers = skip_next_call(thread)
        before = read_registers(thread)
    address = registers.rsp - RED_ZONE & -8
    poke(thread, address, text)
    result = step(thread, before, CALLS[name], address)
    if result is not None:
        ptrace(SETREGS, thread, None, ctypes.addressof(registers))
        ptrace(DETACH, thread)
    return result
