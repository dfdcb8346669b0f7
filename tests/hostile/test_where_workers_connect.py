"""Workers connect to the networks that are allowed, and never to the stores of their own."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from calipso.errors import ConfigError, ErrorKind
from calipso.limits.dial import AddressRefused, check_address, dial, networks
from calipso.settings import settings


@pytest.fixture(autouse=True)
def stores(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CALIPSO_MONGO_URL", "mongodb://a:b@127.0.0.1:27017,db.invalid/?x=y")
    monkeypatch.setenv("CALIPSO_REDIS_URL", "redis://127.0.0.1/0")
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.parametrize(
    "place",
    [
        ("127.0.0.1", 27017),
        ("127.0.0.9", 6379),
        ("0.0.0.0", 6379),
        ("::1", 27017),
        ("::ffff:127.0.0.1", 27017),
        ("localhost", 6379),
        ("169.254.169.254", 80),
        ("fe80::1", 80),
    ],
)
def test_own_stores_and_link_local_addresses_are_refused(place: tuple[str, int]) -> None:
    with pytest.raises(AddressRefused) as raised:
        dial(*place, 1.0)

    assert raised.value.kind is ErrorKind.FORBIDDEN
    assert "CALIPSO_SOURCE_NETWORKS" in raised.value.hint


def test_the_same_machine_under_another_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("0.0.0.0", 0)) as listening:
        port = listening.getsockname()[1]
        monkeypatch.setenv("CALIPSO_REDIS_URL", f"redis://127.0.0.1:{port}/0")
        settings.cache_clear()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(("192.0.2.1", 9))
            except OSError:
                pytest.skip("this machine has the loopback only")
            mine = probe.getsockname()[0]
        with pytest.raises(AddressRefused, match="store"):
            dial(mine, port, 1.0)


def test_other_addresses_of_the_loopback_are_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        dial("127.0.0.1", listening.getsockname()[1], 1.0).close()


def test_with_a_list_only_its_networks_are_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALIPSO_SOURCE_NETWORKS", "192.0.2.0/24, 169.254.1.0/24")
    settings.cache_clear()

    check_address("192.0.2.7", 80)
    check_address("169.254.1.9", 80)
    for place in (("198.51.100.1", 80), ("127.0.0.1", 27017), ("127.0.0.1", 80)):
        with pytest.raises(AddressRefused):
            check_address(*place)


def test_a_wrong_network_is_named() -> None:
    with pytest.raises(ConfigError, match="nonsense"):
        networks("192.0.2.0/24, nonsense")
