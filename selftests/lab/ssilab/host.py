# SPDX-License-Identifier: GPL-2.0-or-later
"""One virtual host: its QEMU, its console and its ports."""

import functools
import os
import re
import socket
import subprocess
import time
from pathlib import Path

from . import LabError
from .kernels import BUILT, cache_dir
from .process import die_with_parent
from . import switch

# a host whose kernel prints one of these has failed, whatever the scenario's result
TROUBLE = re.compile(
    r"Kernel panic|\bOops\b|\bBUG: |general protection fault|"
    r"WARNING: (CPU|possible|suspicious|inconsistent|bad|held|lock|[Nn]ested|chain)|"
    r"UBSAN: |ODEBUG: |DMA-API: |memory leaks: |"
    r"blocked for more than \d+ seconds|detected stalls|"
    r"refcount_t: |list_(add|del) corruption|Bad page state")

# no_timer_check: the kernel tests at boot whether the timer ticks, for 10 ms each way
# in which it may be connected. An emulator on a machine with other work may be late.
KERNEL_ARGS = ("console=ttyS0 loglevel=6 panic=-1 oops=panic tsc=reliable no_timer_check "
               "mitigations=off audit=0 watchdog_thresh=60 "
               "rcupdate.rcu_cpu_stall_timeout=120")

# A host boots with one CPU, and its init brings up the others. A CPU that QEMU emulates
# may run an instruction which another CPU has replaced, and Linux replaces most of
# its instructions (static keys) at boot: "Oops: int3", once in a whole make check.
BOOT_CPUS = "maxcpus=1"

# Without CMPXCHG16B, since QEMU 7.2 leaves an operand of the instruction before
# it in the flags. An interrupt then saves and restores these flags, including VM,
# and the next interrupt is a double fault. Kernels emulate the instruction.
TCG_CPU = "EPYC,+svm,+npt,-xsavec,-cx16"

# The kinds of hosts and the CPU features that they have beside these.
KINDS = {"amd": "", "zen4": ",+rogpt", "intel": ""}

SOCKET_PATH_MAX = 107   # bytes, of a unix socket's address
MONITOR_LIMIT = 60      # seconds for QEMU's monitor to answer


def nested_kvm():
    """True when this machine's KVM can run virtual hosts that use KVM.

    Only the kernel's own modules count: other providers of /dev/kvm cannot
    boot stock kernels.
    """
    for module in ("kvm_intel", "kvm_amd"):
        path = Path(f"/sys/module/{module}/parameters/nested")
        if path.exists() and path.read_text().strip() in ("Y", "1"):
            return os.access("/dev/kvm", os.R_OK | os.W_OK)
    return False


def qemu_program(kind):
    """The emulator for a kind of host."""
    if kind == "amd":
        return ["qemu-system-x86_64"]
    path = cache_dir() / "qemu-kinds" / "bin" / "qemu-system-x86_64"
    if not path.exists():
        raise LabError(f"{path} is missing; make qemu-kinds builds it")
    return [str(path), "-L", "/usr/share/qemu", "-L", "/usr/share/seabios"]


def missing(kind):
    """Why there can be no hosts of this kind here; "" if there can."""
    try:
        qemu_program(kind)
    except LabError as err:
        return str(err)
    return ""


@functools.cache
def tsc_frequency():
    """The kernel's argument with the frequency of a host's TSC, this machine's.

    A host on a machine with other work measures it wrongly, up to forty times.
    """
    program = Path(__file__).resolve().parents[3] / "build/lab/tsc_khz"
    if not program.exists():
        return ""
    khz = subprocess.run([program], stdout=subprocess.PIPE, check=True, text=True)
    return f"tsc_early_khz={khz.stdout.strip()}"


class Tail:
    """Reads a growing file line by line."""

    def __init__(self, path):
        self.path = path
        self.file = None
        self.rest = b""

    def lines(self):
        """Complete lines that were written since the last call."""
        if self.file is None:
            if not self.path.exists():
                return []
            self.file = open(self.path, "rb")
        *lines, self.rest = (self.rest + self.file.read()).split(b"\n")
        return [line.decode(errors="replace").rstrip("\r") for line in lines]


