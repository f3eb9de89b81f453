# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the output of a test program (KTAP) and judges it with its exit code.

A program's word is not enough: one that died half-way has printed nothing but
"ok". So a plan that is missing or not kept, and an exit code that does not fit
the results, are failures of their own.
"""

import re

PASS, FAIL, SKIP = "ok", "not ok", "skip"

_PLAN = re.compile(r"1\.\.(\d+)\s*(?:#\s*skip\S*\s*(.*))?$", re.IGNORECASE)
_RESULT = re.compile(r"(ok|not ok)\b\s*\d*\s*-?\s*(.*)$")
_SKIP = re.compile(r"\s*#\s*skip\S*\s*(.*)$", re.IGNORECASE)


class Outcome:
    """Results of one program: (PASS, FAIL or SKIP; name; remark) each.

    seconds: how long it took; None if nobody has said so
    """

    def __init__(self):
        self.results = []
        self.seconds = None

    def add(self, verdict, name, remark=""):
        self.results.append((verdict, name, remark))

    def count(self, verdict):
        return sum(1 for result in self.results if result[0] == verdict)

    @property
    def failed(self):
        return self.count(FAIL) > 0


def _read_result(outcome, verdict, text):
    skip = _SKIP.search(text)
    if skip:
        name = text[:skip.start()].strip()
        # a failed test stays failed, even if its line says SKIP
        kind = SKIP if verdict == "ok" else FAIL
        outcome.add(kind, name or "unnamed", skip.group(1).strip())
    else:
        outcome.add(PASS if verdict == "ok" else FAIL, text.strip() or "unnamed")


def parse(text):
    """(Outcome, planned number or None, reason when all is skipped)."""
    outcome, planned, reason = Outcome(), None, ""
    for line in text.splitlines():
        plan = _PLAN.match(line)
        result = _RESULT.match(line)
        if plan:
            planned = int(plan.group(1))
            reason = plan.group(2) or reason
        elif result:
            _read_result(outcome, *result.groups())
        elif line.startswith("Bail out!"):
            outcome.add(FAIL, "went on to the end", line)
    return outcome, planned, reason


def _ended(code):
    if code < 0:
        return f"it was killed by signal {-code}"
    if code > 128:
        return f"it ended with exit code {code}, signal {code - 128}"
    return f"it ended with exit code {code}"


def judge(text, code):
    """The Outcome of a program that printed text and exited with code.

    code is None when it was stopped because it took too long.
    """
    outcome, planned, reason = parse(text)
    seen = len(outcome.results)
    if code is None:
        outcome.add(FAIL, "ends in time", "it was stopped")
    elif code not in (0, 1, 4):
        outcome.add(FAIL, "does not crash", _ended(code))
    elif code == 1 and not outcome.failed:
        outcome.add(FAIL, "ends with 0", "exit code 1, but no test failed")
    elif code == 0 and outcome.failed:
        outcome.add(FAIL, "ends with 1", "exit code 0, but a test failed")
    if code == 4 and seen == 0:
        outcome.add(SKIP, "all", reason or text.strip()[-200:])
    elif planned is None:
        outcome.add(FAIL, "prints a plan", f"no plan among {seen} results")
    elif planned != seen:
        outcome.add(FAIL, "keeps its plan", f"planned {planned}, saw {seen}")
    elif planned == 0 and code == 0:
        outcome.add(FAIL, "tests something", "a plan of 0 tests, exit code 0")
    return outcome
