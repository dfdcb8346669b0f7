"""Hosts of a region of the toy cloud."""

from __future__ import annotations

from typing import Any

from calipso.errors import AccessError, ErrorKind, PartialAnswer
from calipso.sources.fetcher import Fetcher
from tests.scan.toy.toycloud import cloud


class CliFetchToyHosts(Fetcher):
    """Hosts, read one region at a time."""

    source_name = "cli"

    def get(self, parent_id: str) -> list[dict[str, Any]]:
        """Hosts of the region; only those in `told` when the region tells a part.

        `below` has the parents of hosts that do not hang below their region.
        """
        now = cloud()
        names = now["regions"][parent_id]
        told = now.get("told", {}).get(parent_id, names)
        below = now.get("below", {})
        found = [
            {"id": name, "host_type": ["Compute"], **below.get(name, {})}
            for name in names
            if name in told
        ]
        if len(found) < len(names):
            error = AccessError(f"{parent_id}: half an answer", kind=ErrorKind.SERVER_ERROR)
            raise PartialAnswer([error], found)
        return found
