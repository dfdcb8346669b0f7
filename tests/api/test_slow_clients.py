"""Clients that do not go on: the API answers the others meanwhile, and lets the slow ones go."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import pytest
import requests

from tests.conftest import Stores

from .test_server_process import Serve, Served, serving

pytestmark = pytest.mark.slow

#: Slow connections at once, and the seconds within which others are answered.
MANY, SOON = 80, 2.0


@pytest.fixture(scope="module")
def server(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("slow")
    for serve in serving(stores, folder):
        started: Serve = serve
        yield started()


def _open(server: Served, text: bytes) -> socket.socket:
    where = urlsplit(server.url)
    sock = socket.create_connection((str(where.hostname), int(where.port or 0)), 5)
    sock.sendall(text)
    return sock


@contextmanager
def _half(server: Served, text: bytes) -> Iterator[list[socket.socket]]:
    with ExitStack() as held:
        yield [held.enter_context(_open(server, text)) for _ in range(MANY)]


MODES = {
    "nothing": b"",
    "half a request line": b"GET /heal",
    "half a head": b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: ",
    "a body that never comes": b"POST /api/v1/auth/tokens HTTP/1.1\r\nHost: a\r\n"
    b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{",
    "a chunk that never comes": b"POST /api/v1/auth/tokens HTTP/1.1\r\nHost: a\r\n"
    b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n{",
}


def _seconds(ask: Callable[[], requests.Response]) -> float:
    began = time.monotonic()
    assert ask().status_code in (200, 401)
    return time.monotonic() - began


@pytest.mark.parametrize("mode", MODES)
def test_others_are_answered_beside_slow_clients(server: Served, mode: str) -> None:
    with _half(server, MODES[mode]):
        time.sleep(1.0)
        probes = [_seconds(lambda: server.get("/healthz")) for _ in range(3)]
        reads = [_seconds(lambda: server.get("/api/v1/environment_configs")) for _ in range(3)]

    assert max(probes) < SOON
    assert max(reads) < SOON


@pytest.mark.long
def test_a_slow_client_is_let_go(server: Served) -> None:
    with _open(server, b"GET /healthz HTTP/1.1\r\nX-A: ") as sock:
        sock.settimeout(30)
        began = time.monotonic()
        while time.monotonic() - began < 25:
            try:
                sock.sendall(b"a")  # a byte now and then does not help
            except OSError:
                break
            time.sleep(0.5)
        assert time.monotonic() - began < 20


@pytest.mark.long
def test_wrong_passwords_do_not_delay_others(server: Served) -> None:
    auth = {"methods": ["credentials"], "credentials": {"username": "u", "password": "wrong-one"}}
    said: list[int] = []

    def attempt(number: int) -> None:
        auth["credentials"] = {"username": f"u{number}", "password": "wrong-one"}
        answer = requests.post(
            f"{server.url}/api/v1/auth/tokens", json={"auth": dict(auth)}, timeout=60
        )
        said.append(answer.status_code)

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    probes = [_seconds(lambda: server.get("/healthz")) for _ in range(5)]
    for thread in threads:
        thread.join()

    assert max(probes) < SOON
    assert set(said) <= {401, 429}
    assert said.count(401) > 8
