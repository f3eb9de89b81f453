# SPDX-License-Identifier: GPL-2.0-or-later
"""A door at 127.0.0.1 to an ssid that is behind TLS: it shows a certificate of its own."""

import socket
import ssl
import threading


def context_of(pki, name):
    """TLS with the certificate of a name in a folder of ssictl cert."""
    context = ssl.create_default_context(cafile=pki / "ca.pem")
    context.load_cert_chain(pki / name / "cert.pem", pki / name / "key.pem")
    return context


def _copy(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for one in (source, target):
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def _serve(client, port, context, name):
    try:
        plain = socket.create_connection(("127.0.0.1", port), 30)
        plain.settimeout(None)
        server = context.wrap_socket(plain, server_hostname=name)
    except OSError:
        client.close()
        return
    threading.Thread(target=_copy, args=(client, server), daemon=True).start()
    _copy(server, client)


def start(port, context, name):
    """Return the port of a door to a port of this machine, whose server has the name."""
    door = socket.create_server(("127.0.0.1", 0))

    def run():
        while True:
            client, _ = door.accept()
            threading.Thread(target=_serve, args=(client, port, context, name),
                             daemon=True).start()
    threading.Thread(target=run, daemon=True).start()
    return door.getsockname()[1]
