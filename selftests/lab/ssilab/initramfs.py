# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds the initramfs of a virtual host: busybox, modules, tools, the project.

It is one file with two cpio archives. The base archive (tools, and modules of
a kernel) is kept in the cache. The second archive has the files of one run. This
module writes the archives itself, so that it needs neither root nor a folder with
device nodes.
"""

import hashlib
import lzma
import os
import re
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

from . import LabError
from .kernels import cache_dir

MODULES = """
    virtio_pci vmxnet3 virtio_console 9p 9pnet_virtio dummy tun vhost_net veth sch_netem nbd
    kvm kvm_amd kvm_intel ccp
    ib_core rdma_cm iw_cm ib_cm ib_uverbs rdma_ucm rdma_rxe
    crc32_generic crc32_pclmul
    tls gcm ghash_generic aesni_intel ctr aes_generic
    chacha20poly1305 chacha_generic chacha_x86_64 poly1305_generic poly1305_x86_64
""".split()

TOOLS = ["ip", "rdma", "tc"]

# files that a tool loads by name at run time, which ldd does not list
DLOPENED = [
    "/usr/lib/x86_64-linux-gnu/libibverbs/librxe-rdmav34.so",
    "/etc/libibverbs.d/rxe.driver",
]


class Archive:
    """A cpio archive: path in the host -> contents."""

    def __init__(self):
        self.entries = {}

    def _parents(self, dest):
        for parent in reversed(Path(dest).parents):
            if str(parent) not in (".", "/"):
                self.entries.setdefault(str(parent), (stat.S_IFDIR | 0o755, b""))

    def add(self, dest, data, mode=0o755):
        """Put bytes at dest."""
        dest = dest.lstrip("/")
        self._parents(dest)
        self.entries[dest] = (stat.S_IFREG | mode, data)

    def add_link(self, dest, to):
        """Put a symbolic link at dest."""
        dest = dest.lstrip("/")
        self._parents(dest)
        self.entries[dest] = (stat.S_IFLNK | 0o777, to.encode())

    def add_file(self, path, dest=None):
        """Put a copy of a file at dest, with its own permissions."""
        path = Path(path)
        try:
            self.add(str(dest or path), path.read_bytes(),
                     stat.S_IMODE(path.stat().st_mode))
        except OSError as err:
            raise LabError(f"cannot read {path}: {err.strerror}") from None

    def add_program(self, path, dest=None):
        """Put a program at dest, and its libraries at their own paths."""
        self.add_file(path, dest)
        for library in libraries(path):
            if library.lstrip("/") not in self.entries:
                self.add_file(library)

    def write(self, out):
        """Write the archive in the kernel's format ("newc")."""
        for number, (name, (mode, data)) in enumerate(self.entries.items()):
            _write_entry(out, number + 1, name, mode, data)
        _write_entry(out, 0, "TRAILER!!!", 0, b"")


def _write_entry(out, inode, name, mode, data):
    encoded = name.encode() + b"\0"
    fields = [inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0]
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + encoded
    out.write(head + b"\0" * (-len(head) % 4))
    out.write(data + b"\0" * (-len(data) % 4))


def libraries(path):
    """The shared libraries that a program needs; none for other files."""
    with open(path, "rb") as file:
        if file.read(4) != b"\x7fELF":
            return []
    done = subprocess.run(["ldd", str(path)], text=True, check=False,
                          capture_output=True)
    missing = re.search(r"(\S+) => not found", done.stdout)
    if missing:
        raise LabError(f"{path} needs {missing.group(1)}, which is not here")
    return re.findall(r"(/\S+) \(0x", done.stdout)


def find_tool(name):
    """Path of a tool of this machine."""
    path = shutil.which(name)
    if not path:
        raise LabError(f"the program {name} is missing; run make deps")
    return path


def _module_name(path):
    return re.sub(r"\.ko(\.\w+)?$", "", Path(path).name).replace("-", "_")


