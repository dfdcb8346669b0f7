"""Routers."""

from __future__ import annotations

from collections import defaultdict

from calipso.discover.fetchers.api.project_lists import ProjectList
from calipso.model.documents import Document
from calipso.model.inventory import Fetched
from calipso.sources.api.api_paging import Item

_PORT = ("device_id", "device_owner", "network_id", "mac_address", "fixed_ips", "binding:host_id")


class ApiFetchRouters(ProjectList):
    """Routers of a region, from Neutron, with their ports, which the scan has stored before."""

    object_type = "router"
    path = "/v2.0/routers"
    list_key = "routers"
    folder = ("routers", "Routers")

    def prepare(self, region: str) -> None:
        """Read the stored ports of routers."""
        self._ports: defaultdict[str, list[Document]] = defaultdict(list)
        for port in self.inv.each(self.env, "port", ("id", *_PORT)):
            if str(port.get("device_owner")).startswith(("network:router_", "network:ha_router")):
                self._ports[str(port.get("device_id"))].append(port)

    def made(self, item: Item) -> Fetched:
        ports = sorted(self._ports[str(item["id"])], key=lambda port: str(port["id"]))
        gateway = item.get("external_gateway_info") or {}
        return {
            "enable_snat": gateway.get("enable_snat"),
            "interfaces": [_interface(port) for port in ports],
            "network": sorted({str(port["network_id"]) for port in ports}),
            "hosts": sorted({str(port.get("binding:host_id") or "") for port in ports} - {""}),
        }


def _interface(port: Document) -> Fetched:
    names = ("device_owner", "network_id", "mac_address", "fixed_ips")
    return {"port_id": port["id"]} | {name: port.get(name) for name in names}
