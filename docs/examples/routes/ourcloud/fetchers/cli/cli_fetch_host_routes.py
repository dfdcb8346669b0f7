"""Routes of hosts."""

from __future__ import annotations

from typing import Any

from calipso.discover.fetchers.cli.cli_access import CliAccess


class CliFetchHostRoutes(CliAccess):
    """Routes of the main table of a host, from `ip -j route show`."""

    def get(self, parent_id: str) -> list[dict[str, Any]]:
        host = self.host_of(parent_id)
        return [route(entry, host) for entry in self.run_json("ip -j route show", host)]


def route(entry: dict[str, Any], host: str) -> dict[str, Any]:
    """Inventory object of one route. Ids hold no `/`: it separates the parts of a path."""
    destination, device = str(entry["dst"]), str(entry.get("dev", ""))
    return {
        "id": f"{host}-route-{destination.replace('/', '_')}-{device}",
        "name": destination,
        "host": host,
        "device": device,
        "gateway": entry.get("gateway", ""),
        "source_address": entry.get("prefsrc", ""),
        "metric": entry.get("metric", 0),
    }
