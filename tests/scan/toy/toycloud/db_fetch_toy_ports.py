"""Ports the toy cloud does not have."""

from __future__ import annotations

from calipso.sources.fetcher import Fetcher


class DbFetchToyPorts(Fetcher):
    """Only for a driver that the toy cloud does not use."""

    source_name = "db"
