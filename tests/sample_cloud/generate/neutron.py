"""What the network API says of a generated cloud."""

from __future__ import annotations

from typing import Any

from ..cloud import Body, Item, Listing
from .agents import agents
from .groups import port_groups, security_groups
from .lazy import Lazy
from .names import Names, iso
from .plan import FloatingIp, Network, Plan, Port, Router, Subnet

EXTENSIONS = ("agent", "binding", "external-net", "provider", "router", "quotas", "pagination")


class Neutron:
    """Views of the plan under the paths of the network API. Lists are sorted by id, as there."""

    def __init__(self, plan: Plan, names: Names) -> None:
        self.plan = plan
        self.names = names

    def api(self, resource: str) -> Listing | Body | None:
        plan = self.plan
        subnets = [subnet for network in plan.networks for subnet in network.subnets]
        views: dict[str, tuple[Any, Any]] = {
            "networks": (plan.networks, network_view),
            "subnets": (subnets, subnet_view),
            "ports": (plan.ports, self.port_view),
            "routers": (plan.routers, router_view),
            "floatingips": (plan.floating_ips, floating_view),
        }
        if resource in views:
            things, show = views[resource]
            return Listing(resource, Lazy(sorted(things, key=lambda thing: thing.id), show))
        if resource == "agents":
            return Listing("agents", sorted(agents(plan, self.names), key=lambda a: a["id"]))
        if resource == "extensions":
            return Listing("extensions", [_extension(alias) for alias in EXTENSIONS])
        if resource == "security-groups":
            return Listing("security_groups", security_groups(plan, self.names))
        return None

    def port_view(self, port: Port) -> Item:
        bound = port.host is not None
        secured = port.owner.startswith("compute:") or not port.owner
        return {
            "id": port.id,
            "name": port.name,
            "network_id": port.network.id,
            "tenant_id": port.project_id,
            "mac_address": port.mac,
            "admin_state_up": port.enabled,
            "status": port.status,
            "device_id": port.device_id,
            "device_owner": port.owner,
            "fixed_ips": [
                {"subnet_id": subnet.id, "ip_address": address} for subnet, address in port.fixed
            ],
            "allowed_address_pairs": [],
            "extra_dhcp_opts": [],
            "security_groups": port_groups(port, self.names) if secured else [],
            "description": "",
            "binding:vnic_type": port.binding.vnic_type if port.binding else "normal",
            "binding:profile": port.binding.profile if port.binding else {},
            "binding:host_id": bound_to(port),
            "binding:vif_type": vif_type(port),
            "binding:vif_details": vif_details(port) if bound else {},
            "port_security_enabled": secured,
            "tags": [],
            "created_at": iso(400 + port.number),
            "updated_at": iso(410 + port.number),
            "revision_number": 4 if bound else 1,
            "project_id": port.project_id,
            **(self._trunk(port) if port.sub_ports else {}),
        }

    def _trunk(self, port: Port) -> Item:
        sub_ports = [
            {
                "port_id": sub.id,
                "segmentation_type": "vlan",
                "segmentation_id": vlan,
                "mac_address": sub.mac,
            }
            for sub, vlan in port.sub_ports
        ]
        trunk = self.names.uuid("trunk", port.id)
        return {"trunk_details": {"trunk_id": trunk, "sub_ports": sub_ports}}


def bound_to(port: Port) -> str:
    """Where a port is bound: a host, or a node of Ironic."""
    node = port.binding.node if port.binding else ""
    return node or (port.host.name if port.host else "")


def vif_type(port: Port) -> str:
    """How a port is plugged on its host."""
    if port.binding:
        return port.binding.vif_type
    if port.host is None:
        return "unbound"
    return "ovs" if port.host.driver in ("ovs", "ovn") else "bridge"


def vif_details(port: Port) -> Item:
    """What the mechanism driver says about the plug."""
    host = port.host
    if host is None:
        return {}
    if port.binding and port.binding.details:
        return port.binding.details
    if host.driver == "ovn":
        return {"port_filter": True, "connectivity": "l2", "bound_drivers": {"0": "ovn"}}
    if host.driver != "ovs":
        return {
            "connectivity": "l2",
            "port_filter": True,
            "bound_drivers": {"0": "linuxbridge"},
        }
    return {
        "connectivity": "l2",
        "port_filter": True,
        "ovs_hybrid_plug": host.hybrid,
        "datapath_type": "system",
        "bridge_name": "br-int",
        "bound_drivers": {"0": "openvswitch"},
    }


