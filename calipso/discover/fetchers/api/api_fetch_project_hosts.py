"""Hosts of the cloud."""

from __future__ import annotations

from calipso.discover.fetchers.api import api_hosts
from calipso.discover.fetchers.api.api_access import NOVA, ApiAccess
from calipso.discover.fetchers.api.api_host_lists import agents, nova_services, zone_id
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
        found: list[Fetched] = []
        for region in regions:
            hypervisors = self.list(
                "compute",
                "/v2.1/os-hypervisors/detail",
                "hypervisors",
                region=region,
                microversion=NOVA,
            )
            services, network = nova_services(self, region), agents(self, region)
            for host in api_hosts.hosts(services, list(hypervisors), network):
                host["parent_id"] = zone_id(region, host["zone"], regions)
                host["parent_type"] = "availability_zone"
                found.append(host)
        return found
