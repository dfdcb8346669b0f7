"""A connection to MySQL whose answers have an end and a bound.

A server chooses the number of packets, their length and the number of columns. Each packet counts
for the memory of the answer before it is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pymysql.connections import Connection

from calipso.limits.calls import Call
from calipso.limits.memory import Share

#: Bytes of a row and of each of its values in Python, besides what is in them; twice, because
#: fetchers make maps of the rows.
ROW, VALUE = 160, 130
#: Bytes that a packet takes, besides its content.
PACKET = 64

if TYPE_CHECKING:
    _Connection = Connection[Any]
else:
    _Connection = Connection


class BoundedConnection(_Connection):
    """As pymysql's; `bounded` says for which call and answer it reads."""

    _share: Share | None = None

    @contextmanager
    def bounded(self, call: Call | None, share: Share) -> Iterator[None]:
        """What is read inside is of this answer. The call ends it by shutting the connection."""
        sock: Any = getattr(self, "_sock", None)
        if call is not None and sock is not None:
            call.watch_socket(sock)
        self._share = share
        try:
            yield
        finally:
            self._share = None

    def forget_rows(self) -> None:
        """Do not read the rest of an answer: pymysql would do so when it forgets the result."""
        result: Any = getattr(self, "_result", None)
        if result is not None:
            result.unbuffered_active, result.connection = False, None

    def _read_bytes(self, num_bytes: int) -> bytes:
        """Called by pymysql for the head and for the content of each packet."""
        if self._share is not None:
            # a long packet is there twice while its pieces are put together
            self._share.grow(2 * num_bytes + PACKET)
        read: bytes = super()._read_bytes(num_bytes)  # type: ignore[misc]
        return read
