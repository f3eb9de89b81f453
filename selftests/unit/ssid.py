# SPDX-License-Identifier: GPL-2.0-or-later
"""ssid, linked with ASan and UBSan, for tests.

Programs that only pretend stand for ssi-vmm and modprobe, so no guest runs. Nothing of
this machine is changed.
"""

import json
import os
import re
import signal
import socket
import subprocess
import time

import tiny

SSID = tiny.TREE / "build/selftests/hostile/ssid"
SSICTL = tiny.TREE / "build/bin/ssictl"
SPEC = json.loads((tiny.TREE / "tools/ssid/openapi.json").read_text())
LIMIT = 60          # seconds until something counts as hanging

VMM = """#!/bin/sh
echo "hello from the guest"
echo "started $*" >&2
[ ! -e fails ] || { echo "ssi-vmm: This is the reason." >&2; exit 2; }
exec 3<&0
setpriv --pdeathsig KILL sh -c '
	while read -r line; do echo "got $line"; [ "$line" != flood ] || seq 100000; done' <&3 &
reader=$!
trap 'kill $reader; echo "powered off" >&2; exit 0' TERM
trap 'kill $reader; exit 129' HUP
# A watcher outlives ssid, so nothing else ends it when the test is killed.
while [ -e "/proc/$SSI_TEST/exe" ]; do sleep 0.1; done
kill $reader
"""

SYSTEMCTL = """#!/bin/sh
cd {state} || exit
echo "$*" >>units
[ "$1" != start ] || exec {ssid} --watch "$PWD" 0 {vmm}
"""

FILE = """cluster: test
transport: loop
nodes:
  - { id: 0, name: a.test, cpus: 1, memory: 64M }
  - { id: 1, name: b.test, cpus: 1, memory: 64M }
guest:
  kernel: /nowhere/vmlinuz
"""


def wait_for(what):
    """Wait until a function returns true; return whether it has."""
    until = time.monotonic() + LIMIT
    while not (done := what()) and time.monotonic() < until:
        time.sleep(0.05)
    return bool(done)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Daemon:
    """ssid with folders of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.socket = str(folder / "sock")
        self.state = folder / "state"
        self.port = free_port()
        self.process = None
        (folder / "bin").mkdir()
        for name, text in (("vmm", VMM), ("modprobe", "#!/bin/sh\n")):
            (folder / "bin" / name).write_text(text)
            (folder / "bin" / name).chmod(0o755)

    def launch(self, *options):
        env = dict(os.environ, PATH=f"{self.folder}/bin:{os.environ['PATH']}",
                   SSI_TEST=str(os.getpid()))
        with open(self.folder / "said", "a") as log:
            self.process = subprocess.Popen(
                [SSID, "--socket", self.socket, "--state", self.state,
                 "--port", str(self.port), "--vmm", self.folder / "bin/vmm",
                 "--ca", self.folder / "pki/ca.pem",
                 "--certificate", self.folder / "pki/a.test/cert.pem",
                 "--key", self.folder / "pki/a.test/key.pem", *options],
                env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=tiny.child_ends_with_test())

    def start(self, *options):
        self.launch(*options)
        return wait_for(self.answers)

    def answers(self):
        try:
            return self.ask("GET", "/openapi.json").status == 200
        except OSError:
            return False

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(LIMIT)

    def clean(self):
        """After a test that could not go on: no process must be left."""
        try:
            for node in (0, 1):
                self.ask("DELETE", f"/nodes/{node}")
        except OSError:
            pass
        self.process.kill()
        self.process.wait(LIMIT)

    def connect(self):
        one = socket.socket(socket.AF_UNIX)
        one.settimeout(LIMIT)
        one.connect(self.socket)
        return one

    def send(self, data):
        """The answer to what may be no request."""
        with self.connect() as one:
            try:
                one.sendall(data)
            except OSError:     # it answers, and closes, before it has all
                pass
            return receive(one)

    def ask(self, method, path, body=b"", more=""):
        head = (f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                f"Content-Length: {len(body)}\r\n{more}\r\n")
        return self.send(head.encode() + body)

    def said(self):
        return (self.folder / "said").read_text(errors="replace")


class Answer:
    """An answer, or none (status 0)."""

    def __init__(self, data):
        head, _, self.body = data.partition(b"\r\n\r\n")
        self.head = head.decode(errors="replace")
        found = re.match(r"HTTP/1\.1 (\d+)", self.head)
        self.status = int(found.group(1)) if found else 0

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def error(self):
        found = self.json()
        return found["error"]["code"] if found and "error" in found else None


def receive(one):
    data = b""
    try:
        while part := one.recv(65536):
            data += part
    except OSError:
        pass
    return Answer(data)


class Results:
    """KTAP with the plan at its end."""

    def __init__(self):
        self.failed = 0
        self.number = 0
        print("TAP version 13", flush=True)

    def add(self, good, name):
        self.number += 1
        self.failed += not good
        print(f"{'' if good else 'not '}ok {self.number} {name}", flush=True)

    def end(self):
        print(f"1..{self.number}")
        return 1 if self.failed else 0


# ---- the description ----------------------------------------------------------

def fits(value, schema):
    """Whether a value is what a schema says, as far as ours use it."""
    if "$ref" in schema:
        return fits(value, SPEC["components"]["schemas"][schema["$ref"].split("/")[-1]])
    kinds = {"object": dict, "array": list, "string": str, "integer": int,
             "number": (int, float), "boolean": bool}
    if not isinstance(value, kinds[schema["type"]]):
        return False
    if schema["type"] == "object":
        known = schema.get("properties", {})
        return (set(schema.get("required", [])) <= set(value) and
                (schema.get("additionalProperties", True) or set(value) <= set(known)) and
                all(fits(value[key], known[key]) for key in value if key in known))
    if schema["type"] == "array":
        return all(fits(one, schema["items"]) for one in value)
    return value in schema.get("enum", [value])


def is_described(method, path, answer):
    """Whether the description has this answer to a request."""
    plain = re.sub(r"nodes/\d+", "nodes/{id}", path.split("?")[0])
    plain = re.sub(r"pages/.*", "pages/{gpa}", plain)
    responses = SPEC["paths"][plain][method.lower()]["responses"]
    response = responses.get(str(answer.status))
    if not response:
        return False
    (kind, content), = response["content"].items()
    if not re.search(rf"^Content-Type: {re.escape(kind)}", answer.head, re.M):
        return False
    return kind != "application/json" or fits(answer.json(), content["schema"])
