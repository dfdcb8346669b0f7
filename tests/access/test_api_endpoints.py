"""Which address of a service the API source takes, over TLS or not, and what it records."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from calipso.errors import ApiAccessError, ErrorKind
from calipso.limits.http import TOTAL_FACTOR
from calipso.settings import settings
from calipso.sources.api.api_access import ApiAccess
from tests.sample_cloud.serve.certificates import self_signed

from .openstack_server import Answer, OpenStackServer
from .scan_context import context


@pytest.fixture
def cloud() -> Iterator[OpenStackServer]:
    with OpenStackServer() as server:
        server.regions = ["RegionOne", "RegionTwo"]
        for region in server.regions:
            server.answer(f"/network/{region}/v2.0/ports", Answer({"ports": [{"id": region}]}))
        yield server


def ports(section: dict[str, Any], region: str | None = None) -> list[str]:
    opened = context(OpenStack=section)
    access: ApiAccess = opened.source("api")
    try:
        return [p["id"] for p in access.list("network", "/v2.0/ports", "ports", region=region)]
    finally:
        opened.close()


def test_a_list_is_asked_in_the_region_wanted(cloud: OpenStackServer) -> None:
    assert ports({"port": cloud.port}, "RegionTwo") == ["RegionTwo"]


def test_a_region_without_the_service_is_an_error_that_names_it(cloud: OpenStackServer) -> None:
    with pytest.raises(ApiAccessError, match="RegionThree") as caught:
        ports({"port": cloud.port}, "RegionThree")

    assert caught.value.kind is ErrorKind.NOT_FOUND


def test_an_interface_that_is_missing_is_an_error_that_lists_those_there(
    cloud: OpenStackServer,
) -> None:
    with pytest.raises(ApiAccessError, match="internal, public"):
        ports({"port": cloud.port, "interface": "admin"}, "RegionOne")


def test_the_interface_wanted_is_taken(cloud: OpenStackServer) -> None:
    ports({"port": cloud.port, "interface": "internal"}, "RegionOne")

    assert cloud.asked[-1].headers["Host"] == f"localhost:{cloud.port}"


def test_endpoint_host_replaces_the_host_of_the_catalogue_and_keeps_the_port(
    cloud: OpenStackServer,
) -> None:
    section = {"port": cloud.port, "interface": "internal", "endpoint_host": "127.0.0.1"}

    ports(section, "RegionOne")

    assert cloud.asked[-1].headers["Host"] == f"127.0.0.1:{cloud.port}"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("http://", "file://"),
        ("http://", "http://user:S3CRET@"),
        ("/network/RegionOne", "/network/RegionOne?token=S3CRET"),
        ("/network/RegionOne", "/network/RegionOne#x"),
        ("http://127.0.0.1", "http://"),
        ("http://127.0.0.1:", "http://127.0.0.1:99999"),
        ("127.0.0.1", "[127.0.0.1"),
    ],
)
@pytest.mark.parametrize("endpoint_host", ["", "127.0.0.1"])
def test_an_endpoint_that_is_no_plain_address_is_not_asked(
    cloud: OpenStackServer,
    monkeypatch: pytest.MonkeyPatch,
    old: str,
    new: str,
    endpoint_host: str,
) -> None:
    real = cloud.catalogue()
    for endpoint in real[1]["endpoints"]:
        endpoint["url"] = endpoint["url"].replace(old, new)
    monkeypatch.setattr(cloud, "catalogue", lambda: real)

    with pytest.raises(ApiAccessError, match="endpoint of network in the catalogue") as caught:
        ports({"port": cloud.port, "endpoint_host": endpoint_host}, "RegionOne")

    assert caught.value.kind is ErrorKind.UNEXPECTED_OUTPUT
    assert caught.value.hint
    assert "S3CRET" not in str(caught.value)
    assert cloud.asked == []


def test_a_recorder_gets_all_pages_of_a_list_at_once(cloud: OpenStackServer) -> None:
    class Recorder:
        def __init__(self) -> None:
            self.kept: list[tuple[Any, ...]] = []

        def api(self, *what: Any) -> None:
            self.kept.append(what)

    opened = context(OpenStack={"port": cloud.port})
    opened.recorder = Recorder()
    first = {"ports": [{"id": "a"}], "ports_links": [{"rel": "next", "href": "?marker=a"}]}
    cloud.answer("/network/RegionOne/v2.0/ports", Answer(first), Answer({"ports": [{"id": "b"}]}))

    list(opened.source("api").list("network", "/v2.0/ports", "ports", region="RegionOne"))
    opened.close()

    items = [{"id": "a"}, {"id": "b"}]
    assert opened.recorder.kept == [("network", "/v2.0/ports", "ports", None, items, None)]


def test_an_answer_that_trickles_without_end_is_a_timeout(
    cloud: OpenStackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALIPSO_API_TIMEOUT", "0.3")
    settings.cache_clear()
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def trickle() -> None:
        peer, _ = listener.accept()
        with peer:
            peer.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{"ports": [')
            while not stop.wait(0.1):
                try:
                    peer.sendall(b" ")
                except OSError:
                    return

    thread = threading.Thread(target=trickle)
    thread.start()
    real = cloud.catalogue
    slow = f":{listener.getsockname()[1]}/"

    def catalogue() -> list[dict[str, Any]]:
        services = real()
        for endpoint in services[1]["endpoints"]:
            endpoint["url"] = endpoint["url"].replace(f":{cloud.port}/", slow)
        return services

    monkeypatch.setattr(cloud, "catalogue", catalogue)

    with pytest.raises(ApiAccessError, match="did not end") as caught:
        ports({"port": cloud.port}, "RegionOne")

    stop.set()
    thread.join(TOTAL_FACTOR)
    listener.close()
    settings.cache_clear()
    assert caught.value.kind is ErrorKind.TIMEOUT


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return self_signed(tmp_path / "cloud.pem")


@pytest.fixture
def tls_cloud(certificate: Path) -> Iterator[OpenStackServer]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with OpenStackServer(tls) as server:
        server.answer("/network/RegionOne/v2.0/ports", Answer({"ports": [{"id": "a"}]}))
        yield server


def test_a_certificate_of_an_unknown_authority_is_refused(tls_cloud: OpenStackServer) -> None:
    with pytest.raises(ApiAccessError) as caught:
        ports({"auth_url": tls_cloud.url("/v3")})

    assert caught.value.kind is ErrorKind.TLS
    assert "ca_file" in caught.value.hint


def test_a_certificate_is_accepted_with_its_authority(
    tls_cloud: OpenStackServer, certificate: Path
) -> None:
    assert ports({"auth_url": tls_cloud.url("/v3"), "ca_file": str(certificate)}) == ["a"]


def test_insecure_accepts_any_certificate(tls_cloud: OpenStackServer) -> None:
    assert ports({"auth_url": tls_cloud.url("/v3"), "insecure": True}) == ["a"]


def test_a_ca_file_that_is_not_there_is_named(tls_cloud: OpenStackServer, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere.pem")

    with pytest.raises(ApiAccessError, match=r"nowhere\.pem") as caught:
        ports({"auth_url": tls_cloud.url("/v3"), "ca_file": nowhere})

    assert caught.value.kind is ErrorKind.TLS
