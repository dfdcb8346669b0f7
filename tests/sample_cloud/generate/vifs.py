"""Nova's cache of an instance's network: the JSON text in instance_info_caches."""

from __future__ import annotations

from typing import Any

from tests.sample_cloud.cloud import Item
from tests.sample_cloud.generate.neutron import vif_details, vif_type
from tests.sample_cloud.generate.plan import Instance, Port, Subnet


def network_info(instance: Instance) -> list[Item]:
    """One entry a port."""
    return [_vif(port) for port in instance.ports]


def _vif(port: Port) -> Item:
    network = port.network
    ovs = vif_type(port) == "ovs"
    return {
        "id": port.id,
        "address": port.mac,
        "network": {
            "id": network.id,
            "bridge": "br-int" if ovs else f"brq{network.id[:11]}",
            "label": network.name,
            "subnets": [_subnet(port, subnet, address) for subnet, address in port.fixed],
            "meta": {
                "injected": False,
                "tenant_id": network.project.id,
                "mtu": network.mtu,
                "physical_network": network.physical_network,
                "tunneled": network.kind == "vxlan",
            },
        },
        "type": vif_type(port),
        "details": vif_details(port),
        "devname": f"tap{port.short}",
        "ovs_interfaceid": port.id if ovs else None,
        "qbh_params": None,
        "qbg_params": None,
        "active": True,
        "vnic_type": port.binding.vnic_type if port.binding else "normal",
        "profile": port.binding.profile if port.binding else {},
        "preserve_on_delete": False,
        "delegate_create": True,
        "meta": {},
    }


def _subnet(port: Port, subnet: Subnet, address: str) -> Item:
    version = subnet.cidr.version
    fixed = _address(address, "fixed", version)
    fixed["floating_ips"] = []
    router = port.network.router
    if router and version == 4:
        fixed["floating_ips"] = [
            _address(floating.address, "floating", 4)
            for floating in router.floating
            if floating.port is port
        ]
    meta: dict[str, Any] = {}
    if subnet.dhcp and port.network.dhcp_host:
        meta["dhcp_server"] = str(subnet.cidr[2])
    return {
        "cidr": str(subnet.cidr),
        "dns": [_address("9.9.9.9", "dns", 4)] if subnet.dhcp and version == 4 else [],
        "gateway": _address(subnet.gateway, "gateway", version),
        "ips": [fixed],
        "routes": [],
        "version": version,
        "meta": meta,
    }


def _address(address: str, kind: str, version: int) -> Item:
    return {"address": address, "type": kind, "version": version, "meta": {}}
