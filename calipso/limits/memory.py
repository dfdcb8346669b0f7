"""The memory that answers of clouds may take in this process: one budget for all of them.

Each answer grows a `Share` before it takes memory. When all shares together pass the budget, the
work (a scan, a test) that holds most gives up the answer that it reads; the others go on. So a
cloud that sends gigabytes ends its own answers and nobody else's.

That is for answers that are being read. What tasks keep of answers that they have read well may be
`KEPT` times as much: a large cloud has long lists. Beyond that, the work that holds most gives up.

What a task keeps of answers that it has read is an estimate. So the budget counts as passed only
when the process has really grown so far, together with what is being read.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from calipso.errors import AccessError, ErrorKind
from calipso.settings import settings

MEGABYTE = 1024 * 1024

#: Bytes that CPython needs for what stands behind a sign of JSON (measured with 3.11 and 3.13): a
#: map of one key takes 200, a list 72, a text 49 and what is in it, a number 32.
_COSTS = ((b"{", 200), (b"[", 72), (b",", 36), (b'"', 24))
#: A text with one character outside the Basic Multilingual Plane takes four bytes for each.
_WIDE = 4

#: As many times the budget tasks may keep; not beyond a quarter of the memory of the machine.
KEPT = 3
_MACHINE_SHARE = 4
#: Seconds that an answer waits until the memory of one that was given up is free.
PATIENCE = 5.0

GIVEN_UP = "the answers of this source take more memory than there is for them"
HINT = (
    "CALIPSO_SOURCE_MEMORY is the limit of a process, in megabytes: a very large cloud needs more. "
    "Otherwise look at what the source sends."
)


class MemoryOver(AccessError):
    """An answer is given up, because it takes more memory than there is for it."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: {GIVEN_UP}", kind=ErrorKind.UNEXPECTED_OUTPUT, hint=HINT)


class Share:
    """What one answer takes, until `close`."""

    def __init__(
        self, budget: Budget, what: str, owner: object, cut: Callable[[str], Any] | None
    ) -> None:
        self._budget = budget
        self.what = what
        self.owner = owner
        self.cut = cut
        self.size = 0
        self.given_up = False
        #: True from when the answer was read: what is left of it are values that a task keeps
        self.kept = False

    def grow(self, size: int) -> None:
        """Take so many bytes more. Raises MemoryOver."""
        self._budget.grow(self, size)

    def close(self) -> None:
        """Give everything back."""
        self._budget.give_back(self)


class Budget:
    """The shares of a process. Thread safe."""

    def __init__(self, most: int, grown: Callable[[], float], kept: int = 0) -> None:
        """`most`: bytes of all answers that are read; `grown` tells by how many the process grew.

        `kept`: bytes of these and of all that tasks keep; not less than `most`.
        """
        self.most = most
        self.kept = max(most, kept)
        self.used = 0
        self.peak = 0
        self._grown = grown
        self._shares: set[Share] = set()
        self._changed = threading.Condition()

    def share(self, what: str, owner: object, cut: Callable[[str], Any] | None = None) -> Share:
        """A share of nothing yet. `what` names the source in errors; `cut` ends its reading."""
        found = Share(self, what, owner, cut)
        with self._changed:
            self._shares.add(found)
        return found

    def grow(self, share: Share, size: int) -> None:
        """Only Share calls it."""
        ended: list[Share] = []
        with self._changed:
            if not share.given_up:
                share.size += size
                self.used += size
                self.peak = max(self.peak, self.used)
                while (over := self._over()) and (victim := self._largest(over)) is not None:
                    victim.given_up = True
                    ended.append(victim)
        for victim in ended:
            if victim is not share and victim.cut is not None:
                victim.cut(GIVEN_UP)
        if share.given_up:
            raise MemoryOver(share.what)
        with self._changed:
            # what was given up is in memory until its thread has let it go
            self._changed.wait_for(self._is_free, timeout=PATIENCE)

    def give_back(self, share: Share) -> None:
        """Only Share calls it."""
        with self._changed:
            self.used -= share.size
            share.size = 0
            self._shares.discard(share)
            self._changed.notify_all()

    def _over(self) -> str:
        """What passes its bound: "reading", "all", or "" for nothing."""
        open_shares = [share for share in self._shares if not share.given_up]
        reading = sum(share.size for share in open_shares if not share.kept)
        if reading > self.most:
            return "reading"
        if sum(share.size for share in open_shares) <= self.kept:
            return ""
        return "all" if reading + self._grown() > self.kept else ""

    def _is_free(self) -> bool:
        reading = sum(share.size for share in self._shares if not share.kept)
        within = reading <= self.most and self.used <= self.kept
        return within or not self._given_up()

    def _given_up(self) -> int:
        return sum(share.size for share in self._shares if share.given_up)

    def _largest(self, over: str) -> Share | None:
        """The largest answer that is still read, of the work that reads or holds most."""
        totals: dict[object, int] = {}
        for share in self._shares:
            if over == "all" or not share.kept:
                totals[share.owner] = totals.get(share.owner, 0) + share.size
        reading = [
            share for share in self._shares if share.size and not share.kept and not share.given_up
        ]
        return max(reading, key=lambda share: (totals[share.owner], share.size), default=None)


def json_size(body: bytes | bytearray) -> int:
    """Bytes that Python needs at most for the values of a JSON text."""
    wide = 1 if body.isascii() and b"\\u" not in body else _WIDE
    return wide * len(body) + sum(cost * body.count(sign) for sign, cost in _COSTS)


class _Grown:
    """By how many bytes this process grew since it began to read clouds."""

    def __init__(self) -> None:
        self._first = _resident()

    def __call__(self) -> float:
        """Endless where the system does not tell, so that the estimates count."""
        now = _resident()
        return float("inf") if now is None or self._first is None else float(now - self._first)


def _resident() -> int | None:
    try:
        words = Path("/proc/self/statm").read_text(encoding="ascii").split()
    except OSError:
        return None
    return int(words[1]) * os.sysconf("SC_PAGE_SIZE")


_lock = threading.Lock()
_budget: tuple[int, Budget] | None = None


def budget() -> Budget:
    """The budget of this process; a fork gets its own."""
    global _budget
    with _lock:
        if _budget is None or _budget[0] != os.getpid():
            most = settings().source_memory * MEGABYTE
            kept = min(KEPT * most, _memory_of_machine() // _MACHINE_SHARE)
            _budget = (os.getpid(), Budget(most, _Grown(), kept))
        return _budget[1]


def _memory_of_machine() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
