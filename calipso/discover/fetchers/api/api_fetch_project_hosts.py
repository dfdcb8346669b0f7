"""Hosts of the cloud."""

from __future__ import annotations

from calipso.discover.fetchers.api import api_hosts
from calipso.discover.fetchers.api.api_access import NOVA, ApiAccess
from calipso.discover.fetchers.api.api_host_lists import (
    agents,
    cells_away,
    nova_services,
    of_regions,
    silent_hosts,
    zone_id,
)
from calipso.errors import PartialAnswer
from calipso.model.inventory import Fetched


class ApiFetchProjectHosts(ApiAccess):
    """Hosts that Nova's services, hypervisors and Neutron's agents name, under their zone.

    Asked once for the whole cloud: as the admin project. The operating system of a host is read
    on the host itself, by CliFetchHostDetails.
    """

    def get(self, parent_id: str) -> list[Fetched]:
        if not self.is_admin_project(parent_id):
            return []
        regions = self.regions("compute")
        return of_regions(regions, lambda region: self._hosts(region, regions))

    def _hosts(self, region: str, regions: list[str]) -> list[Fetched]:
        """Hosts of one region. Those of a cell that Nova cannot reach stay as they are known."""
        services, silent = nova_services(self, region), silent_hosts(self, region)
        network = [agent for agent in agents(self, region) if agent["host"] not in silent]
        hypervisors = self.list(
            "compute",
            "/v2.1/os-hypervisors/detail",
            "hypervisors",
            region=region,
            microversion=NOVA,
        )
        found = api_hosts.hosts(services, list(hypervisors), network)
        for host in found:
            host["parent_id"] = zone_id(region, host["zone"], regions)
            host["parent_type"] = "availability_zone"
        if silent:
            raise PartialAnswer([cells_away(region, silent)], found)
        return found
