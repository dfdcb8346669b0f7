"""Instances of compute hosts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from calipso.discover.fetchers.api.api_host_lists import cells_away, silent_hosts
from calipso.discover.fetchers.api.instance_ports import InstancePorts, add_network
from calipso.errors import AccessError, CalipsoError
from calipso.model.inventory import Fetched
from calipso.model.scan import Problem
from calipso.sources.api.api_access import NOVA, ApiAccess
from calipso.sources.api.api_paging import Item
from calipso.sources.fetcher import Outcome
from calipso.utils.metadata_parser import load_class

#: How many instances are completed from the cell databases at a time.
PORTION = 500

POWER_STATES = {
    0: "no state",
    1: "running",
    3: "paused",
    4: "shut down",
    6: "crashed",
    7: "suspended",
}


class Compute(NamedTuple):
    """What is known of a compute host."""

    address: str
    region: str


class ApiFetchHostInstances(ApiAccess):
    """Instances below their hosts: one listing of the whole cloud for all hosts.

    Nova lists them; `network_info` comes from the cell databases. Where these cannot be read it
    stays as it is known, or is made of Neutron's ports. `network` and `mac_address` follow the
    ports: the cache ages.
    """

    batch_size: ClassVar[int | None] = None

    def get_many(self, parent_ids: Sequence[str]) -> Iterator[Outcome]:
        parents: dict[str, str] = {}
        for parent_id in parent_ids:
            try:
                parents[self.host_of(parent_id)] = parent_id
            except CalipsoError as error:
                yield parent_id, error
        compute = self._compute_hosts(parents)
        for host in parents.keys() - compute.keys():
            yield parents[host], []
        of_host, failed = self._listed(compute) if compute else ({}, {})
        for host, failure in failed.items():
            yield parents[host], failure
        ports = InstancePorts(self.inv, self.env)
        for hosts in _portions(compute.keys() - failed.keys(), of_host):
            self._complete([item for host in hosts for item in of_host.get(host, ())], ports)
            for host in hosts:
                yield parents[host], of_host.pop(host, [])

    def _compute_hosts(self, names: Iterable[str]) -> dict[str, Compute]:
        """Address and region of each host that runs instances."""
        fields = ["id", "ip_address", "host_type", "id_path"]
        return {
            str(host["id"]): Compute(
                str(host.get("ip_address") or ""), region_of(str(host.get("id_path") or ""))
            )
            for host in self.inv.find(self.env, "host", fields=fields, id=sorted(names))
            if "Compute" in (host.get("host_type") or ())
        }

    def _listed(
        self, compute: Mapping[str, Compute]
    ) -> tuple[dict[str, list[Fetched]], dict[str, CalipsoError]]:
        """Instances by host, and the hosts of which they could not be had."""
        found: dict[str, list[Fetched]] = defaultdict(list)
        failed: dict[str, CalipsoError] = {}
        try:
            names, regions = self.project_names(), self.regions("compute")
        except CalipsoError as error:
            return {}, dict.fromkeys(compute, error)
        for region in regions:
            try:
                for server in self._servers(region, compute):
                    host = str(server.get("OS-EXT-SRV-ATTR:host"))
                    if host in compute:
                        found[host].append(instance(server, names, compute[host].address))
            except CalipsoError as error:
                failed |= {h: error for h in compute if compute[h].region in (region, "")}
            else:
                silent = silent_hosts(self, region) & compute.keys()
                failed |= dict.fromkeys(silent, cells_away(region, silent))
        return found, failed

    def _servers(self, region: str, compute: Mapping[str, Compute]) -> Iterator[Item]:
        only = {"host": next(iter(compute))} if len(compute) == 1 else {}
        return self.list(
            "compute",
            "/v2.1/servers/detail",
            "servers",
            region=region,
            params={"all_tenants": "1", **only},
            microversion=NOVA,
        )

    def _complete(self, instances: list[Fetched], ports: InstancePorts) -> None:
        infos = self._network_infos([item["id"] for item in instances])
        for item in instances:
            add_network(item, infos.get(item["id"]), ports)

    def _network_infos(self, ids: list[str]) -> dict[str, list[Item]]:
        """What the cell databases know; where they fail, which is told, what is stored."""
        caches = load_class("DbFetchInstances", self.context.fetchers_package)()
        caches.bind(self.context)
        try:
            infos: dict[str, list[Item]] = caches.network_infos(ids)
        except AccessError as error:
            self.context.problem(
                Problem(kind=error.kind, message=error.message, hint=error.hint, source="db")
            )
            known = self.inv.find(self.env, "instance", fields=["id", "network_info"], id=ids)
            return {item["id"]: item["network_info"] for item in known if "network_info" in item}
        return infos


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


def region_of(id_path: str) -> str:
    """Region of a host: `/env/env-regions/RegionOne/...`; empty when the path tells none."""
    parts = id_path.split("/")
    return parts[3] if len(parts) > 3 else ""


def instance(server: Item, names: Mapping[str, str], host_address: str) -> Fetched:
    """Inventory object of a Nova server, still without its network."""
    project_id = str(server.get("tenant_id") or "")
    flavor = server.get("flavor") or {}
    power = server.get("OS-EXT-STS:power_state")
    return {
        "id": str(server["id"]),
        "uuid": str(server["id"]),
        "name": str(server.get("name") or server["id"]),
        "host": str(server["OS-EXT-SRV-ATTR:host"]),
        "local_name": str(server.get("OS-EXT-SRV-ATTR:instance_name") or ""),
        "ip_address": host_address,
        "project_id": project_id,
        "project": names.get(project_id, ""),
        "projects": [names[project_id]] if project_id in names else [],
        "status": server.get("status"),
        "vm_state": server.get("OS-EXT-STS:vm_state"),
        "power_state": POWER_STATES.get(power, str(power)) if isinstance(power, int) else None,
        "availability_zone": server.get("OS-EXT-AZ:availability_zone"),
        "created": server.get("created"),
        "flavor": {
            "name": flavor.get("original_name") or flavor.get("id"),
            "vcpus": flavor.get("vcpus"),
            "ram": flavor.get("ram"),
            "disk": flavor.get("disk"),
        },
    }
