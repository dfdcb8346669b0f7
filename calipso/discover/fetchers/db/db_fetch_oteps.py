"""Overlay tunnel endpoints of Open vSwitch."""

from __future__ import annotations

from typing import ClassVar

from calipso.discover.fetchers.db.agents import ids_by_other_name
from calipso.discover.fetchers.db.host_answers import bridges, wiring
from calipso.discover.fetchers.db.ovs_tunnels import endpoint_of, tunnel_fields
from calipso.discover.fetchers.endpoint_device import Endpoint, endpoint_device
from calipso.discover.fetchers.kept_ways import keep_ways
from calipso.discover.fetchers.ways import barred_by
from calipso.model.inventory import Fetched
from calipso.sources.api.addresses import normal_ip
from calipso.sources.db.db_access import DbAccess, Row

#: Tunnel type -> Neutron's table of endpoints. No table name is made from data.
ENDPOINTS: dict[str, tuple[str, list[str]]] = {
    "vxlan": ("ml2_vxlan_endpoints", ["host", "ip_address", "udp_port"]),
    "gre": ("ml2_gre_endpoints", ["host", "ip_address"]),
    "geneve": ("ml2_geneve_endpoints", ["host", "ip_address"]),
}


class DbFetchOteps(DbAccess):
    """The tunnel endpoint of an OVS vedge: its address from Neutron, its devices from the host.

    A vedge whose agent builds no tunnels has no endpoint.
    """

    sources: ClassVar[tuple[str, ...]] = ("cli",)

    def get(self, parent_id: str) -> list[Fetched]:
        vedge = self.parent(parent_id)
        types, address = endpoint_of(vedge.get("configurations") or {})
        if vedge["type"] != "vedge" or not types:
            return []
        host = str(vedge["host"])
        overlay, endpoint = self._endpoint(host, types)
        ip_address = normal_ip(endpoint.get("ip_address") or address)
        tunnels = tunnel_fields(bridges(self, host))
        device, unread = endpoint_device(
            self,
            Endpoint(host, f"{host}-otep", ip_address, "OVS agent"),
            tunnels["remote_addresses"],
            barred_by(vedge.get("configurations") or {}),
        )
        found = [
            {
                "id": f"{host}-otep",
                "name": f"{host}-otep",
                "host": host,
                "overlay_type": overlay,
                "tunnel_types": types,
                "ip_address": ip_address,
                **_udp_port(endpoint, tunnels),
                **tunnels,
                **device,
            }
        ]
        return keep_ways(self, host, wiring(self, host), "otep", found, unread)

    def _endpoint(self, host: str, types: list[str]) -> tuple[str, Row]:
        """Return the first tunnel type for which Neutron has an endpoint of this host, and the
        endpoint.
        """
        for overlay in types:
            if found := self._endpoints(overlay).get(host):
                return overlay, found
        return types[0], {}

    def _endpoints(self, overlay: str) -> dict[str, Row]:
        """Return the endpoints of a tunnel type by host. A scan reads them once."""
        table, columns = ENDPOINTS[overlay]
        ids = ids_by_other_name(self)
        return self.context.shared(
            f"db:{table}",
            lambda: {ids[str(row["host"])]: row for row in self.select("neutron", table, columns)},
        )


def _udp_port(endpoint: Row, found: Row) -> dict[str, int]:
    """The port that Neutron has, else the one of OVS' tunnels. GRE has no port."""
    if endpoint.get("udp_port"):
        return {"udp_port": int(endpoint["udp_port"])}
    ports = {
        group["options"]["dst_port"]
        for group in found["tunnels"]
        if str(group["options"].get("dst_port", "")).isdigit()
    }
    return {"udp_port": int(ports.pop())} if len(ports) == 1 else {}
