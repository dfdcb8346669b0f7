"""Hosts of the cloud."""

from __future__ import annotations

from collections import Counter

from calipso.discover.fetchers.api import api_hosts
from calipso.discover.fetchers.api.api_host_lists import (
    agents,
    cells_away,
    nova_services,
    of_regions,
    silent_hosts,
    zone_id,
)
from calipso.errors import ErrorKind, PartialAnswer
from calipso.model.inventory import Fetched
from calipso.model.scan import Problem
from calipso.sources.api.api_access import NOVA, ApiAccess


class ApiFetchProjectHosts(ApiAccess):
    """Hosts that Nova's services, hypervisors and Neutron's agents name, under their zone.

    Asked once for the whole cloud: as the admin project. The operating system of a host is read
    on the host itself, by CliFetchHostDetails.
    """

    def get(self, parent_id: str) -> list[Fetched]:
        if not self.is_admin_project(parent_id):
            return []
        regions = self.regions("compute")
        return self._one_of_each(of_regions(regions, lambda region: self._hosts(region, regions)))

    def _one_of_each(self, hosts: list[Fetched]) -> list[Fetched]:
        """Hosts by name: it is their id, so two regions with equal names cannot both be kept."""
        found: dict[str, Fetched] = {}
        for host in hosts:
            found.setdefault(host["id"], host)
        if len(found) < len(hosts):
            counts = Counter(host["id"] for host in hosts)
            twins = sorted(name for name, count in counts.items() if count > 1)
            self.context.problem(
                Problem(
                    kind=ErrorKind.UNEXPECTED_OUTPUT,
                    message=f"{len(twins)} hosts are in several regions by the same name, such as "
                    f"{twins[0]}; those of the first region are kept",
                    hint="Make each region an environment: `region` of the OpenStack section.",
                    source="api",
                )
            )
        return list(found.values())

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