def network_view(network: Network) -> Item:
    view = {
        "id": network.id,
        "name": network.name,
        "tenant_id": network.project.id,
        "admin_state_up": True,
        "mtu": network.mtu,
        "status": "ACTIVE",
        "subnets": [subnet.id for subnet in network.subnets],
        "shared": network.shared,
        "availability_zone_hints": [],
        "availability_zones": ["nova"],
        "ipv4_address_scope": None,
        "ipv6_address_scope": None,
        "router:external": network.external,
        "description": "",
        "port_security_enabled": True,
        "is_default": False,
        "tags": [],
        "created_at": iso(100 + network.number),
        "updated_at": iso(101 + network.number),
        "revision_number": 2,
        "project_id": network.project.id,
        "provider:network_type": network.kind,
        "provider:physical_network": network.physical_network,
        "provider:segmentation_id": network.segment,
    }
    if not network.external:
        del view["is_default"]
    if network.segments:
        view["segments"] = [
            {
                "provider:network_type": segment.kind,
                "provider:physical_network": segment.physical_network,
                "provider:segmentation_id": segment.number,
            }
            for segment in network.segments
        ]
        for key in [key for key in view if key.startswith("provider:")]:
            del view[key]
    return view


def subnet_view(subnet: Subnet) -> Item:
    six = subnet.cidr.version == 6
    last = subnet.cidr[-1] if six else subnet.cidr[-2]
    network = subnet.network
    return {
        "id": subnet.id,
        "name": subnet.name,
        "tenant_id": network.project.id,
        "network_id": network.id,
        "ip_version": subnet.cidr.version,
        "subnetpool_id": None,
        "enable_dhcp": subnet.dhcp,
        "ipv6_ra_mode": "dhcpv6-stateful" if six else None,
        "ipv6_address_mode": "dhcpv6-stateful" if six else None,
        "gateway_ip": subnet.gateway,
        "cidr": str(subnet.cidr),
        "allocation_pools": [{"start": str(subnet.cidr[subnet.pool_start]), "end": str(last)}],
        "host_routes": [],
        "dns_nameservers": ["9.9.9.9"] if subnet.dhcp and not six else [],
        "description": "",
        "service_types": [],
        "tags": [],
        "created_at": iso(150 + network.number),
        "updated_at": iso(150 + network.number),
        "revision_number": 0,
        "project_id": network.project.id,
        **({"segment_id": subnet.segment.id} if subnet.segment else {}),
    }


def router_view(router: Router) -> Item:
    gateway = None
    if router.gateway:
        gateway = {
            "network_id": router.gateway.network.id,
            "external_fixed_ips": [
                {"subnet_id": subnet.id, "ip_address": address}
                for subnet, address in router.gateway.fixed
            ],
            "enable_snat": True,
        }
    return {
        "id": router.id,
        "name": router.name,
        "tenant_id": router.project.id,
        "admin_state_up": True,
        "status": "ACTIVE",
        "external_gateway_info": gateway,
        "description": "",
        "availability_zones": ["nova"],
        "distributed": router.kind == "dvr",
        "ha": router.kind == "ha",
        "availability_zone_hints": [],
        "routes": [],
        "flavor_id": None,
        "tags": [],
        "created_at": iso(200 + router.number),
        "updated_at": iso(205 + router.number),
        "revision_number": 4,
        "project_id": router.project.id,
    }


def floating_view(floating: FloatingIp) -> Item:
    port = floating.port
    return {
        "id": floating.id,
        "tenant_id": port.project_id,
        "floating_ip_address": floating.address,
        "floating_network_id": floating.floating_port.network.id,
        "router_id": floating.router.id,
        "port_id": port.id,
        "fixed_ip_address": port.fixed[0][1],
        "status": "ACTIVE",
        "description": "",
        "port_details": {
            "name": port.name,
            "network_id": port.network.id,
            "mac_address": port.mac,
            "admin_state_up": True,
            "status": port.status,
            "device_id": port.device_id,
            "device_owner": port.owner,
        },
        "tags": [],
        "created_at": iso(500 + floating.number),
        "updated_at": iso(501 + floating.number),
        "revision_number": 1,
        "project_id": port.project_id,
    }


def _extension(alias: str) -> Item:
    return {
        "name": alias.replace("-", " ").capitalize(),
        "alias": alias,
        "description": f"The {alias} extension.",
        "updated": "2013-02-03T10:00:00-00:00",
        "links": [],
    }
