"""Hosts that only run network agents."""

from __future__ import annotations

from calipso.discover.fetchers.db.agents import agents
from calipso.model.inventory import Fetched
from calipso.sources.db.db_access import DbAccess


class DbFetchAzNetworkHosts(DbAccess):
    """Hosts with a Neutron metadata agent, as network hosts of a zone."""

    def get(self, parent_id: str) -> list[Fetched]:
        hosts: dict[str, Fetched] = {}
        for agent in agents(self, None, agent_type="Metadata agent"):
            name = str(agent["host"])
            hosts[name] = {
                "id": name,
                "name": name,
                "host": name,
                "zone": parent_id,
                "parent_id": parent_id,
                "parent_type": "availability_zone",
                "host_type": ["Network"],
                "config": agent["configurations"] or {},
            }
        return [hosts[name] for name in sorted(hosts)]
