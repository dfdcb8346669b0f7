"""Rows of Neutron's database of a generated cloud."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..cloud import Item
from .agents import agents
from .names import Names
from .neutron import bound_to, vif_details, vif_type
from .nova_tables import Views
from .plan import FloatingIp, Host, Plan, Port


class NeutronTables:
    """Views of the plan as rows."""

    def __init__(self, plan: Plan, names: Names) -> None:
        self.plan = plan
        self.names = names

    def views(self) -> Views:
        """(schema, table) -> its rows."""
        return {
            ("neutron", "agents"): self._agents,
            ("neutron", "networks"): self._networks,
            ("neutron", "networksegments"): self._segments,
            ("neutron", "subnets"): self._subnets,
            ("neutron", "ports"): self._ports,
            ("neutron", "ml2_port_bindings"): self._bindings,
            ("neutron", "ml2_port_binding_levels"): self._levels,
            ("neutron", "ml2_vxlan_endpoints"): self._endpoints,
            ("neutron", "ipallocations"): self._allocations,
            ("neutron", "routers"): self._routers,
            ("neutron", "router_extra_attributes"): self._router_extras,
            ("neutron", "routerports"): self._router_ports,
            ("neutron", "routerl3agentbindings"): self._router_bindings,
            ("neutron", "networkdhcpagentbindings"): self._dhcp_bindings,
            ("neutron", "externalnetworks"): self._external,
            ("neutron", "floatingips"): self._floating,
        }

    def _agents(self) -> Iterator[Item]:
        for agent in agents(self.plan, self.names):
            if str(agent["agent_type"]).startswith("OVN "):
                continue  # made from OVN's databases for the API; the table has none
            row = {key: value for key, value in agent.items() if key != "alive"}
            yield row | {
                "admin_state_up": 1,
                "configurations": json.dumps(agent["configurations"]),
                "load": 0,
            }

    def _networks(self) -> Iterator[Item]:
        for network in self.plan.networks:
            yield {
                "project_id": network.project.id,
                "id": network.id,
                "name": network.name,
                "status": "ACTIVE",
                "admin_state_up": 1,
                "standard_attr_id": 10 + network.number,
                "mtu": network.mtu,
            }

    def _segments(self) -> Iterator[Item]:
        for network in self.plan.networks:
            for at, segment in enumerate(network.segments):
                yield {
                    "id": segment.id,
                    "network_id": network.id,
                    "network_type": segment.kind,
                    "physical_network": segment.physical_network,
                    "segmentation_id": segment.number,
                    "is_dynamic": 0,
                    "segment_index": at,
                    "standard_attr_id": 210000 + network.number * 10 + at,
                }
            if network.segments:
                continue
            yield {
                "id": self.names.uuid("segment", network.number),
                "network_id": network.id,
                "network_type": network.kind,
                "physical_network": network.physical_network,
                "segmentation_id": network.segment,
                "is_dynamic": 0,
                "segment_index": 0,
                "standard_attr_id": 200000 + network.number,
            }

    def _subnets(self) -> Iterator[Item]:
        for network in self.plan.networks:
            for subnet in network.subnets:
                six = "dhcpv6-stateful" if subnet.cidr.version == 6 else None
                yield {
                    "project_id": network.project.id,
                    "id": subnet.id,
                    "name": subnet.name,
                    "network_id": network.id,
                    "ip_version": subnet.cidr.version,
                    "cidr": str(subnet.cidr),
                    "gateway_ip": subnet.gateway,
                    "enable_dhcp": int(subnet.dhcp),
                    "ipv6_ra_mode": six,
                    "ipv6_address_mode": six,
                    "standard_attr_id": 300000 + subnet.number,
                    "in_use": 1,
                }

    def _ports(self) -> Iterator[Item]:
        for port in self.plan.ports:
            yield {
                "project_id": port.project_id,
                "id": port.id,
                "name": port.name,
                "network_id": port.network.id,
                "mac_address": port.mac,
                "admin_state_up": 1,
                "status": port.status,
                "device_id": port.device_id,
                "device_owner": port.owner,
                "standard_attr_id": 1000000 + port.number,
                "ip_allocation": "immediate",
            }

    def _bindings(self) -> Iterator[Item]:
        for port in self.plan.ports:
            details = {key: at for key, at in vif_details(port).items() if key != "bound_drivers"}
            yield {
                "port_id": port.id,
                "host": bound_to(port),
                "vif_type": vif_type(port),
                "vnic_type": port.binding.vnic_type if port.binding else "normal",
                "profile": json.dumps(port.binding.profile) if port.binding else "",
                "vif_details": json.dumps(details) if details else "",
                "status": "ACTIVE",
            }

    def _levels(self) -> Iterator[Item]:
        for port in self._bound():
            driver = "openvswitch" if vif_type(port) == "ovs" else "linuxbridge"
            yield {
                "port_id": port.id,
                "host": port.host.name if port.host else "",
                "level": 0,
                "driver": driver,
                "segment_id": self._segment_of(port),
            }

    def _segment_of(self, port: Port) -> str:
        own = next((subnet.segment for subnet, _ in port.fixed if subnet.segment), None)
        return own.id if own else self.names.uuid("segment", port.network.number)

    def _bound(self) -> Iterator[Port]:
        return (port for port in self.plan.ports if port.host)

    def _endpoints(self) -> Iterator[Item]:
        """Only OVS agents register their endpoint by RPC and appear here, as in the real table."""
        for host in self.plan.hosts:
            if host.driver == "ovs" and host.tunnel_ip:
                yield {"ip_address": host.tunnel_ip, "udp_port": 4789, "host": host.name}

    def _allocations(self) -> Iterator[Item]:
        for port in self.plan.ports:
            for subnet, address in port.fixed:
                yield {
                    "port_id": port.id,
                    "ip_address": address,
                    "subnet_id": subnet.id,
                    "network_id": port.network.id,
                }

    def _routers(self) -> Iterator[Item]:
        for router in self.plan.routers:
            yield {
                "project_id": router.project.id,
                "id": router.id,
                "name": router.name,
                "status": "ACTIVE",
                "admin_state_up": 1,
                "gw_port_id": router.gateway.id if router.gateway else None,
                "enable_snat": 1,
                "standard_attr_id": 400000 + router.number,
            }

    def _router_extras(self) -> Iterator[Item]:
        for router in self.plan.routers:
            yield {
                "router_id": router.id,
                "distributed": int(router.kind == "dvr"),
                "service_router": 0,
                "ha": int(router.kind == "ha"),
                "ha_vr_id": 0,
                "availability_zone_hints": "[]",
            }

    def _router_ports(self) -> Iterator[Item]:
        for router in self.plan.routers:
            for port in [*router.interfaces, *([router.gateway] if router.gateway else [])]:
                yield {"router_id": router.id, "port_id": port.id, "port_type": port.owner}

    def _router_bindings(self) -> Iterator[Item]:
        for router in self.plan.routers:
            for at, host in enumerate((router.host, *router.others), start=1):
                agent = self._agent_id(host, "neutron-l3-agent")
                yield {"router_id": router.id, "l3_agent_id": agent, "binding_index": at}

    def _dhcp_bindings(self) -> Iterator[Item]:
        for network in self.plan.networks:
            if network.dhcp_host:
                agent = self._agent_id(network.dhcp_host, "neutron-dhcp-agent")
                yield {"network_id": network.id, "dhcp_agent_id": agent, "binding_index": 1}

    def _agent_id(self, host: Host, binary: str) -> str:
        return self.names.uuid("agent", f"{host.name}/{binary}")

    def _external(self) -> Iterator[Item]:
        for network in self.plan.networks:
            if network.external:
                yield {"network_id": network.id, "is_default": 0}

    def _floating(self) -> Iterator[Item]:
        return (floating_row(floating) for floating in self.plan.floating_ips)


def floating_row(floating: FloatingIp) -> Item:
    return {
        "project_id": floating.port.project_id,
        "id": floating.id,
        "floating_ip_address": floating.address,
        "floating_network_id": floating.floating_port.network.id,
        "floating_port_id": floating.floating_port.id,
        "fixed_port_id": floating.port.id,
        "fixed_ip_address": floating.port.fixed[0][1],
        "router_id": floating.router.id,
        "status": "ACTIVE",
        "standard_attr_id": 500000 + floating.number,
    }
