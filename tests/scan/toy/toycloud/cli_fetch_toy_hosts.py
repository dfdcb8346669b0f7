"""Hosts of a region of the toy cloud."""

from __future__ import annotations

from typing import Any

from calipso.discover.fetcher import Fetcher
from tests.scan.toy.toycloud import cloud


class CliFetchToyHosts(Fetcher):
    """Hosts, read one region at a time."""

    source_name = "cli"

    def get(self, parent_id: str) -> list[dict[str, Any]]:
        """Hosts of the region."""
        return [{"id": name, "host_type": ["Compute"]} for name in cloud()["regions"][parent_id]]
