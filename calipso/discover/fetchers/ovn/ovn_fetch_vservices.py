"""Routers and DHCP servers of OVN on their hosts."""

from __future__ import annotations

from typing import ClassVar

from calipso.discover.fetchers.ovn.cloud import ovn_cloud
from calipso.discover.fetchers.ovn.routers import Services, dhcp_object, guests, router_object
from calipso.model.inventory import Fetched
from calipso.sources.fetcher import Fetcher
from calipso.sources.ovn.ovn_access import OvnAccess


def services_of(fetcher: Fetcher) -> Services:
    """Services of the whole cloud. Each process joins them once a scan. Raises OvnAccessError."""

    def make() -> Services:
        cloud = ovn_cloud(fetcher)
        return Services(cloud, guests(cloud))

    return fetcher.context.shared("ovn:services", make)


class OvnFetchVservices(OvnAccess):
    """A logical router is a vservice of the host of its active gateway, one without a gateway of
    each host with a guest behind it. DHCP is answered on each host with a guest of the network.
    """

    sources: ClassVar[tuple[str, ...]] = ("cli",)

    def get(self, parent_id: str) -> list[Fetched]:
        host, services = self.host_of(parent_id), services_of(self)
        names = self._network_names()
        found = [router_object(services, host, router) for router in services.routers[host]]
        found += [
            dhcp_object(services, host, network, names.get(network, ""))
            for network in sorted(services.dhcp[host])
        ]
        return found

    def _network_names(self) -> dict[str, str]:
        def read() -> dict[str, str]:
            stored = self.inv.find(self.env, "network", ("id", "name"))
            return {str(network["id"]): str(network.get("name") or "") for network in stored}

        return self.context.shared("ovn:network_names", read)
