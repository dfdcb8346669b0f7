"""Physical switches that hosts see by LLDP."""

from __future__ import annotations

from typing import ClassVar

from calipso.discover.fetchers.cli.switches import seen_by_nics
from calipso.model.inventory import Fetched
from calipso.sources.fetcher import Fetcher


class CliFetchSwitches(Fetcher):
    """Switches, one object each however many hosts see them; the parent is the folder of switches.

    It asks no host: what NICs see is in the inventory. So a switch goes when no stored NIC sees it
    any more, and stays when a host that sees it could not be read.
    """

    source_name: ClassVar[str] = "cli"
    derives: ClassVar[bool] = True

    def get(self, parent_id: str) -> list[Fetched]:
        found: dict[str, Fetched] = {}
        for seen in seen_by_nics(self):
            told = seen.told
            if seen.of_fabric:
                continue  # AciFetchSwitches has found it
            fields = {
                "id": seen.switch_id,
                "name": seen.switch_name,
                "chassis_id": told.get("chassis_id"),
                "management_addresses": told.get("management_addresses"),
                "capabilities": told.get("capabilities"),
            }
            found.setdefault(seen.switch_id, {key: value for key, value in fields.items() if value})
        return list(found.values())
