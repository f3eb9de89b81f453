# SPDX-License-Identifier: GPL-2.0-or-later
"""The network between virtual hosts: Ethernet frames on unix sockets.

Two hosts send each other datagrams directly. Three and more use the switch
below, a process that learns the port of each address and forwards frames.
"""

import os
import select
import socket

from .process import die_with_parent


def nic(folder, host, hosts):
    """QEMU's options for the network card of one host.

    Not virtio-net: QEMU sends its frames from another thread, and a message
    takes twice as long. vmxnet3 sends in the thread of the driver's access.
    """
    local = f"{folder}/net{host}"
    remote = f"{folder}/net{1 - host}" if hosts == 2 else f"{folder}/switch{host}"
    return ["-netdev", f"dgram,id=net,local.type=unix,local.path={local},"
                       f"remote.type=unix,remote.path={remote}",
            "-device", f"vmxnet3,netdev=net,romfile=,"
                       f"mac=52:54:00:77:00:{host + 1:02x}"]


def _open_port(path):
    port = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    port.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
    port.bind(path)
    port.setblocking(False)
    return port


def _send(port, path, frame):
    """Send a frame. A host that is absent or too slow loses it, as on a wire."""
    try:
        port.sendto(frame, path)
    except (BlockingIOError, ConnectionRefusedError, FileNotFoundError):
        pass


def _relay(folder, ports):
    """Forward frames for ever: to the port of the address, or to all ports."""
    where = {}
    wait = select.poll()
    number = {port.fileno(): index for index, port in enumerate(ports)}
    for port in ports:
        wait.register(port, select.POLLIN)
    while True:
        for fd, _ in wait.poll():
            source = number[fd]
            frame = ports[source].recv(65536)
            where[frame[6:12]] = source
            target = where.get(frame[0:6])
            others = range(len(ports)) if target is None else [target]
            for other in others:
                if other != source:
                    _send(ports[other], f"{folder}/net{other}", frame)


def start(folder, hosts):
    """Start the switch in a process of its own; returns its pid, or None."""
    if hosts <= 2:
        return None
    ports = [_open_port(f"{folder}/switch{host}") for host in range(hosts)]
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        die_with_parent(parent)
        try:
            _relay(folder, ports)
        finally:
            os._exit(1)
    for port in ports:
        port.close()
    return pid
