"""Answers of hosts, for fetchers that declare the source `cli` besides their own."""

from __future__ import annotations

from calipso.hostparse.iplink import Device
from calipso.hostparse.ovsdb import Bridge
from calipso.hostparse.routes import Route
from calipso.sources.fetcher import Fetcher
from calipso.topology.wiring import Wiring


def bridges(fetcher: Fetcher, host: str) -> dict[str, Bridge]:
    """Open vSwitch bridges of a host. Raises CliAccessError or ParseError."""
    found: dict[str, Bridge] = fetcher.source("cli").bridges(host)
    return found


def devices(fetcher: Fetcher, host: str) -> dict[str, Device]:
    """Network devices of a host. Raises CliAccessError or ParseError."""
    found: dict[str, Device] = fetcher.source("cli").devices(host)
    return found


def wiring(fetcher: Fetcher, host: str) -> Wiring:
    """How a host is wired. Raises CliAccessError or ParseError."""
    found: Wiring = fetcher.source("cli").wiring(host)
    return found


def routes(fetcher: Fetcher, host: str) -> list[Route]:
    """Routes of a host. Raises CliAccessError or ParseError."""
    found: list[Route] = fetcher.source("cli").routes(host)
    return found
