"""The client of an APIC against one on loopback, over TLS."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from calipso.errors import AciAccessError, ErrorKind
from calipso.limits.calls import Bounds
from calipso.model.sections import AciSection
from calipso.sources.aci import apic as client
from calipso.sources.aci.apic import Apic
from tests.access.small_servers import Web, talker
from tests.sample_cloud.serve.apic import PASSWORD, ApicServer
from tests.sample_cloud.serve.certificates import self_signed

NODES = [
    {"dn": f"topology/pod-1/node-{number}", "name": f"leaf-{number}", "role": "leaf"}
    for number in range(101, 126)
]


@pytest.fixture
def tls(tmp_path: Path) -> Path:
    return self_signed(tmp_path / "apic.pem")


@pytest.fixture
def server(tls: Path) -> Iterator[ApicServer]:
    with ApicServer(tls, {"fabricNode": NODES}) as found:
        yield found


def apic_of(section: dict[str, Any], timeout: float = 5.0) -> Apic:
    return Apic(AciSection(**section), Bounds(), timeout)


def refused(section: dict[str, Any], timeout: float = 5.0) -> AciAccessError:
    with pytest.raises(AciAccessError) as caught:
        list(apic_of(section, timeout).each("fabricNode"))
    assert caught.value.hint
    assert PASSWORD not in f"{caught.value} {caught.value.hint}"
    return caught.value


def test_every_object_comes_once_over_several_pages(
    server: ApicServer, tls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAGE", 10)

    found = list(apic_of(server.section(ca_file=str(tls))).each("fabricNode"))

    assert found == NODES
    assert server.asked == ["fabricNode"] * 3
    assert server.logins == 1


def test_a_login_that_has_ended_is_made_anew_once(server: ApicServer, tls: Path) -> None:
    apic = apic_of(server.section(ca_file=str(tls)))
    apic.login()
    server.tokens.clear()

    assert len(list(apic.each("fabricNode"))) == len(NODES)
    assert server.logins == 2


def test_a_certificate_of_nobody_is_refused_unless_told_otherwise(server: ApicServer) -> None:
    error = refused(server.section())

    assert error.kind is ErrorKind.TLS
    assert "ca_file" in error.hint
    assert list(apic_of(server.section(insecure=True)).each("fabricNode")) == NODES


def test_a_wrong_password_is_a_refused_login(server: ApicServer) -> None:
    error = refused(server.section(insecure=True, pwd="other"))

    assert error.kind is ErrorKind.LOGIN_FAILED
    assert server.asked == []


@pytest.mark.parametrize(
    ("status", "kind"), [(403, ErrorKind.FORBIDDEN), (503, ErrorKind.SERVER_ERROR)]
)
def test_an_error_of_the_apic_is_told_with_its_reason(
    server: ApicServer, status: int, kind: ErrorKind
) -> None:
    server.errors["fabricNode"] = (status, "no rights to\x1b[31m read")

    error = refused(server.section(insecure=True))

    assert error.kind is kind
    assert f"the APIC answers {status}: no rights to" in error.message
    assert "\x1b" not in error.message


def test_a_list_that_promises_more_than_it_has_ends_with_an_error(server: ApicServer) -> None:
    server.promised["fabricNode"] = 3

    error = refused(server.section(insecure=True))

    assert error.kind is ErrorKind.TRUNCATED
    assert "25 of 28 objects came" in error.message


def test_a_list_without_an_end_is_given_up(
    server: ApicServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAGE", 1)
    monkeypatch.setattr(client, "MOST_PAGES", 4)

    assert refused(server.section(insecure=True)).kind is ErrorKind.TRUNCATED
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    "said",
    [{}, [], {"imdata": {}}, {"imdata": [None, {"aaaLogin": []}]}, "text", {"imdata": "x" * 99}],
)
def test_another_service_is_named_as_such(tls: Path, said: Any) -> None:
    with Web(tls) as web:
        web.said = said
        section = {"name": "ACI", "host": "127.0.0.1", "port": web.port}
        error = refused({**section, "user": "a", "pwd": PASSWORD, "insecure": True})

    assert error.kind is ErrorKind.UNEXPECTED_OUTPUT
    assert "no APIC answers there" in error.message


def test_a_server_that_is_silent_costs_one_timeout() -> None:
    with talker(b"") as port:
        section = {"name": "ACI", "host": "127.0.0.1", "port": port, "user": "a", "pwd": PASSWORD}
        error = refused({**section, "insecure": True}, timeout=0.3)

    assert error.kind in (ErrorKind.TIMEOUT, ErrorKind.UNREACHABLE, ErrorKind.TLS)


def test_a_server_that_sends_a_byte_now_and_then_is_given_up(tls: Path) -> None:
    began = time.monotonic()
    with drip(tls, b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + b" " * 9999, 0.1) as port:
        section = {"name": "ACI", "host": "127.0.0.1", "port": port, "user": "a", "pwd": PASSWORD}
        error = refused({**section, "insecure": True}, timeout=0.5)

    assert error.kind is ErrorKind.TIMEOUT
    assert time.monotonic() - began < 30


@contextmanager
def drip(tls: Path, said: bytes, pause: float) -> Iterator[int]:
    """A port with TLS that says this byte by byte to the first who connects."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls)

    def talk() -> None:
        with suppress(OSError), context.wrap_socket(server.accept()[0], server_side=True) as peer:
            for byte in said:
                peer.sendall(bytes([byte]))
                time.sleep(pause)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=talk, daemon=True).start()
        yield server.getsockname()[1]
