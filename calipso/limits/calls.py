"""Calls that leave the process: each ends by a moment, whatever the other side does.

A timeout of a socket begins anew with each byte, so a server that sends a byte a second never meets
one. A `Call` has an end from the first byte to the last: a thread of the process shuts the sockets
that the call watches, and the thread that waits for them goes on with an error. A transport needs
no more than this:

    with self.context.bounds.call("LDAP ldap.example", 10) as call:
        sock = dial(host, port, 10, call)       # the call watches what `dial` opens
        ...

`Bounds` are the calls and the memory of one piece of work (a scan, a connection test) in this
process. When it ends (`end`), all its calls end, and no new one begins.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from traceback import clear_frames

from calipso.limits.memory import MemoryOver, Share, budget

#: Seconds between two looks at the running calls: by so much a call may end late.
LOOK = 0.2
#: Seconds after which a call counts as one that waits.
LONG_WAIT = 10.0


class CallOver(TimeoutError):
    """The time of a call is over, or the work that it belongs to has ended. `str` says which."""


class Call:
    """One call. Thread safe."""

    def __init__(self, what: str, ends: float, latest: float) -> None:
        self.what = what
        self.began = time.monotonic()
        self.over = ""
        self._latest = latest
        self._ends = min(ends, latest)
        self._cuts: list[Callable[[], object]] = []
        self._twins: list[socket.socket] = []
        self._lock = threading.Lock()

    def allow(self, seconds: float) -> None:
        """Let the call end in so many seconds from now, though not after the work it is for."""
        with self._lock:
            self._ends = min(time.monotonic() + seconds, self._latest)

    @property
    def left(self) -> float:
        """Seconds until its end, never less than 0.01."""
        return max(0.01, self._ends - time.monotonic())

    def watch(self, cut: Callable[[], object]) -> None:
        """Call `cut` from another thread when the call is over. It must not block."""
        with self._lock:
            if not self.over:
                self._cuts.append(cut)
                return
        cut()

    def watch_socket(self, sock: socket.socket) -> None:
        """Shut this connection when the call is over; what waits for it then goes on."""
        # TLS takes the socket over, and another thread may close it: the twin stays ours
        twin = socket.socket(fileno=os.dup(sock.fileno()))
        with self._lock:
            self._twins.append(twin)
        self.watch(lambda: twin.shutdown(socket.SHUT_RDWR))

    def end(self, why: str) -> None:
        """End it now: what it watches is cut. Only the first reason counts."""
        with self._lock:
            if self.over:
                return
            self.over, cuts = why, self._cuts
            self._cuts = []
        for cut in cuts:
            with suppress(Exception):  # it may be closed already, in the way of any library
                cut()

    def check(self) -> None:
        """Raises CallOver when the call is over."""
        if self.over:
            raise CallOver(self.over)

    def late(self, moment: float) -> bool:
        """True when its time is over."""
        return moment >= self._ends

    def close(self) -> None:
        """The call has ended by itself."""
        with self._lock:
            twins, self._twins, self._cuts = self._twins, [], []
        for twin in twins:
            twin.close()


class _Watch:
    """The running calls of this process, and the thread that ends those whose time is over."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.calls: set[Call] = set()
        self._changed = threading.Condition()
        threading.Thread(target=self._look, name="calls", daemon=True).start()

    def add(self, call: Call) -> None:
        with self._changed:
            self.calls.add(call)
            self._changed.notify()

    def remove(self, call: Call) -> None:
        with self._changed:
            self.calls.discard(call)

    def running(self) -> list[Call]:
        with self._changed:
            return list(self.calls)

    def _look(self) -> None:
        while True:
            with self._changed:
                while not self.calls:
                    self._changed.wait()
                moment = time.monotonic()
                late = [call for call in self.calls if call.late(moment)]
            for call in late:
                call.end(f"the answer did not end within {moment - call.began:.0f} s")
            time.sleep(LOOK)


_lock = threading.Lock()
_watch: _Watch | None = None


def _watched() -> _Watch:
    """The watch of this process; a fork gets its own, since threads do not survive it."""
    global _watch
    with _lock:
        if _watch is None or _watch.pid != os.getpid():
            _watch = _Watch()
        return _watch


def waiting_calls() -> list[float]:
    """Seconds of each call of this process that has run for longer than `LONG_WAIT`."""
    moment = time.monotonic()
    seconds = [moment - call.began for call in _watched().running()]
    return sorted(each for each in seconds if each > LONG_WAIT)


#: What the task that this thread runs holds in memory; threads with its context hold for it.
_held: ContextVar[list[Share] | None] = ContextVar("held", default=None)


class Bounds:
    """Calls and memory of one piece of work in this process. Thread safe."""

    def __init__(self, seconds: float | None = None) -> None:
        """`seconds`: how long the whole work may take; None: as long as its calls take."""
        self._latest = time.monotonic() + seconds if seconds is not None else float("inf")
        self._calls: set[Call] = set()
        self._ended = ""
        self._lock = threading.Lock()

    @contextmanager
    def call(self, what: str, seconds: float) -> Iterator[Call]:
        """One call, of `seconds` from the first byte to the last; `what` names it.

        Raises CallOver when its time is over, or when the work has ended.
        """
        found = Call(what, time.monotonic() + seconds, self._latest)
        with self._lock:
            if self._ended:
                raise CallOver(self._ended)
            if found.late(time.monotonic()):
                raise CallOver("the time of the whole work is over")
            self._calls.add(found)
        watch = _watched()
        watch.add(found)
        try:
            yield found
        except (CallOver, MemoryOver):
            raise
        except Exception as error:
            if found.over:
                raise CallOver(found.over) from error
            raise
        else:
            found.check()
        finally:
            watch.remove(found)
            found.close()
            with self._lock:
                self._calls.discard(found)

    def end(self, why: str) -> None:
        """End the work: its calls end now, and no new one begins."""
        with self._lock:
            self._ended = self._ended or why
            calls = list(self._calls)
        for call in calls:
            call.end(why)

    # -- memory ------------------------------------------------------------------------

    def begin_task(self) -> None:
        """What this thread keeps from now on is of a new task."""
        _held.set([])

    def keep(self, share: Share) -> None:
        """Hold a share until the task ends (at once, when this thread runs none)."""
        held = _held.get()
        if held is None:
            share.close()
        else:
            share.kept = True
            held.append(share)

    def end_task(self) -> None:
        """Give back what the task of this thread has kept."""
        held = _held.get() or []
        _held.set(None)
        for share in held:
            share.close()

    @contextmanager
    def answer(self, what: str, call: Call | None = None) -> Iterator[Share]:
        """The memory of one answer. Raises MemoryOver when it has to be given up."""
        share = budget().share(what, self, call.end if call is not None else None)
        try:
            yield share
        except MemoryOver as error:
            clear_frames(error.__traceback__)  # the error would keep what was read so far
            raise
        except Exception as error:
            clear_frames(error.__traceback__)
            if share.given_up:  # another thread found it, and ended the call
                raise MemoryOver(what) from error
            raise
        finally:
            if not share.kept:
                share.close()
