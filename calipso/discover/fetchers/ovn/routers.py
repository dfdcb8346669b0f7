"""Where routers and DHCP of OVN run: no namespace, no process; every chassis has its part."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from calipso.discover.fetchers.ovn.cloud import OvnCloud
from calipso.discover.fetchers.ovn.records import Router
from calipso.discover.fetchers.ovn.words import (
    GUEST,
    balancer_words,
    dhcp_words,
    gateway_words,
    nat_words,
    route_words,
)
from calipso.hostparse.ovsdb_notation import many
from calipso.model.documents import Document
from calipso.model.inventory import Fetched


class Services:
    """Routers and DHCP servers of the cloud by the hosts that they run on."""

    def __init__(self, cloud: OvnCloud, hosts: Mapping[str, str]) -> None:
        """`hosts`: host by the name of a logical port of a guest on it."""
        self.cloud = cloud
        self.routers: defaultdict[str, list[Router]] = defaultdict(list)
        self.dhcp: defaultdict[str, set[str]] = defaultdict(set)
        self._guests: defaultdict[str, set[str]] = defaultdict(set)
        for port, host in hosts.items():
            network = cloud.facts.network_of.get(port, "")
            self._guests[network].add(host)
            row = cloud.facts.ports[port]
            if many(row.get("dhcpv4_options")) or many(row.get("dhcpv6_options")):
                self.dhcp[host].add(network)
        for router in cloud.facts.routers.values():
            for host in self._hosts_of(router):
                self.routers[host].append(router)

    def _hosts_of(self, router: Router) -> set[str]:
        """Host of the active gateway. A router without a gateway is on each host of its guests."""
        if gateway := router.gateway:
            return {gateway_words(self.cloud, gateway)["host"]} - {""}
        return {host for network in self.networks_of(router) for host in self._guests[network]}

    def networks_of(self, router: Router) -> list[str]:
        """Ids of the networks that a router joins."""
        found = (self.cloud.facts.network_of.get(port.port, "") for port in router.ports)
        return sorted({network for network in found if network})


def guests(cloud: OvnCloud) -> dict[str, str]:
    """Host of each logical port that a chassis has claimed for a guest, by the port's name."""
    found = {}
    for port in cloud.facts.ports:
        binding = cloud.facts.bindings.get(port)
        if binding is not None and binding.type == GUEST and cloud.place(binding.chassis):
            found[port] = cloud.place(binding.chassis)
    return found


def router_object(services: Services, host: str, router: Router) -> Fetched:
    """The vservice of a router on a host."""
    cloud, name = services.cloud, f"router-{router.id}"
    gateway = gateway_words(cloud, router.gateway) if router.gateway else {}
    nat = nat_words(cloud, router)
    found: Document = {
        "id": f"{host}-{name}",
        "name": f"router-{router.name or router.id}",
        "host": host,
        "local_service_id": name,
        "service_type": "router",
        "router_id": router.id,
        "distributed": True,
        "network": services.networks_of(router),
        "enable_snat": any(item["type"] == "snat" for item in nat),
        "tunnel_key": cloud.facts.keys.get(router.id),
        "gateway": gateway,
        "nat": nat,
        "load_balancers": balancer_words(router),
        "routes": route_words(router),
        **_folder(host, "routers", "vservice_routers_folder", "Gateways"),
    }
    if router.enabled is not None:
        found["admin_state_up"] = router.enabled
    if gateway:
        found["gw_port_id"] = gateway["port_id"]
    return {key: value for key, value in found.items() if value not in (None, {})}


def dhcp_object(services: Services, host: str, network: str, name: str) -> Fetched:
    """The vservice of the DHCP of a network on a host."""
    return {
        "id": f"{host}-dhcp-{network}",
        "name": f"dhcp-{name or network}",
        "host": host,
        "local_service_id": f"dhcp-{network}",
        "service_type": "dhcp",
        "network": [network],
        "network_id": network,
        "distributed": True,
        "dhcp": dhcp_words(services.cloud, network),
        **_folder(host, "dhcps", "vservice_dhcps_folder", "DHCP servers"),
    }


def router_vnics(services: Services, host: str, router: Router) -> Iterable[Fetched]:
    """The ports of a router on a host: they are no devices, flows of the switch make them."""
    service = f"{host}-router-{router.id}"
    for port in router.ports:
        network = services.cloud.facts.network_of.get(port.port, "")
        found: dict[str, Any] = {
            "id": f"{service}-{port.name}",
            "name": port.name,
            "host": host,
            "vnic_type": "vservice_vnic",
            "vservice_id": service,
            "device": port.name,
            "kind": "logical",
            "mac_address": port.mac,
            "addresses": list(port.networks),
            "state": "up" if router.enabled is not False else "down",
            "port_id": port.port,
            "master_parent_type": "vservice",
            "master_parent_id": service,
            "parent_type": "vnics_folder",
            "parent_id": f"{service}-vnics",
            "parent_text": "vNICs",
        }
        yield found | ({"network": network} if network else {})


def _folder(host: str, end: str, kind: str, text: str) -> Fetched:
    return {
        "master_parent_type": "vservices_folder",
        "master_parent_id": f"{host}-vservices",
        "parent_type": kind,
        "parent_id": f"{host}-vservices-{end}",
        "parent_text": text,
    }
