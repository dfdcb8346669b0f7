"""Addresses as clouds have them: odd URLs, no region, http to a TLS port, redirects, proxies."""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from calipso.errors import ApiAccessError, ErrorKind
from calipso.sources.api.api_access import ApiAccess
from calipso.sources.api.catalogue import identity_root, without_version
from tests.sample_cloud.serve.certificates import self_signed

from .openstack_server import Answer, OpenStackServer
from .scan_context import context

PORTS = Answer({"ports": [{"id": "p"}]})


@pytest.fixture
def cloud() -> Iterator[OpenStackServer]:
    with OpenStackServer() as server:
        yield server


def ports(section: dict[str, Any], region: str | None = None) -> list[str]:
    opened = context(OpenStack=section)
    access: ApiAccess = opened.source("api")
    try:
        return [p["id"] for p in access.list("network", "/v2.0/ports", "ports", region=region)]
    finally:
        opened.close()


def refused(section: dict[str, Any]) -> ApiAccessError:
    with pytest.raises(ApiAccessError) as caught:
        ports(section)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("url", "root"),
    [
        ("http://c:8774/v2.1/0123abcd", "http://c:8774"),
        ("http://c:8774/v2.1", "http://c:8774"),
        ("http://c:9696", "http://c:9696"),
        ("http://c:9696/", "http://c:9696"),
        ("http://c/networking/v2.0//", "http://c/networking"),
        ("http://c/v1/openstack/compute/v2.1", "http://c/v1/openstack/compute"),
        ("https://v3/compute/v2.1/AUTH_1", "https://v3/compute"),
        ("http://v2.example.com:9696", "http://v2.example.com:9696"),
        ("http://[2001:db8::1]:9696/v2.0", "http://[2001:db8::1]:9696"),
    ],
)
def test_the_address_of_a_service_is_that_without_its_version(url: str, root: str) -> None:
    assert without_version(url) == root


@pytest.mark.parametrize(
    ("url", "root"),
    [
        ("http://c:5000/v3", "http://c:5000"),
        ("http://c:5000", "http://c:5000"),
        ("http://c/identity", "http://c/identity"),
        ("http://c/identity/v3/", "http://c/identity"),
        ("http://c/identity/v3/auth/tokens", "http://c/identity"),
        ("http://c:5000/v2.0/", "http://c:5000"),
        ("http://v3/identity", "http://v3/identity"),
    ],
)
def test_keystone_is_found_whatever_stands_behind_its_address(url: str, root: str) -> None:
    assert identity_root(url) == root


def test_endpoints_without_a_region_are_asked_as_no_region(
    cloud: OpenStackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = cloud.catalogue()
    for service in found:
        for endpoint in service["endpoints"]:
            endpoint["region"] = endpoint["region_id"] = None
    monkeypatch.setattr(cloud, "catalogue", lambda: found)
    cloud.answer("/network/RegionOne/v2.0/ports", PORTS)

    assert ports({"port": cloud.port}, "No-Region") == ["p"]


def test_a_region_is_known_by_its_id_and_an_interface_by_its_old_word(
    cloud: OpenStackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = cloud.catalogue()
    for service in found:
        for endpoint in service["endpoints"]:
            del endpoint["region"]
            endpoint["interface"] += "URL"
    monkeypatch.setattr(cloud, "catalogue", lambda: found)
    cloud.answer("/network/RegionOne/v2.0/ports", PORTS)

    assert ports({"port": cloud.port}, "RegionOne") == ["p"]


def test_http_to_a_port_that_speaks_tls_says_so(tmp_path: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(self_signed(tmp_path / "cert.pem"))
    with OpenStackServer(tls) as cloud:
        error = refused({"port": cloud.port, "use_tls": False})

    assert "speaks TLS" in error.message
    assert "https://" in error.hint
    assert "use_tls" in error.hint


def test_a_bad_request_of_something_else_is_named_as_such() -> None:
    page = b"<html>400 The plain HTTP request was sent to HTTPS port</html>"
    head = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nConnection: close\r\n"
    with saying(head + b"Content-Length: %d\r\n\r\n" % len(page) + page) as port:
        error = refused({"port": port})

    assert "HTTP 400" in error.message
    assert "use_tls" in error.hint


def test_https_to_a_port_without_tls_says_so(cloud: OpenStackServer) -> None:
    error = refused({"port": cloud.port, "use_tls": True})

    assert error.kind is ErrorKind.TLS
    assert "plain HTTP" in error.message
    assert "http://" in error.hint


@pytest.mark.parametrize("path", ["/v3/auth/tokens", "/network/RegionOne/v2.0/ports"])
def test_a_redirect_says_where_to_and_what_to_set(cloud: OpenStackServer, path: str) -> None:
    there = f"https://127.0.0.1:{cloud.port}/elsewhere"
    cloud.answer(path, Answer(raw=b"moved", status=301, headers={"Location": there}))

    error = refused({"port": cloud.port})

    assert "HTTP 301" in error.message
    assert there in error.hint
    assert "auth_url" in error.hint


def test_a_redirect_to_another_host_does_not_name_it(cloud: OpenStackServer) -> None:
    headers = {"Location": "http://internal.example/secret?token=S3CRET"}
    cloud.answer("/v3/auth/tokens", Answer(raw=b"", status=302, headers=headers))

    error = refused({"port": cloud.port})

    assert "another host" in error.hint
    assert "internal" not in error.hint
    assert "S3CRET" not in str(error)


def test_a_proxy_that_fails_is_named_in_the_hint(
    cloud: OpenStackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with saying(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\ndenied") as port:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")

        error = refused({"host": "192.0.2.11", "port": 5000})

    assert "NO_PROXY" in error.hint


def test_a_web_page_instead_of_keystone_names_auth_url(cloud: OpenStackServer) -> None:
    cloud.answer("/v3/auth/tokens", Answer(raw=b"<html>welcome</html>", status=200))

    assert "auth_url" in refused({"port": cloud.port}).hint


@contextmanager
def saying(answer: bytes) -> Iterator[int]:
    """A port that gives the same answer to every request."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.settimeout(5)
            self.request.recv(65536)
            self.request.sendall(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
