"""The Neutron agents of a generated cloud, as the API shows them; the database view uses them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ..cloud import Item
from .names import Names, sql_time
from .plan import Host, Plan

IFACE_TYPES = ["erspan", "geneve", "gre", "internal", "ip6erspan", "ip6gre", "patch", "system"]


def agents(plan: Plan, names: Names) -> list[Item]:
    """Every agent of every host."""
    return [agent for host in plan.hosts for agent in host_agents(host, plan, names)]


def host_agents(host: Host, plan: Plan, names: Names) -> list[Item]:
    """L2 agent of a host, and L3, DHCP and metadata agents of a network node."""
    if host.agents is not None:
        return [_agent(host, names, *each) for each in host.agents]
    found = []
    if host.driver == "ovs":
        found.append(("Open vSwitch agent", "neutron-openvswitch-agent", "N/A", _ovs(host)))
    elif host.driver == "lxb":
        found.append(("Linux bridge agent", "neutron-linuxbridge-agent", "N/A", _lxb(host)))
    if "network" in host.roles:
        found += [
            ("L3 agent", "neutron-l3-agent", "l3_agent", _l3(host)),
            ("DHCP agent", "neutron-dhcp-agent", "dhcp_agent", _dhcp(host)),
            ("Metadata agent", "neutron-metadata-agent", "N/A", _metadata(plan)),
        ]
    found += [(kind, binary, "N/A", {}) for kind, binary in plan.odd.more_agents.get(host.name, ())]
    return [plan.odd.agent(_agent(host, names, *each)) for each in found]


def _agent(
    host: Host, names: Names, kind: str, binary: str, topic: str, configurations: Item
) -> Item:
    silent = binary in host.silent
    made = {
        "id": names.uuid("agent", f"{host.name}/{binary}"),
        "agent_type": kind,
        "binary": binary,
        "topic": topic,
        "host": host.name,
        "admin_state_up": True,
        "created_at": sql_time(10 + host.number),
        "started_at": sql_time(20 + host.number),
        "heartbeat_timestamp": f"{datetime.now(UTC) - timedelta(days=silent):%Y-%m-%d %H:%M:%S}",
        "description": None,
        "resources_synced": None,
        "availability_zone": "nova" if topic != "N/A" else None,
        "alive": not silent,
        "configurations": configurations,
    }
    if kind.startswith("OVN "):  # Neutron makes them from OVN's databases
        del made["resources_synced"]
    return made


def _ovs(host: Host) -> Item:
    defaults = {"allocation_ratio": 1.0, "min_unit": 1, "step_size": 1, "reserved": 0}
    tunnelled = bool(host.tunnel_ip)
    return {
        "arp_responder_enabled": False,
        "baremetal_smartnic": False,
        "bridge_mappings": {"physnet1": "br-ex"},
        "datapath_type": "system",
        "devices": len(host.ports),
        "enable_distributed_routing": False,
        "extensions": [],
        "in_distributed_mode": False,
        "integration_bridge": "br-int",
        "l2_population": tunnelled and not host.mesh,
        "log_agent_heartbeats": False,
        "ovs_capabilities": {
            "datapath_types": ["netdev", "system"],
            "iface_types": IFACE_TYPES,
        },
        "ovs_hybrid_plug": host.hybrid,
        "resource_provider_bandwidths": {},
        "resource_provider_hypervisors": {"br-ex": host.name},
        "resource_provider_inventory_defaults": defaults,
        "resource_provider_packet_processing_inventory_defaults": defaults,
        "resource_provider_packet_processing_with_direction": {},
        "resource_provider_packet_processing_without_direction": {},
        "tunnel_types": ["vxlan"] if tunnelled else [],
        "tunneling_ip": host.tunnel_ip,
        "vhostuser_socket_dir": "/var/run/openvswitch",
    }


def _lxb(host: Host) -> Item:
    return {
        "bridge_mappings": {},
        "devices": len(host.ports),
        "extensions": [],
        "interface_mappings": {"physnet1": host.provider_device},
        "l2_population": bool(host.tunnel_ip),
        "tunnel_types": ["vxlan"] if host.tunnel_ip else [],
        "tunneling_ip": host.tunnel_ip,
    }


def _l3(host: Host) -> Item:
    return {
        "agent_mode": "legacy",
        "ex_gw_ports": sum(1 for router in host.routers if router.gateway),
        "extensions": [],
        "floating_ips": sum(len(router.floating) for router in host.routers),
        "handle_internal_only_routers": True,
        "interface_driver": "openvswitch" if host.driver == "ovs" else "linuxbridge",
        "interfaces": sum(len(router.interfaces) for router in host.routers),
        "log_agent_heartbeats": False,
        "routers": len(host.routers),
    }


def _dhcp(host: Host) -> Item:
    networks = [port.network for port in host.dhcp]
    return {
        "dhcp_driver": "neutron.agent.linux.dhcp.Dnsmasq",
        "dhcp_lease_duration": 86400,
        "log_agent_heartbeats": False,
        "networks": len(networks),
        "ports": sum(len(network.ports) for network in networks),
        "subnets": sum(len(network.subnets) for network in networks),
    }


def _metadata(plan: Plan) -> Item:
    return {
        "log_agent_heartbeats": False,
        "metadata_proxy_socket": "/var/lib/neutron/metadata_proxy",
        "nova_metadata_host": plan.hosts[0].address,
        "nova_metadata_port": 8775,
    }
