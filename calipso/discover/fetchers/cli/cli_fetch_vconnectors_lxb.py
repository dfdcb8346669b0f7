"""Linux bridges of hosts that run Neutron's Linux bridge agent."""

from __future__ import annotations

from typing import Any, ClassVar

from calipso.discover.fetchers.cli.bridges import bridge_vconnectors
from calipso.discover.fetchers.cli.kept_devices import keep_broken
from calipso.discover.fetchers.cli.l2_agents import lists_bridges, lxb_configurations
from calipso.discover.fetchers.kept_ways import keep_ways
from calipso.discover.fetchers.ways import device_ways, ways_fields
from calipso.model.inventory import Fetched
from calipso.sources.cli.cli_access import CliAccess
from calipso.topology.wiring import Wiring
from calipso.topology.wiring.joins import ID_LENGTH


class CliFetchVconnectorsLxb(CliAccess):
    """Linux bridges of a host with a Linux bridge agent, and that agent's `configurations`.

    For a bridge without a port, the name identifies the network: `brq` and the first 11 characters
    of the network's id.
    """

    sources: ClassVar[tuple[str, ...]] = ("db",)

    def get(self, parent_id: str) -> list[Fetched]:
        host = self.host_of(parent_id)
        if not lists_bridges(self, host, "LXB"):
            return []
        configurations = lxb_configurations(self, host)
        wiring = self.wiring(host, switch=False)
        ways = _mapped_ways(wiring, configurations)
        found = [
            {
                **vconnector,
                "network": vconnector["network"] or self._named(vconnector["bridge_name"]),
                "configurations": configurations,
                "mapped_ways": ways,
            }
            for vconnector in bridge_vconnectors(self, host, wiring)
        ]
        found = keep_ways(self, host, wiring, "vconnector", found)
        return keep_broken(self, host, "vconnector", "bridge_name", found)

    def _named(self, bridge: str) -> list[str]:
        found = self._networks().get(bridge)
        return [found] if found else []

    def _networks(self) -> dict[str, str]:
        """Return the network ids by the names of their bridges."""

        def read() -> dict[str, str]:
            networks = self.inv.find(self.env, "network", ("id",))
            return {f"brq{network['id'][:ID_LENGTH]}": network["id"] for network in networks}

        return self.context.shared("cli:brq_names", read)


def _mapped_ways(wiring: Wiring, configurations: dict[str, Any]) -> dict[str, Any]:
    """Ways out of the devices the agent maps provider networks to, by the network's name."""
    found: dict[str, Any] = {}
    for kind in ("interface_mappings", "bridge_mappings"):
        mappings = configurations.get(kind)
        for physical, device in mappings.items() if isinstance(mappings, dict) else ():
            found[physical] = ways_fields(device_ways(wiring, str(device), frozenset()))
    return found
