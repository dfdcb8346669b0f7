"""Linux bridges of hosts whose switch is Open vSwitch."""

from __future__ import annotations

from typing import ClassVar

from calipso.discover.fetchers.cli.bridges import bridge_vconnectors
from calipso.discover.fetchers.cli.kept_devices import keep_broken
from calipso.discover.fetchers.cli.l2_agents import lists_bridges
from calipso.discover.fetchers.kept_ways import keep_ways
from calipso.model.inventory import Fetched
from calipso.sources.cli.cli_access import CliAccess


class CliFetchVconnectorsOvs(CliAccess):
    """Linux bridges of a host without a Linux bridge agent (rule in `l2_agents`)."""

    sources: ClassVar[tuple[str, ...]] = ("db",)

    def get(self, parent_id: str) -> list[Fetched]:
        host = self.host_of(parent_id)
        if not lists_bridges(self, host, "OVS"):
            return []
        wiring = self.wiring(host)
        found = bridge_vconnectors(self, host, wiring)
        found = keep_ways(self, host, wiring, "vconnector", found)
        return keep_broken(self, host, "vconnector", "bridge_name", found)
