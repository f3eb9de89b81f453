# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's kernels, downloaded by package name and unpacked into the cache.

The image must have the same version as the headers that the module is built with
(MODVERSIONS). So the installed headers decide the version, not the newest kernel.
"""

import fcntl
import lzma
import os
import re
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

from . import LabError

# value of --kernel, or the guest's default -> Debian's metapackage
META = {
    "6.1": "linux-image-amd64",
    "6.12": "linux-image-6.12-amd64",
    "cloud": "linux-image-cloud-amd64",
}

# values of --kernel that selftests/debug/kernel builds, and how
BUILT = {
    "6.12-debug": "make debug-kernel",
    "6.12-kcsan": "make debug-kernel DEBUG=--kcsan",
}

SLOWER = 8      # how many times as long tests may take on them

# for hosts, not for guests
HOST_KERNELS = ["6.1", "6.12", *BUILT]


def cache_dir():
    """The folder outside the tree that survives `make clean`."""
    home = os.environ.get("SSI_CACHE")
    return Path(home) if home else Path.home() / ".cache" / "ssi"


def _output(*command):
    """Run a command and return its standard output."""
    try:
        done = subprocess.run(command, check=True, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True)
    except FileNotFoundError:
        raise LabError(f"{command[0]} is missing; run make deps") from None
    except subprocess.CalledProcessError as err:
        why = err.stderr.strip().splitlines() or ["no reason given"]
        raise LabError(f"'{' '.join(command)}' failed: {why[-1]}") from None
    return done.stdout


def _newest_image(meta):
    """The package that Debian's metapackage depends on today."""
    found = re.search(r"Depends: (linux-image-\S+)",
                      _output("apt-cache", "depends", meta))
    if not found:
        raise LabError(f"apt knows no kernel behind {meta}; run apt-get update")
    return found.group(1), None


def installed_headers(series):
    """(release, package version) of the newest installed headers, or None."""
    found = []
    text = _output("dpkg-query", "-W", "-f",
                   "${db:Status-Abbrev} ${Package} ${Version}\\n")
    pattern = rf"ii +linux-headers-({re.escape(series)}\.\S*-amd64) (\S+)"
    for line in text.splitlines():
        match = re.fullmatch(pattern, line.strip())
        if match and "cloud" not in match.group(1):
            found.append(match.groups())
    key = lambda pair: [int(n) for n in re.findall(r"\d+", pair[0])]
    return max(found, key=key, default=None)


def _package(name):
    """(package, version or None) of the kernel called name."""
    if name != "cloud":
        headers = installed_headers(name)
        if headers:
            return f"linux-image-{headers[0]}", headers[1]
    return _newest_image(META[name])


def _download(package, version, folder):
    """Fetch one package as a .deb and return its path."""
    wanted = f"{package}={version}" if version else package
    old = os.getcwd()
    os.chdir(folder)
    try:
        _output("apt-get", "-q", "download", wanted)
    finally:
        os.chdir(old)
    return next(Path(folder).glob("*.deb"))


def _unpack(deb, target):
    """Unpack beside the target and rename, so that no partial folder is seen."""
    part = target.with_name(target.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    _output("dpkg-deb", "-x", str(deb), str(part))
    release = next((part / "lib/modules").iterdir()).name
    _output("depmod", "-b", str(part), release)
    part.rename(target)


def _decompress(payload):
    """The payload of a bzImage, or None for an unknown format."""
    if payload.startswith(b"\xfd7zXZ\0"):
        return lzma.decompress(payload)
    if payload.startswith(b"(\xb5/\xfd"):
        return subprocess.run(["zstd", "-dc"], input=payload, check=True,
                              capture_output=True).stdout
    return None


def _uncompressed(image):
    """The ELF file in a bzImage: an emulated CPU needs 3 s to unpack it.

    Field offsets: Documentation/x86/boot.rst. The payload ends with its
    uncompressed size, which is not part of the compressed stream.
    """
    data = image.read_bytes()
    start = (data[0x1f1] + 1) * 512
    offset, length = struct.unpack_from("<II", data, 0x248)
    return _decompress(data[start + offset:start + offset + length - 4])


class Kernel:
    """One unpacked kernel: its release, image and modules.

    is_complete: it has all modules that hosts load, as Debian's have.
    """

    def __init__(self, root, is_complete=True):
        self.root = Path(root)
        self.is_complete = is_complete
        self.release = next((self.root / "lib/modules").iterdir()).name
        self.image = self.root / "boot" / f"vmlinuz-{self.release}"
        self.initrd = self.root / "boot" / f"initrd.img-{self.release}"
        self.modules = self.root / "lib/modules" / self.release

    def boot_image(self):
        """The file to boot a virtual host from."""
        plain = self.root / "boot" / "vmlinux"
        if not plain.exists():
            data = _uncompressed(self.image)
            if data is None or not data.startswith(b"\x7fELF"):
                return self.image
            part = plain.with_name(f"vmlinux.{os.getpid()}")
            part.write_bytes(data)
            part.rename(plain)
        return plain


def _built(name):
    """A kernel that was built here."""
    target = cache_dir() / "kernels" / f"linux-image-{name}"
    if not target.exists():
        raise LabError(f"{target} is missing; {BUILT[name]} builds it")
    return Kernel(target, is_complete=False)


def of_image(image, name):
    """The kernel called name of an image of selftests/packages/mkhosts."""
    folder = image.parent / name
    if not image.exists() or not folder.exists():
        raise LabError(f"{image} or {folder} is missing; make check-packages "
                       "makes them")
    return Kernel(folder)


def module_folder(name, kernel):
    """The folder below build/ with the module for a kernel of this name."""
    return f"kmod-{kernel.release if name in BUILT else name}"


def fetch(name, say=lambda text: None):
    """Return the Kernel called name, downloading it when it is not cached."""
    if name in BUILT:
        return _built(name)
    if name not in META:
        raise LabError(f"no kernel is called '{name}'; "
                       f"there are {', '.join(META)}")
    package, version = _package(name)
    folder = cache_dir() / "kernels"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / package
    with open(folder / ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            say(f"downloading {package}")
            with tempfile.TemporaryDirectory(dir=folder) as temp:
                _unpack(_download(package, version, temp), target)
    return Kernel(target)
