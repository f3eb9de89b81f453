# SPDX-License-Identifier: GPL-2.0-or-later
"""Shows the progress of the hosts: one changing line on a terminal, else a log."""

import sys
import time

HEARTBEAT = 20      # seconds between signs of life in a log


class Progress:
    """Scenario output goes to stdout, everything else to stderr."""

    def __init__(self, options):
        self.options = options
        self.began = time.monotonic()
        self.tty = sys.stderr.isatty()
        self.last = ""
        self.last_time = 0.0
        self.shown = False

    def _clear(self):
        if self.shown:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
            self.shown = False

    def feed(self, host, console, output):
        """Show new lines of a host."""
        prefix = f"host{host.number}: " if self.options.hosts > 1 else ""
        if output and not self.options.quiet:
            self._clear()
            for line in output:
                print(prefix + line, flush=True)
        if console and self.options.verbose:
            self._clear()
            for line in console:
                print(f"host{host.number}| {line}", file=sys.stderr, flush=True)

    def tick(self, hosts):
        """Show the stage of every host."""
        now = time.monotonic()
        stages = "  ".join(f"host{one.number}: {one.stage}" for one in hosts)
        line = f"[{now - self.began:5.1f} s] {stages}"
        if self.tty:
            sys.stderr.write(f"\r\033[K{line}")
            sys.stderr.flush()
            self.shown = True
        elif stages != self.last or now - self.last_time >= HEARTBEAT:
            print(line, file=sys.stderr, flush=True)
            self.last_time = now
        self.last = stages

    def done(self):
        """Clear the line on the terminal."""
        self._clear()
