"""Open vSwitch of hosts."""

from __future__ import annotations

from typing import ClassVar

from calipso.discover.fetchers.db.agents import agents, unreadable
from calipso.discover.fetchers.db.host_answers import bridges, devices, wiring
from calipso.discover.fetchers.db.ovs_tunnels import endpoint_of
from calipso.discover.fetchers.db.ovs_vedge import switch_fields
from calipso.discover.fetchers.kept_ways import keep_ways
from calipso.discover.fetchers.ways import barred_by
from calipso.model.inventory import Fetched
from calipso.sources.db.db_access import DbAccess, Row

AGENT_TYPE = "Open vSwitch agent"


class DbFetchVedgesOvs(DbAccess):
    """The vedge of a host: the OVS agent from Neutron's database, the bridges from the host.

    A host has a vedge when Neutron knows an OVS agent there. `ovs-vsctl` must then answer.
    """

    sources: ClassVar[tuple[str, ...]] = ("cli",)

    def get(self, parent_id: str) -> list[Fetched]:
        host = self.host_of(parent_id)
        found = [self._vedge(host, agent) for agent in self._agents().get(host, ())[:1]]
        return keep_ways(self, host, wiring(self, host), "vedge", found) if found else []

    def _agents(self) -> dict[str, list[Row]]:
        """Return the OVS agents of the whole cloud by host. A scan reads them once."""

        def ask() -> dict[str, list[Row]]:
            found: dict[str, list[Row]] = {}
            for row in agents(self, None, agent_type=AGENT_TYPE):
                found.setdefault(str(row["host"]), []).append(row)
            return found

        return self.context.shared("db:ovs_agents", ask)

    def _vedge(self, host: str, agent: Row) -> Fetched:
        if agent["configurations"] is None:
            raise unreadable(agent)
        mappings = agent["configurations"].get("bridge_mappings") or {}
        switch = switch_fields(
            bridges(self, host),
            devices(self, host),
            mappings,
            wiring(self, host),
            barred_by(agent["configurations"]),
            has_endpoint=bool(endpoint_of(agent["configurations"])[1]),
        )
        return {
            **{key: value for key, value in agent.items() if key != "id"},
            "id": f"{host}-OVS",
            "name": f"{host}-OVS",
            "host": host,
            "agent_id": agent["id"],
            "bridge_mappings": mappings,
            **switch,
            **_pnic(agent, switch["bridges"]),
        }


def _pnic(agent: Row, described: list[Row]) -> Row:
    """Return the NIC of the mapped bridge.

    Without tunnels all traffic leaves through it, if there is exactly one.
    """
    if agent["configurations"].get("tunneling_ip"):
        return {}
    mapped = [bridge["ways_out"] for bridge in described if bridge["physical_network"]]
    names = sorted({way["nic"] for ways in mapped for way in ways})
    return {"pnic": names[0]} if len(names) == 1 else {}
