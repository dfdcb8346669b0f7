"""Ports of OVN's routers."""

from __future__ import annotations

from typing import ClassVar

from calipso.discover.fetchers.ovn.ovn_fetch_vservices import services_of
from calipso.discover.fetchers.ovn.routers import router_vnics
from calipso.model.inventory import Fetched
from calipso.sources.ovn.ovn_access import OvnAccess


class OvnFetchVserviceVnics(OvnAccess):
    """The ports of a logical router on the hosts where the router is listed."""

    sources: ClassVar[tuple[str, ...]] = ("cli",)

    def get(self, parent_id: str) -> list[Fetched]:
        host, services = self.host_of(parent_id), services_of(self)
        return [
            vnic
            for router in services.routers[host]
            for vnic in router_vnics(services, host, router)
        ]
