# SPDX-License-Identifier: GPL-2.0-or-later
"""Headless Chromium, driven over a pipe (the DevTools protocol)."""

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

LIMIT = 60      # seconds for an answer


def program():
    """The path of Chromium, or None."""
    return shutil.which("chromium")


class Browser:
    """A browser with one page; use it with "with"."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="ssi-browser-",
                                                  ignore_cleanup_errors=True)
        self.number = 0
        self.rest = b""
        self.complaints = []
        self.session = None

    def __enter__(self):
        to_read, self.to = os.pipe()
        self.come, to_write = os.pipe()

        def begin():
            os.dup2(to_read, 10)        # 3 and 4 may be one of the ends
            os.dup2(to_write, 11)
            os.dup2(10, 3)
            os.dup2(11, 4)
        # as root it has no sandbox; the page is ours
        self.process = subprocess.Popen(
            [program(), "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
             f"--user-data-dir={self.folder.name}", "--remote-debugging-pipe", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            close_fds=False, start_new_session=True, preexec_fn=begin)
        os.close(to_read)
        os.close(to_write)
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target,
                                 flatten=True)["sessionId"]
        for domain in ("Page", "Log", "Runtime", "Network"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.to)
        os.close(self.come)
        self.folder.cleanup()

    def call(self, method, **values):
        self.number += 1
        message = {"id": self.number, "method": method, "params": values}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + LIMIT
        while True:
            answer = self._message(until)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self._event(answer)

    def _message(self, until):
        while b"\0" not in self.rest:
            if not select.select([self.come], [], [], max(0, until - time.monotonic()))[0]:
                raise TimeoutError("Chromium does not answer")
            part = os.read(self.come, 1 << 20)
            if not part:
                raise RuntimeError("Chromium has ended")
            self.rest += part
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def _event(self, event):
        """Keep what the browser complains of: errors, and refusals of the policy."""
        values = event.get("params", {})
        if event.get("method") == "Log.entryAdded" and values["entry"]["level"] == "error":
            self.complaints.append(f"{values['entry']['text']} {values['entry'].get('url', '')}")
        elif event.get("method") == "Runtime.exceptionThrown":
            details = values["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description", str(details)))
        elif event.get("method") == "Network.requestWillBeSent":
            self.asked.add(values["request"]["url"])

    asked = set()

    def show(self, url, width, height, mobile=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=2 if mobile else 1, mobile=mobile)
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=url)

    def value(self, expression):
        """The value of an expression in the page."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)["result"]
        return result.get("value")

    def wait(self, expression, seconds=LIMIT):
        """Wait until an expression in the page is true; return whether it is."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.value(expression):
                return True
            time.sleep(0.2)
        return False

    def picture(self, path):
        """Save a picture of the whole page."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True,
                         clip={"x": 0, "y": 0, "width": size["width"],
                               "height": size["height"], "scale": 1})["data"]
        path.write_bytes(base64.b64decode(data))
