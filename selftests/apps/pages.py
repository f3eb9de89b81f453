# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose are the pages that nodes fight over? Reads what a run with --look left."""

import bisect
import re
from collections import Counter

PAGE = 4096
SLOT = 8 << 20
IMAGE_MAP = 0xffffffff80000000
HOLE = 0xb0000000           # of the guest's addresses; offsets are addresses below
NODE_DATA = 0x30000         # at most so many bytes
EXCLUSIVE = (5, 7)          # IX and SX of enum ssi_page_state
NAMES = 3                   # that are shown of a page


def slot_text(image, slot):
    """What the guest wrote for a program; slot 0 is its kallsyms."""
    with open(image, "rb") as file:
        file.seek(slot * SLOT)
        return file.read(SLOT).rstrip(b"\0").decode(errors="replace")


class Symbols:
    """The kernel's variables: in its image, and those that each CPU has."""

    def __init__(self, text):
        self.image, self.percpu = [], []
        for line in text.splitlines():
            words = line.split()
            if len(words) != 3 or not re.fullmatch("[0-9a-f]{16}", words[0]):
                continue
            address = int(words[0], 16)
            if address >= IMAGE_MAP:
                self.image.append((address - IMAGE_MAP, words[2]))
            elif words[1] in "AaDdBbVv":
                self.percpu.append((address, words[2]))
        self.image.sort()
        self.percpu.sort()
        ends = [at for at, name in self.image if name == "_end"]
        self.image_end = ends[0] if ends else 0
        self.percpu_end = self.percpu[-1][0] if self.percpu else 0

    @staticmethod
    def _within(table, address):
        """Names from the page's first byte, and the one that reaches into it."""
        first = bisect.bisect_right(table, (address, ""))
        last = bisect.bisect_left(table, (address + PAGE, ""))
        return [name for _, name in table[max(0, first - 1):last]]

    def names(self, address, bases):
        """Names of the variables in the page at a guest-physical address."""
        if 0x1000000 <= address < self.image_end:
            return "kernel:", self._within(self.image, address)
        for cpu, base in bases.items():
            if base <= address <= base + self.percpu_end:
                return f"cpu{cpu}:", self._within(self.percpu, address - base)
        return "", []


class Owners:
    """What "whose" said: kinds of pages, and where per-CPU areas are."""

    def __init__(self, text):
        self.kinds, self.users = {}, {}
        self.bases, self.nodes = {}, {}
        for line in text.splitlines():
            words = line.split(None, 2)
            if words[0] == "end" or len(words) < 2:
                continue
            if words[0] in ("percpu", "node") and len(words) == 3:
                place = self.bases if words[0] == "percpu" else self.nodes
                place[int(words[1])] = int(words[2], 16)
            elif words[1].startswith("proc:"):
                user = line.split(None, 1)[1][5:]
                self.users.setdefault(int(words[0], 16), set()).add(user)
            else:
                self.kinds[int(words[0], 16)] = " ".join(words[1:])

    def name(self, symbols, page):
        """(group, text) for a page: what it is, and what is in it."""
        address = page * PAGE
        where, names = symbols.names(address, self.bases)
        if names:
            return where.rstrip("0123456789:") + " variables", where + ",".join(names[:NAMES])
        for node, base in self.nodes.items():
            if base <= address < base + NODE_DATA:
                return "zones", f"zones of node {node}"
        if page in self.users:
            users = sorted(self.users[page])
            return f"process {users[0]}", " ".join(users[:NAMES])
        kind = self.kinds.get(page, "free, or not there")
        return kind, kind


def requests(text):
    """{page: (requests for copies, exclusive requests)} of a histogram."""
    found = {}
    for state, page, hits in re.findall(
            r"to: +(\d+), index: +(\d+) \} hitcount: +(\d+)", text):
        copies, exclusive = found.get(int(page), (0, 0))
        if int(state) in EXCLUSIVE:
            exclusive += int(hits)
        else:
            copies += int(hits)
        found[int(page)] = copies, exclusive
    return found


def report(hists, symbols, owners, lines=25):
    """Lines of text: groups of pages, and the single pages that move most."""
    total, groups = {}, Counter()
    for text in hists:
        for page, (copies, exclusive) in requests(text).items():
            was = total.get(page, (0, 0))
            total[page] = was[0] + copies, was[1] + exclusive
    out = [f"{sum(c for c, _ in total.values())} copies and "
           f"{sum(x for _, x in total.values())} exclusive requests, "
           f"{len(total)} pages", "exclusive  pages  of"]
    pages = Counter()
    for page, (_, exclusive) in total.items():
        group, _ = owners.name(symbols, page)
        groups[group] += exclusive
        pages[group] += 1
    for group, count in groups.most_common(12):
        out.append(f"{count:9}  {pages[group]:5}  {group}")
    out.append("exclusive copies  page")
    ordered = sorted(total.items(), key=lambda item: -item[1][1])
    for page, (copies, exclusive) in ordered[:lines]:
        out.append(f"{exclusive:9} {copies:6}  0x{page * PAGE:09x}  "
                   f"{owners.name(symbols, page)[1]}")
    return out
