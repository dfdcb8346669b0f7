"""HTTP of sources: with an end, and with a bound for what comes.

One adapter of `requests` carries the login and every question. It reads each answer as a whole:
from the connection to the last byte within the time of the call, and within the memory that this
process has for answers. Nothing else in a source needs to think of either.
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable
from contextvars import ContextVar
from http.client import HTTPException, HTTPResponse
from typing import Any

import requests
from requests import exceptions as http
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from calipso.limits.calls import Bounds, Call
from calipso.limits.dial import dial
from calipso.limits.memory import Share

#: A page may take this many times `api_timeout` from first to last byte, and a second more for
#: each `SLOWEST` bytes that have come: a long page over a slow line may go on as long as it comes.
TOTAL_FACTOR = 4
SLOWEST = 1024
#: Beyond so many times `api_timeout`, the longest page ends too.
LONGEST_FACTOR = 20
#: Seconds to connect, with TLS, besides those for the answer.
CONNECT_SECONDS = 10.0
LARGEST_PAGE = 256 * 1024 * 1024
#: The answer to a login: a token with the catalogue of a cloud of many regions is a tenth of it.
LARGEST_LOGIN = 2 * 1024 * 1024
_PART = 1 << 16
#: Heads of one answer, with preliminary ones such as `100 Continue`.
MOST_HEADS = 20

#: The call that this thread makes: the connections that it opens or uses are watched.
_call: ContextVar[Call | None] = ContextVar("http call", default=None)


class _Head(HTTPResponse):
    """The head of an answer, before which only some preliminary ones come.

    Python skips `100 Continue` as often as it comes: a server that sends nothing else, as fast as
    it is read, takes the processor from all threads until the call ends.
    """

    _lines = 0

    def _read_status(self) -> tuple[str, int, str]:
        self._lines += 1
        if self._lines > MOST_HEADS:
            raise HTTPException(f"more than {MOST_HEADS} preliminary answers")
        read: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]
        return read


class _Watched(HTTPConnection):
    """A connection that is made by `dial`, and that the running call can shut."""

    response_class = _Head

    def _new_conn(self) -> Any:
        limit = self.timeout if isinstance(self.timeout, int | float) else CONNECT_SECONDS
        try:
            sock = dial(self._dns_host, self.port, limit, _call.get())
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"Connection to {self.host} timed out.") from error
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except OSError as error:
            message = f"Failed to establish a new connection: {error}"
            raise NewConnectionError(self, message) from error
        sys.audit("http.client.connect", self, self.host, self.port)
        return sock

    def putrequest(self, *args: Any, **kwargs: Any) -> None:
        """Also a connection that was kept from an earlier call is watched."""
        call = _call.get()
        if call is not None and self.sock is not None:
            call.watch_socket(self.sock)
        super().putrequest(*args, **kwargs)


class _WatchedTls(_Watched, HTTPSConnection):
    """The same with TLS; the handshake counts."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTls


#: Message and URL -> the error of a source.
TooLong = Callable[[str, str], Exception]


def _too_long(message: str, _url: str) -> Exception:
    return http.RequestException(message)


class BoundedAdapter(HTTPAdapter):
    """Carries the requests of one client."""

    def __init__(self, bounds: Bounds, timeout: float, too_long: TooLong = _too_long) -> None:
        """`timeout`: `api_timeout`, the seconds until an answer begins. `too_long` makes the error
        of an answer that is longer than any may be.
        """
        self._bounds, self._too_long = bounds, too_long
        self._timeout = timeout
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Called by the base class."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def send(self, request: requests.PreparedRequest, *_: Any, **kwargs: Any) -> requests.Response:
        """The answer with its whole body, or with none of it yet for who asks for a stream.

        Raises CallOver, MemoryOver, and what requests raises.
        """
        url = str(request.url).partition("?")[0]
        whole, kwargs["stream"] = not kwargs.get("stream"), True
        connect = min(CONNECT_SECONDS, self._timeout)
        kwargs["timeout"] = (connect, self._timeout)
        with self._bounds.call(url, connect + self._timeout) as call:
            token = _call.set(call)
            try:
                with self._bounds.answer(url, call) as share:
                    answer = super().send(request, **kwargs)
                    if not whole:
                        return answer
                    with answer:
                        # requests gives it to whoever asks for `content`
                        answer._content = self._body(url, answer, call, share)
                    answer._content_consumed = True  # type: ignore[attr-defined]
            finally:
                _call.reset(token)
        return answer

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Called by the base class. Through a proxy, the way to the proxy is watched."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
        return manager

    def _body(self, url: str, answer: requests.Response, call: Call, share: Share) -> bytes:
        began, body = time.monotonic(), bytearray()
        largest = LARGEST_PAGE if answer.request.method == "GET" else LARGEST_LOGIN
        call.allow(self._allowed(0))
        while part := _read(answer):
            share.grow(len(part))
            body += part
            call.allow(self._allowed(len(body)) - (time.monotonic() - began))
            if max(len(body), answer.raw.tell()) > largest:
                message = f"{url}: an answer of more than {largest} bytes"
                raise self._too_long(message, url)
        share.grow(len(body))  # the copy
        return bytes(body)

    def _allowed(self, size: int) -> float:
        """Seconds for a body of which so many bytes have come."""
        return min(TOTAL_FACTOR * self._timeout + size / SLOWEST, LONGEST_FACTOR * self._timeout)


def _read(answer: requests.Response) -> bytes:
    """The next bytes of a body, with errors as requests has them."""
    try:
        return bytes(answer.raw.read1(_PART, decode_content=True))
    except (ProtocolError, DecodeError) as error:
        raise http.ChunkedEncodingError(error) from error
    except ReadTimeoutError as error:
        raise http.ReadTimeout(error) from error
    except SSLError as error:
        raise http.SSLError(error) from error


def bounded_session(
    bounds: Bounds, timeout: float, too_long: TooLong = _too_long
) -> requests.Session:
    """A session whose requests all go through the adapter."""
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, BoundedAdapter(bounds, timeout, too_long))
    return session
