"""Ports of physical switches that hosts see by LLDP."""

from __future__ import annotations

from typing import ClassVar

from calipso.discover.fetchers.cli.switches import seen_on_switches
from calipso.model.inventory import Fetched
from calipso.sources.fetcher import Fetcher


class CliFetchSwitchPnics(Fetcher):
    """Ports of a switch that a NIC is on; the parent is the switch. Like CliFetchSwitches, it asks
    no host."""

    source_name: ClassVar[str] = "cli"
    derives: ClassVar[bool] = True
    batch_size: ClassVar[int | None] = 100

    def get(self, parent_id: str) -> list[Fetched]:
        found: dict[str, Fetched] = {}
        for seen in seen_on_switches(self).get(parent_id, ()):
            if seen.of_fabric:
                continue  # AciFetchSwitchPnic finds it
            description = seen.told.get("port_description")
            fields = {
                "id": seen.port_id,
                "name": seen.port_name,
                "description": description if description != seen.port_name else None,
                "vlan": seen.told.get("vlan"),
            }
            found.setdefault(seen.port_id, {k: v for k, v in fields.items() if v not in (None, "")})
        return list(found.values())