class Host:
    """A running virtual host. poll() updates these attributes:

    stage: its current action        code: the scenario's exit code, or None
    stopped: its kernel has panicked and stands still
    trouble: the console line that makes it fail, or None
    """

    def __init__(self, number, options):
        self.number = number
        self.options = options
        self.stage = "boot"
        self.code = None
        self.trouble = None
        self.vanished = False
        self.stopped = False
        self.process = None
        self.began = time.monotonic()
        self.logs = options.logs
        self.console = Tail(self.logs / f"host{number}.console")
        self.control = Tail(options.work / f"control{number}")
        self.monitor = options.work / f"monitor{number}"
        self.output = Tail(self.logs / f"host{number}.output")

    def _command(self, work, image):
        o = self.options
        accel = ["-accel", "tcg,thread=multi", "-cpu", TCG_CPU + KINDS[o.kind]]
        if o.accel == "kvm":
            accel = ["-accel", "kvm", "-cpu", "host"]
        command = [
            *qemu_program(o.kind), *accel, "-machine", "q35", "-nodefaults",
            "-no-user-config", "-display", "none", "-no-reboot",
            "-name", f"ssi-host{self.number},debug-threads=on",
            "-smp", str(o.cpus), "-m", f"{o.memory}M",
            "-kernel", str(image), "-initrd", str(o.initramfs),
            "-append", f"{self._kernel_args()} SSI_HOST={self.number}",
            "-chardev", f"file,id=console,path={self.console.path}",
            "-serial", "chardev:console",
            "-device", "virtio-serial-pci,max_ports=4",
            "-chardev", f"file,id=control,path={self.control.path}",
            "-device", "virtserialport,nr=1,chardev=control,name=ssi.control",
            "-chardev", f"file,id=output,path={self.output.path}",
            "-device", "virtserialport,nr=2,chardev=output,name=ssi.output",
            "-chardev", f"socket,id=monitor,path={self.monitor},server=on,"
                        "wait=off",
            "-mon", "chardev=monitor,mode=readline",
            "-virtfs", f"local,path={self.logs},mount_tag=out,"
                       "security_model=none,multidevs=remap",
        ]
        if o.root:          # what the host writes is lost at its end
            command += ["-drive", f"file={o.root},format=raw,if=virtio,snapshot=on"]
        if o.shell:
            command += ["-chardev", self._socket("shell"),
                        "-serial", "chardev:shell"]
        if o.gdb:
            command += ["-chardev", self._socket("gdb"), "-gdb", "chardev:gdb"]
        if o.hosts > 1:
            command += switch.nic(work, self.number, o.hosts)
        if o.forward:
            command += self._outside()
        return command

    def _outside(self):
        """A card whose only use is that this machine reaches one port of the host."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        (self.logs / f"host{self.number}.forward").write_text(f"{port}\n")
        return ["-netdev", "user,id=outside,restrict=on,hostfwd=tcp:127.0.0.1:"
                           f"{port}-10.0.2.15:{self.options.forward}",
                "-device", "vmxnet3,netdev=outside,romfile=,"
                           f"mac=52:54:00:78:00:{self.number + 1:02x}"]

    def _socket(self, name):
        """A QEMU character device that is a socket in the folder of logs."""
        path = self.logs / f"host{self.number}.{name}"
        if len(str(path)) > SOCKET_PATH_MAX:
            raise LabError(f"{path} is too long for a socket; give a shorter "
                           "--logs folder")
        return f"socket,id={name},path={path},server=on,wait=off"

    def _kernel_args(self):
        words = [KERNEL_ARGS, self.options.append]
        if self.options.accel != "kvm":
            words.append(tsc_frequency())
        if not self.options.root:
            words.append(BOOT_CPUS)
        if self.options.root:
            words.append("root=/dev/vda rw systemd.show_status=no")
        if self.options.kernel in BUILT:
            words.append("panic_on_warn=1")
        if self.options.gdb or self.options.dump:
            words.append("nokaslr")
        if self.options.dump:
            words.append("panic=0")     # stop there, instead of a reboot
        return " ".join(words)

    def start(self, image):
        """Start QEMU; its messages go to a log."""
        parent = os.getpid()
        with open(self.logs / f"host{self.number}.qemu", "wb") as log:
            self.process = subprocess.Popen(
                self._command(self.options.work, image),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=lambda: self._begin(parent))

    def _begin(self, parent):
        """In the new process, before it becomes QEMU."""
        die_with_parent(parent)
        if self.options.pin:
            cpus = sorted(os.sched_getaffinity(0))
            os.sched_setaffinity(0, {cpus[self.number % len(cpus)]})

    def _hear(self, line):
        word, _, rest = line.partition(" ")
        if word == "SSI-STAGE":
            self.stage = rest
        elif word == "SSI-EXIT" and rest.isdigit():
            self.code = int(rest)
        elif word == "SSI-VANISH":
            self.vanished = True
            self.code = 0
            self.stage = "vanished"
            self.kill()

    def poll(self):
        """Read new lines; returns (console lines, output lines)."""
        alive = self.process.poll() is None
        for line in self.control.lines():
            self._hear(line)
        console = self.console.lines()
        for line in console:
            if not self.trouble and TROUBLE.search(line):
                self.trouble = line.strip()
            if "---[ end Kernel panic" in line:
                self.stopped = True
        output = self.output.lines()
        if not alive and self.code is None and not self.trouble:
            self.trouble = self._why_it_ended()
        return console, output

    def _why_it_ended(self):
        log = (self.logs / f"host{self.number}.qemu").read_text().strip()
        if log and self.process.returncode != 0:
            return f"QEMU ended: {log.splitlines()[-1]}"
        return f"ended without a result while in stage '{self.stage}'"

    def _ask_monitor(self, text, repeat=1):
        """Give commands to QEMU's monitor; returns its answers."""
        answer = b""
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.settimeout(MONITOR_LIMIT)
            monitor.connect(str(self.monitor))
            for _ in range(repeat):
                monitor.sendall(text.encode())
                time.sleep(0.3)
            monitor.shutdown(socket.SHUT_WR)
            while part := monitor.recv(65536):
                answer += part
        return answer

    def keep_memory(self):
        """End a host and write its memory and registers to a core file."""
        path = self.logs / f"host{self.number}.core"
        try:
            answer = self._ask_monitor(f"stop\ndump-guest-memory -p {path}\n")
        except OSError as err:
            answer = f"{err}\n".encode()
        if not path.exists():
            with open(self.logs / f"host{self.number}.qemu", "ab") as log:
                log.write(b"no core file: " + answer)
        self.kill()

    def keep_registers(self):
        """Write the registers of every CPU to a log, for hosts that hang."""
        try:        # three times: a CPU in a loop has several positions
            answer = self._ask_monitor("info registers -a\ninfo lapic\n", 3)
        except OSError as err:
            answer = f"{err}\n".encode()
        (self.logs / f"host{self.number}.registers").write_bytes(answer)

    def running(self):
        """True while there is a QEMU process."""
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """End QEMU at once."""
        if self.running():
            self.process.kill()
            self.process.wait()
