"""Hosts of the cloud."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from calipso.discover.fetchers.api import api_hosts
from calipso.discover.fetchers.api.api_host_lists import (
    all_but_silent,
    listed_hosts,
    of_regions,
    zone_id,
)
from calipso.discover.fetchers.api.host_problems import (
    driver_problems,
    host_driver_problems,
    name_problems,
    region_problem,
    service_problems,
)
from calipso.errors import PartialAnswer
from calipso.model.drivers import drivers_of_agents
from calipso.model.hosts import region_of
from calipso.model.inventory import Fetched
from calipso.model.scan import Problem
from calipso.sources.api.api_access import NOVA, ApiAccess


class ApiFetchProjectHosts(ApiAccess):
    """Hosts that Nova's services, hypervisors and Neutron's agents name, below their zone.

    One request as the admin project reads the whole cloud. CliFetchHostDetails reads the operating
    system on the host itself. The name of a host is its id. If several regions have hosts of the
    same name, the fetcher keeps those of one region and reports the others.
    """

    def get(self, parent_id: str) -> list[Fetched]:
        if not self.is_admin_project(parent_id):
            return []
        regions = self.regions("compute")
        try:
            found = of_regions(regions, lambda region: self._hosts(region, regions))
        except PartialAnswer as error:
            raise PartialAnswer([error], self._kept(error.found, regions)) from error
        return self._kept(found, regions)

    def _kept(self, hosts: list[Fetched], regions: list[str]) -> list[Fetched]:
        """Return the hosts whose names no other region has, and report their problems."""
        owners = self._owners(hosts, regions)
        kept = [host for host in hosts if owners[host["id"]] == host["region"]]
        left = [host for host in hosts if owners[host["id"]] != host["region"]]
        number = Counter(host["region"] for host in kept)
        for pair in sorted({(host["region"], owners[host["id"]]) for host in left}):
            names = [h["id"] for h in left if (h["region"], owners[h["id"]]) == pair]
            self._report([region_problem(self.env, *pair, names, number[pair[0]])])
        self._report(service_problems(kept))
        return kept

    def _owners(self, hosts: list[Fetched], regions: list[str]) -> dict[str, str]:
        """Return the region of each host name: the stored one, otherwise the first that has it.

        So a region that cannot be read this time keeps its hosts.
        """
        owners: dict[str, str] = {}
        for host in self.inv.find(self.env, "host", ["id", "region", "id_path"]):
            region = region_of(host)
            if region in regions:
                owners[str(host["id"])] = region
        for host in hosts:
            owners.setdefault(host["id"], host["region"])
        return owners

    def _hosts(self, region: str, regions: list[str]) -> list[Fetched]:
        """Return the hosts of one region.

        Hosts of a cell that Nova cannot reach keep their stored state.
        """
        services, network, names, silent = listed_hosts(self, region)
        hypervisors = self.list(
            "compute",
            "/v2.1/os-hypervisors/detail",
            "hypervisors",
            region=region,
            microversion=NOVA,
        )
        found = api_hosts.hosts(services, list(hypervisors), network)
        for host in found:
            host["region"] = region
            host["parent_id"] = zone_id(region, host["zone"], regions)
            host["parent_type"] = "availability_zone"
            if others := sorted(name for name, own in names.aliases.items() if own == host["id"]):
                host["other_names"] = others
        by_name = {host["id"]: host for host in found}
        drivers = drivers_of_agents(network)
        wanted = self.context.environment.mechanism_drivers
        self._report(name_problems(names, by_name))
        self._report(driver_problems(self.env, drivers, wanted))
        self._report(host_driver_problems(self.env, drivers, by_name, wanted))
        return all_but_silent(region, silent, found)

    def _report(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self.context.problem(problem)
