"""Answers that break their protocol: errors of the source, with a hint; never a defect of ours."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from calipso.errors import ApiAccessError, DbAccessError, ErrorKind
from calipso.model.environment import MysqlSection, OpenStackSection
from calipso.settings import load_settings
from calipso.sources.api.api_client import ApiClient, parse
from calipso.sources.db.db_pool import DbPool

SERVICE = {"type": "compute", "endpoints": [{"interface": "public", "url": "http://127.0.0.1:1"}]}
TOKEN: dict[str, Any] = {
    "expires_at": "2100-01-01T00:00:00.000000Z",
    "issued_at": "2026-01-01T00:00:00.000000Z",
    "catalog": [SERVICE],
    "user": {"id": "u", "name": "u", "domain": {"id": "d", "name": "d"}},
}


@contextmanager
def server(say: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that says this to each client; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    client, _ = listening.accept()
                except OSError:
                    return
                with client:
                    client.settimeout(5)
                    try:
                        say(client)
                    except OSError:
                        continue

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def keystone(body: bytes, headers: str = "X-Subject-Token: secret\r\n") -> Any:
    def say(client: socket.socket) -> None:
        client.recv(65536)
        head = f"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n{headers}"
        length = f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        client.sendall((head + length).encode() + body)

    return say


def client_at(port: int) -> ApiClient:
    section = OpenStackSection(host="127.0.0.1", port=port, user="a", pwd="pw-of-a")
    return ApiClient(section, load_settings(), lambda _what: None)


def logged_in(answer: Any) -> bytes:
    return json.dumps({"token": answer}).encode()


ANSWERS: dict[str, bytes] = {
    "token null": logged_in(None),
    "token a list": logged_in([1]),
    "token a text": logged_in("t"),
    "no catalogue": logged_in({k: v for k, v in TOKEN.items() if k != "catalog"}),
    "catalogue null": logged_in(TOKEN | {"catalog": None}),
    "catalogue a map": logged_in(TOKEN | {"catalog": {"a": 1}}),
    "catalogue of texts": logged_in(TOKEN | {"catalog": ["a"]}),
    "endpoints a text": logged_in(TOKEN | {"catalog": [{"type": "compute", "endpoints": "a"}]}),
    "endpoints of numbers": logged_in(TOKEN | {"catalog": [{"type": "a", "endpoints": [1]}]}),
    "no date": logged_in({k: v for k, v in TOKEN.items() if k != "expires_at"}),
    "date a number": logged_in(TOKEN | {"expires_at": 5}),
    "date a word": logged_in(TOKEN | {"expires_at": "tomorrow"}),
    "date of month 13": logged_in(TOKEN | {"expires_at": "2026-13-41T00:00:00Z"}),
    "not UTF-8": b'{"token": "\xff\xfe"}',
    "a list": b"[]",
    "a number": b"5",
    "very deep": b"[" * 100_000,
    "cut": b'{"token": {',
}


@pytest.mark.parametrize("body", ANSWERS.values(), ids=ANSWERS)
def test_a_login_answered_with_nonsense_is_an_error_of_keystone(body: bytes) -> None:
    with server(keystone(body)) as port, pytest.raises(ApiAccessError) as raised:
        client_at(port).endpoint("compute", None)

    assert raised.value.kind in (ErrorKind.UNEXPECTED_OUTPUT, ErrorKind.TRUNCATED)
    assert str(port) in raised.value.message
    assert raised.value.hint
    assert "pw-of-a" not in raised.value.message


def test_a_login_without_a_token_in_its_headers_is_an_error_of_keystone() -> None:
    with server(keystone(logged_in(TOKEN), "")) as port, pytest.raises(ApiAccessError):
        client_at(port).catalogue()


def test_a_good_login_is_taken() -> None:
    with server(keystone(logged_in(TOKEN))) as port:
        assert client_at(port).catalogue() == [SERVICE]


@pytest.mark.parametrize("url", [None, 5, "", "ftp://a", {"a": 1}])
def test_an_endpoint_without_a_usable_address_is_an_error_of_the_catalogue(url: Any) -> None:
    entry = {"interface": "public"} | ({} if url is None else {"url": url})
    token = TOKEN | {"catalog": [{"type": "compute", "endpoints": [entry]}]}

    with server(keystone(logged_in(token))) as port, pytest.raises(ApiAccessError) as raised:
        client_at(port).endpoint("compute", None)

    assert raised.value.kind == ErrorKind.UNEXPECTED_OUTPUT


def test_a_number_of_thousands_of_digits_does_not_cost_the_list() -> None:
    found = parse("http://a", b'{"good": 12, "bad": ' + b"9" * 6000 + b"}")

    assert found["good"] == 12
    assert len(found["bad"]) == 6000


GREETINGS: dict[str, bytes] = {
    "nothing": b"",
    "short greeting": b"\x05\x00\x00\x00\x0a5.7\x00",
    "only a version": b"\x01\x00\x00\x00\x0a",
    "empty packet": b"\x00\x00\x00\x00",
    "HTTP": b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
    "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
    "wrong sequence": b"\x01\x00\x00\x07\x0a",
    "not UTF-8": b"\x06\x00\x00\x00\x0a\xff\xfe\xfd\xfc\x00",
    "noise": bytes(range(256)) * 4,
    "error without text": b"\x01\x00\x00\x00\xff",
}


@pytest.mark.parametrize("greeting", GREETINGS.values(), ids=GREETINGS)
def test_a_server_that_greets_with_nonsense_is_an_error_of_the_database(greeting: bytes) -> None:
    with server(lambda client: client.sendall(greeting)) as port:
        section = MysqlSection(host="127.0.0.1", port=port, user="a", pwd="pw-of-a")
        pool = DbPool(section, load_settings(), lambda _what: None)
        with pytest.raises(DbAccessError) as raised:
            pool.query("SELECT 1", [])

    assert str(port) in raised.value.message
    assert raised.value.hint
    assert "pw-of-a" not in raised.value.message
