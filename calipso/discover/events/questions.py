"""Questions to the API about single things that an event names and the inventory does not know."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from calipso.errors import ApiAccessError
from calipso.model.documents import Document
from calipso.sources.context import ScanContext

GONE = 404


class Questions:
    """Asks each question once. Raises AccessError for what cannot be answered."""

    def __init__(self, context: ScanContext) -> None:
        self.context = context
        self._known: dict[str, Any] = {}

    def server(self, key: str) -> Document | None:
        """Return an instance; None when there is none."""
        return self._first("compute", f"/v2.1/servers/{quote(key, safe='')}", "server")

    def port(self, key: str) -> Document | None:
        """Return a port; None when there is none."""
        return self._first("network", f"/v2.0/ports/{quote(key, safe='')}", "port")

    def network(self, key: str) -> Document | None:
        """Return a network; None when there is none."""
        return self._first("network", f"/v2.0/networks/{quote(key, safe='')}", "network")

    def agents_of_router(self, key: str) -> list[str]:
        """Return the hosts of the agents that run a router."""
        return self._hosts(f"/v2.0/routers/{quote(key, safe='')}/l3-agents")

    def agents_of_network(self, key: str) -> list[str]:
        """Return the hosts of the agents that serve a network with addresses."""
        return self._hosts(f"/v2.0/networks/{quote(key, safe='')}/dhcp-agents")

    def _hosts(self, path: str) -> list[str]:
        found = self._first("network", path, "agents", refused={403, GONE}) or []
        listed = found if isinstance(found, list) else []
        return sorted({str(a["host"]) for a in listed if isinstance(a, dict) and a.get("host")})

    def _first(
        self, service: str, path: str, name: str, refused: set[int] | None = None
    ) -> Any | None:
        """Return the answer of the first region that has it."""
        if path not in self._known:
            self._known[path] = self._asked(service, path, name, refused or {GONE})
        return self._known[path]

    def _asked(self, service: str, path: str, name: str, refused: set[int]) -> Any | None:
        api = self.context.source("api")
        for region in api.regions(service):
            try:
                body = api.ask(service, path, region=region)
            except ApiAccessError as error:
                if error.status in refused:
                    continue
                raise
            found = body.get(name) if isinstance(body, dict) else None
            if found:
                return found
        return None
