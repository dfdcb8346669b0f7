"""Instances of compute hosts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from calipso.discover.fetchers.api.api_host_lists import cells_away, silent_hosts
from calipso.discover.fetchers.api.api_servers import instances_of, instances_of_host
from calipso.discover.fetchers.api.instance_details import complete
from calipso.discover.fetchers.api.instance_ports import InstancePorts
from calipso.errors import CalipsoError
from calipso.model.hosts import region_of, runs_instances
from calipso.model.inventory import Fetched
from calipso.sources.api.api_access import ApiAccess
from calipso.sources.fetcher import Outcome

#: How many instances are completed from the cell databases at a time.
PORTION = 500


class Compute(NamedTuple):
    """Fields of a compute host that its instances need."""

    address: str
    region: str


class ApiFetchHostInstances(ApiAccess):
    """Instances below their hosts; one listing of the whole cloud serves all hosts.

    Nova lists the instances; `network_info` comes from the cell databases. If these cannot be read,
    the fetcher keeps the stored value, or makes one from Neutron's ports. `network` and
    `mac_address` come from the ports, because Nova's cache may be old. An instance belongs to the
    host of its own region.
    """

    sources: ClassVar[tuple[str, ...]] = ("db",)
    batch_size: ClassVar[int | None] = None

    def get_many(self, parent_ids: Sequence[str]) -> Iterator[Outcome]:
        parents: dict[str, str] = {}
        for parent_id in parent_ids:
            try:
                parents[self.host_of(parent_id)] = parent_id
            except CalipsoError as error:
                yield parent_id, error
        compute = self._compute_hosts(parents)
        for host, parent_id in parents.items():
            if host not in compute:
                yield parent_id, []
        of_host, failed = self._listed(compute) if compute else ({}, {})
        for host, failure in failed.items():
            yield parents[host], failure
        ports = InstancePorts(self.inv, self.env)
        for hosts in _portions([host for host in compute if host not in failed], of_host):
            found = {
                host: [item | {"host_ip_address": compute[host].address} for item in of_host[host]]
                for host in hosts
            }
            complete(self, [item for items in found.values() for item in items], ports)
            for host in hosts:
                yield parents[host], found.pop(host)

    def _compute_hosts(self, names: Iterable[str]) -> dict[str, Compute]:
        """Address and region of each host that runs instances."""
        fields = ["id", "ip_address", "host_type", "region", "id_path"]
        return {
            str(host["id"]): Compute(str(host.get("ip_address") or ""), region_of(host))
            for host in self.inv.find(self.env, "host", fields=fields, id=sorted(names))
            if runs_instances(host)
        }

    def _listed(
        self, compute: Mapping[str, Compute]
    ) -> tuple[Mapping[str, list[Fetched]], dict[str, CalipsoError]]:
        """Return the instances by host, and the hosts whose instances could not be read."""
        found: dict[str, list[Fetched]] = defaultdict(list)
        failed: dict[str, CalipsoError] = {}
        try:
            regions = self.regions("compute")
        except CalipsoError as error:
            return found, dict.fromkeys(compute, error)
        for region in regions:
            here = {host for host in compute if compute[host].region in (region, "")}
            if not here:
                continue
            try:
                for item in self._instances(region, here):
                    if item.get("host") in here:
                        found[item["host"]].append(item)
            except CalipsoError as error:
                failed |= dict.fromkeys(here, error)
            else:
                silent = silent_hosts(self, region) & here
                failed |= dict.fromkeys(silent, cells_away(region, silent))
        return found, failed

    def _instances(self, region: str, hosts: set[str]) -> list[Fetched]:
        if len(hosts) == 1:
            return instances_of_host(self, region, next(iter(hosts)))
        return instances_of(self, region)


def _portions(hosts: Iterable[str], of_host: Mapping[str, list[Any]]) -> Iterator[list[str]]:
    """Hosts in groups of about PORTION instances."""
    group: list[str] = []
    size = 0
    for host in hosts:
        group.append(host)
        size += len(of_host.get(host, ()))
        if size >= PORTION:
            yield group
            group, size = [], 0
    if group:
        yield group
