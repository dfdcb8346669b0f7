"""Answers of hosts, for fetchers that declare the source `cli` besides their own."""

from __future__ import annotations

from calipso.hostparse.iplink import Device
from calipso.hostparse.ovsdb import Bridge
from calipso.sources.fetcher import Fetcher


def bridges(fetcher: Fetcher, host: str) -> dict[str, Bridge]:
    """Open vSwitch bridges of a host. Raises CliAccessError or ParseError."""
    found: dict[str, Bridge] = fetcher.source("cli").bridges(host)
    return found


def devices(fetcher: Fetcher, host: str) -> dict[str, Device]:
    """Network devices of a host. Raises CliAccessError or ParseError."""
    found: dict[str, Device] = fetcher.source("cli").devices(host)
    return found
