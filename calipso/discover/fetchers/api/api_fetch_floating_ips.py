"""Floating IPs."""

from __future__ import annotations

from calipso.discover.fetchers.api.project_lists import ProjectList
from calipso.model.inventory import Fetched
from calipso.sources.api.addresses import normal_ip
from calipso.sources.api.api_paging import Item


class ApiFetchFloatingIps(ProjectList):
    """Floating IPs of a region, from Neutron. Those that are joined to no port are included."""

    object_type = "floating_ip"
    path = "/v2.0/floatingips"
    list_key = "floatingips"
    folder = ("floating_ips", "Floating IPs")

    def made(self, item: Item) -> Fetched:
        address = normal_ip(item["floating_ip_address"])
        return {"name": address, "floating_ip_address": address}
