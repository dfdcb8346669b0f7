"""The databases of a generated cloud: rows of the tables a scan may read.

`schema.json` holds tables and column types as an OpenStack Zed has them. Rows name only the
columns that say something; the rest is NULL. Secrets (cell_mappings URLs) are left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from tests.sample_cloud.cloud import Item
from tests.sample_cloud.generate.agents import agents
from tests.sample_cloud.generate.identity import REGION
from tests.sample_cloud.generate.names import Names, sql_time
from tests.sample_cloud.generate.neutron import vif_details, vif_type
from tests.sample_cloud.generate.nova import aggregates, nova_binaries
from tests.sample_cloud.generate.plan import FloatingIp, Host, Plan, Port
from tests.sample_cloud.generate.vifs import network_info

SCHEMA: dict[str, dict[str, dict[str, str]]] = json.loads(
    Path(__file__).with_name("schema.json").read_text(encoding="utf-8")
)
SCHEMA["nova_cell0"] = SCHEMA["nova"]  # the cell of instances that never reached a host: empty

CELL0 = "00000000-0000-0000-0000-000000000000"


class Tables:
    """Views of the plan as rows."""

    def __init__(self, plan: Plan, names: Names) -> None:
        self.plan = plan
        self.names = names

    def rows(self, schema: str, table: str) -> Iterable[Item]:
        views: dict[tuple[str, str], Callable[[], Iterable[Item]]] = {
            ("nova", "instances"): self._instances,
            ("nova", "instance_info_caches"): self._info_caches,
            ("nova", "compute_nodes"): self._compute_nodes,
            ("nova", "services"): self._services,
            ("nova", "virtual_interfaces"): self._virtual_interfaces,
            ("nova_api", "cell_mappings"): self._cells,
            ("nova_api", "host_mappings"): self._host_mappings,
            ("nova_api", "aggregates"): self._aggregates,
            ("nova_api", "aggregate_hosts"): self._aggregate_hosts,
            ("nova_api", "aggregate_metadata"): self._aggregate_metadata,
            ("nova_api", "instance_mappings"): self._instance_mappings,
            ("keystone", "project"): self._projects,
            ("keystone", "region"): lambda: [{"id": REGION, "description": "", "extra": "{}"}],
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
        view = views.get((schema, table))
        return view() if view else ()

    # -- nova ----------------------------------------------------------------------------

    def _instances(self) -> Iterator[Item]:
        user, image = self.names.hex("user", "admin"), self.names.uuid("image", 0)
        for instance in self.plan.instances:
            created = sql_time(590 + instance.number * 5)
            yield CONSTANT_INSTANCE | {
                "created_at": created,
                "updated_at": sql_time(600 + instance.number * 5),
                "id": instance.number,
                "user_id": user,
                "project_id": instance.project.id,
                "image_ref": image,
                "hostname": instance.name,
                "host": instance.host.name,
                "reservation_id": f"r-{instance.id[:8]}",
                "launched_at": sql_time(600 + instance.number * 5),
                "display_name": instance.name,
                "availability_zone": instance.host.zone,
                "launched_on": instance.host.name,
                "uuid": instance.id,
                "node": instance.host.name,
            }

    def _info_caches(self) -> Iterator[Item]:
        for instance in self.plan.instances:
            yield {
                "created_at": sql_time(590 + instance.number * 5),
                "updated_at": sql_time(600 + instance.number * 5),
                "id": instance.number,
                "network_info": json.dumps(network_info(instance)),
                "instance_uuid": instance.id,
                "deleted": 0,
            }

    def _compute_nodes(self) -> Iterator[Item]:
        for number, host in enumerate(self.plan.hosts_with("compute"), start=1):
            used = len(host.instances)
            yield {
                "created_at": sql_time(60),
                "updated_at": heartbeat(),
                "id": number,
                "vcpus": 64,
                "memory_mb": 262144,
                "local_gb": 2000,
                "vcpus_used": used,
                "memory_mb_used": 512 + 2048 * used,
                "local_gb_used": 20 * used,
                "hypervisor_type": "QEMU",
                "hypervisor_version": 7002022,
                "cpu_info": '{"arch": "x86_64", "vendor": "Intel"}',
                "disk_available_least": 1500,
                "free_ram_mb": 261632 - 2048 * used,
                "free_disk_gb": 2000 - 20 * used,
                "current_workload": 0,
                "running_vms": used,
                "hypervisor_hostname": host.name,
                "deleted": 0,
                "host_ip": host.address,
                "supported_instances": '[["x86_64", "qemu", "hvm"]]',
                "pci_stats": "{}",
                "metrics": "[]",
                "stats": "{}",
                "host": host.name,
                "uuid": self.names.uuid("hypervisor", host.name),
                "mapped": 1,
            }

    def _services(self) -> Iterator[Item]:
        number = 0
        for host in self.plan.hosts:
            for binary in nova_binaries(host):
                number += 1
                yield {
                    "created_at": sql_time(30),
                    "updated_at": heartbeat(),
                    "id": number,
                    "host": host.name,
                    "binary": binary,
                    "topic": binary.removeprefix("nova-"),
                    "report_count": 4000,
                    "disabled": 0,
                    "deleted": 0,
                    "last_seen_up": heartbeat(),
                    "forced_down": 0,
                    "version": 64,
                    "uuid": self.names.uuid("service", f"{host.name}/{binary}"),
                }

    def _virtual_interfaces(self) -> Iterator[Item]:
        number = 0
        for instance in self.plan.instances:
            for port in instance.ports:
                number += 1
                yield {
                    "created_at": sql_time(595),
                    "id": number,
                    "address": f"{port.mac}/{port.id}",
                    "uuid": port.id,
                    "instance_uuid": instance.id,
                    "deleted": 0,
                }

    # -- nova_api ------------------------------------------------------------------------

    def _cells(self) -> Iterator[Item]:
        cell = self.names.uuid("cell", 1)
        for number, (identity, name) in enumerate(((CELL0, "cell0"), (cell, "cell1")), start=1):
            yield {
                "created_at": sql_time(number),
                "id": number,
                "uuid": identity,
                "name": name,
                "disabled": 0,
            }

    def _host_mappings(self) -> Iterator[Item]:
        for number, host in enumerate(self.plan.hosts_with("compute"), start=1):
            yield {"created_at": sql_time(70), "id": number, "cell_id": 2, "host": host.name}

    def _aggregates(self) -> Iterator[Item]:
        for number, (name, _, _) in enumerate(aggregates(self.plan), start=1):
            identity = self.names.uuid("aggregate", name)
            yield {"created_at": sql_time(300), "id": number, "uuid": identity, "name": name}

    def _aggregate_hosts(self) -> Iterator[Item]:
        pairs = [
            (number, host.name)
            for number, (_, _, hosts) in enumerate(aggregates(self.plan), start=1)
            for host in hosts
        ]
        for row, (number, host) in enumerate(pairs, start=1):
            yield {
                "created_at": sql_time(301),
                "id": row,
                "host": host,
                "aggregate_id": number,
            }

    def _aggregate_metadata(self) -> Iterator[Item]:
        for number, (_, zone, _) in enumerate(aggregates(self.plan), start=1):
            yield {
                "created_at": sql_time(302),
                "id": number,
                "aggregate_id": number,
                "key": "availability_zone" if zone else "ssd",
                "value": zone or "true",
            }

    def _instance_mappings(self) -> Iterator[Item]:
        user = self.names.hex("user", "admin")
        for instance in self.plan.instances:
            yield {
                "created_at": sql_time(590),
                "id": instance.number,
                "instance_uuid": instance.id,
                "cell_id": 2,
                "project_id": instance.project.id,
                "queued_for_delete": 0,
                "user_id": user,
            }

    def _projects(self) -> Iterator[Item]:
        for project in self.plan.projects:
            yield {
                "id": project.id,
                "name": project.name,
                "extra": "{}",
                "description": project.description,
                "enabled": 1,
                "domain_id": "default",
                "parent_id": "default",
                "is_domain": 0,
            }

    # -- neutron -------------------------------------------------------------------------

    def _agents(self) -> Iterator[Item]:
        for agent in agents(self.plan, self.names):
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
                "host": port.host.name if port.host else "",
                "vif_type": vif_type(port),
                "vnic_type": "normal",
                "profile": "",
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
                "segment_id": self.names.uuid("segment", port.network.number),
            }

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
                "distributed": 0,
                "service_router": 0,
                "ha": 0,
                "ha_vr_id": 0,
                "availability_zone_hints": "[]",
            }

    def _router_ports(self) -> Iterator[Item]:
        for router in self.plan.routers:
            for port in [*router.interfaces, *([router.gateway] if router.gateway else [])]:
                yield {"router_id": router.id, "port_id": port.id, "port_type": port.owner}

    def _router_bindings(self) -> Iterator[Item]:
        for router in self.plan.routers:
            agent = self._agent_id(router.host, "neutron-l3-agent")
            yield {"router_id": router.id, "l3_agent_id": agent, "binding_index": 1}

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


def heartbeat() -> str:
    """Now, as MySQL writes it."""
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"


#: Columns that are the same for every instance.
CONSTANT_INSTANCE: Item = {
    "kernel_id": "",
    "ramdisk_id": "",
    "launch_index": 0,
    "power_state": 1,
    "vm_state": "active",
    "memory_mb": 2048,
    "vcpus": 1,
    "locked": 0,
    "instance_type_id": 1,
    "root_device_name": "/dev/vda",
    "config_drive": "",
    "progress": 0,
    "auto_disk_config": 0,
    "shutdown_terminate": 0,
    "disable_terminate": 0,
    "root_gb": 20,
    "ephemeral_gb": 0,
    "deleted": 0,
    "cleaned": 0,
    "hidden": 0,
}