def _module_closure(kernel):
    """Paths below the kernel's module folder that MODULES need."""
    needs, paths = {}, {}
    for line in (kernel.modules / "modules.dep").read_text().splitlines():
        path, _, rest = line.partition(":")
        paths[_module_name(path)] = path
        needs[path] = rest.split()
    builtin = (kernel.modules / "modules.builtin").read_text().splitlines()
    there = {_module_name(path) for path in builtin}
    closure = []
    for name in MODULES:
        if name in paths:
            closure += [paths[name], *needs[paths[name]]]
        elif name not in there and kernel.is_complete:
            raise LabError(f"kernel {kernel.release} has no module {name}")
    return sorted(set(closure))


def _read_module(path):
    """A module's bytes; busybox cannot load compressed ones."""
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


def _stage_modules(kernel, root):
    """Copy the modules to folders below root."""
    folder = root / "lib/modules" / kernel.release
    folder.mkdir(parents=True)
    for path in _module_closure(kernel):
        target = folder / re.sub(r"\.xz$", "", path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(_read_module(kernel.modules / path))
    for index in ("modules.builtin", "modules.order",
                  "modules.builtin.modinfo"):
        shutil.copy(kernel.modules / index, folder)
    return folder


def add_busybox(archive):
    """Add busybox, a link for each of its commands, and the usual folders."""
    busybox = find_tool("busybox")
    archive.add_file(busybox, "/bin/busybox")
    names = subprocess.run([busybox, "--list"], check=True, text=True,
                           capture_output=True).stdout.split()
    for name in names:
        if name != "busybox":
            archive.add_link(f"/bin/{name}", "busybox")
    archive.add_link("/sbin", "bin")
    for folder in ("proc", "sys", "dev", "tmp", "run", "root", "etc"):
        archive.entries.setdefault(folder, (stat.S_IFDIR | 0o755, b""))


def _base_archive():
    """Busybox and the tools that every host has."""
    archive = Archive()
    add_busybox(archive)
    archive.entries["out"] = (stat.S_IFDIR | 0o755, b"")
    for name in TOOLS:
        archive.add_program(find_tool(name), f"/usr/bin/{name}")
    for path in DLOPENED:
        archive.add_program(path)
    return archive


def _base_key(kernel):
    """A hash that changes if the contents of the base archive may change."""
    sources = [Path(__file__), kernel.image, *DLOPENED]
    sources += [find_tool(name) for name in ["busybox", *TOOLS]]
    parts = [kernel.release]
    for path in sources:
        info = os.stat(path)
        parts.append(f"{path} {info.st_size} {info.st_mtime_ns}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def base(kernel):
    """Path of the cached base archive and its staged modules."""
    folder = cache_dir() / "hosts" / f"{kernel.release}-{_base_key(kernel)}"
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temp:
        part = Path(temp) / "part"
        modules = _stage_modules(kernel, part)
        archive = _base_archive()
        for path in modules.rglob("*.ko"):
            archive.add_file(path, "/" + str(path.relative_to(part)))
        with open(part / "base.cpio", "wb") as out:
            archive.write(out)
        try:
            part.rename(folder)
        except OSError:
            if not folder.exists():     # else another run was quicker
                raise
    return folder


def add_modules(archive, kernel, ours):
    """Add the project's modules that are built, and the index of all modules."""
    staged = base(kernel) / "lib/modules" / kernel.release
    with tempfile.TemporaryDirectory() as temp:
        folder = Path(temp) / "lib/modules" / kernel.release
        shutil.copytree(staged, folder)
        (folder / "extra").mkdir()
        for module in filter(Path.exists, ours):
            shutil.copy(module, folder / "extra")
            archive.add_file(module,
                             f"/lib/modules/{kernel.release}/extra/{module.name}")
        subprocess.run(["depmod", "-b", temp, kernel.release], check=True)
        for index in folder.glob("modules.*"):
            archive.add_file(index, f"/lib/modules/{kernel.release}/{index.name}")


def write(path, kernel, archive):
    """Write the base and then the archive to path."""
    with open(path, "wb") as out:
        with open(base(kernel) / "base.cpio", "rb") as first:
            shutil.copyfileobj(first, out)
        archive.write(out)
