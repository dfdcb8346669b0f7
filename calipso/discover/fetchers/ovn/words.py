"""What OVN says of ports and routers, as fields of objects. Pure but for the store of hosts."""

from __future__ import annotations

from typing import Any

from calipso.discover.fetchers.ovn.cloud import OvnCloud
from calipso.discover.fetchers.ovn.facts import revision
from calipso.discover.fetchers.ovn.records import Binding, Router, RouterPort
from calipso.hostparse.ovsdb_notation import flag, many, mapping, text
from calipso.model.documents import Document

#: Kinds of port binding that are a guest's (or a container's, or a sub-port's) own.
GUEST = ""


def network_words(cloud: OvnCloud, network: str) -> Document:
    """What OVN has of a network: its number on the wire, its way to a physical network, DHCP."""
    facts = cloud.facts
    ports = facts.ports_of(facts.switches[network])
    localnets = [
        {
            "port": text(row.get("name")),
            "physical_network": mapping(row.get("options")).get("network_name", ""),
            "vlan": row["tag"] if isinstance(row.get("tag"), int) else None,
        }
        for row in ports
        if text(row.get("type")) == "localnet"
    ]
    found: Document = {"tunnel_key": facts.keys.get(network), "ports": len(ports)}
    found |= {"physical": localnets} if localnets else {}
    return found | ({"dhcp": options} if (options := dhcp_words(cloud, network)) else {})


def dhcp_words(cloud: OvnCloud, network: str) -> list[Document]:
    """DHCP of a network, a line a subnet: what ovn-controller answers to its guests."""
    facts, seen = cloud.facts, dict[str, Document]()
    for port in facts.ports_of(facts.switches[network]):
        for key in (*many(port.get("dhcpv4_options")), *many(port.get("dhcpv6_options"))):
            row = facts.dhcp.get(str(key))
            if row is None or mapping(row.get("external_ids")).get("port_id"):
                continue  # options of one port with more of its own
            options = mapping(row.get("options"))
            seen[str(key)] = {
                "subnet_id": mapping(row.get("external_ids")).get("subnet_id", ""),
                "cidr": text(row.get("cidr")),
                **{
                    name: options[name]
                    for name in ("server_id", "router", "dns_server", "mtu", "lease_time")
                    if name in options
                },
            }
    return sorted(seen.values(), key=lambda item: (item["cidr"], item["subnet_id"]))


def port_words(cloud: OvnCloud, port: str, fips: dict[str, list[Document]]) -> Document:
    """What OVN has of a port: the logical port, its binding and the chassis that has it."""
    facts = cloud.facts
    row, binding = facts.ports[port], facts.bindings.get(port)
    found: Document = {
        "type": text(row.get("type")),
        "enabled": flag(row.get("enabled")),
        "revision_number": revision(row),
        "port_groups": facts.groups_of.get(port, []),
        "nat": fips.get(port, []),
        "parent_port": text(row.get("parent_name")),
        "tag": row["tag"] if isinstance(row.get("tag"), int) else None,
        "network_key": facts.keys.get(facts.network_of[port]),
    }
    if binding is not None:
        found |= _binding_words(cloud, binding)
    return {key: value for key, value in found.items() if value not in (None, "", [])}


def _binding_words(cloud: OvnCloud, binding: Binding) -> Document:
    found: Document = {
        "tunnel_key": binding.key,
        "chassis": binding.chassis,
        "host": cloud.place(binding.chassis),
        "additional_hosts": sorted(cloud.place(name) or name for name in binding.additional),
        "requested_host": binding.requested,
        "virtual_parent": binding.virtual_parent,
    }
    # the others are false for ever: `up` means something for what one chassis claims
    return found | ({"up": binding.up} if binding.type == GUEST else {})


def gateway_words(cloud: OvnCloud, port: RouterPort) -> Document:
    """Where a gateway is and where it is wished; hosts by the names of the inventory."""
    binding = cloud.facts.active(port)
    active = binding.chassis if binding else ""
    candidates = [
        {"chassis": each.chassis, "host": cloud.place(each.chassis), "priority": each.priority}
        for each in port.candidates
    ]
    return {
        "port_id": port.port,
        "chassis": active,
        "host": cloud.place(active),
        "wished_host": candidates[0]["host"] if candidates else "",
        "candidates": candidates,
    }


def nat_words(cloud: OvnCloud, router: Router) -> list[Document]:
    """Translations of a router. One of a floating IP with an external MAC is made on the host of
    its port (`distributed`), any other on the gateway. Neutron notes a MAC for each floating IP
    (`wanted_mac`); it is a wish only where other floating IPs of the router are distributed.
    """
    gateway = router.gateway
    active = gateway_words(cloud, gateway)["host"] if gateway else ""
    found = [_nat(cloud, row, active) for row in router.nat]
    if not any(item["distributed"] for item in found):
        found = [_without_wish(item) for item in found]
    return sorted(found, key=lambda item: (item["external_ip"], item["type"], item["logical_ip"]))


def _without_wish(nat: Document) -> Document:
    return {key: value for key, value in nat.items() if key != "wanted_mac"}


def _nat(cloud: OvnCloud, row: Document, gateway: str) -> Document:
    ids, mac, port = mapping(row.get("external_ids")), text(row.get("external_mac")), ""
    if text(row.get("type")) == "dnat_and_snat":
        port = text(row.get("logical_port"))
    binding = cloud.facts.bindings.get(port)
    here = cloud.place(binding.chassis) if binding and mac else ""
    found = {
        "type": text(row.get("type")),
        "external_ip": text(row.get("external_ip")),
        "logical_ip": text(row.get("logical_ip")),
        "host": here or gateway,
        "distributed": bool(mac),
    }
    more = {
        "external_mac": mac.lower(),
        "port_id": port,
        "floating_ip_id": ids.get("neutron:fip_id", ""),
        "wanted_mac": "" if mac else ids.get("neutron:fip_external_mac", "").lower(),
    }
    return found | {key: value for key, value in more.items() if value}


def balancer_words(router: Router) -> list[Document]:
    """Load balancers and port forwardings of a router: always on its gateway."""
    return sorted(
        (
            {
                "name": text(row.get("name")),
                "protocol": text(row.get("protocol")) or "tcp",
                "vips": [
                    {"address": vip, "backends": backends.split(",") if backends else []}
                    for vip, backends in mapping(row.get("vips")).items()
                ],
                "owner": mapping(row.get("external_ids")).get("neutron:device_owner", ""),
            }
            for row in router.balancers
        ),
        key=lambda item: str(item["name"]),
    )


def route_words(router: Router) -> list[Document]:
    """Static routes of a router; `external` for the way to the gateway's network."""
    return sorted(
        (
            {
                "destination": text(row.get("ip_prefix")),
                "nexthop": text(row.get("nexthop")),
                "external": mapping(row.get("external_ids")).get("neutron:is_ext_gw") == "true",
            }
            for row in router.routes
        ),
        key=lambda item: (str(item["destination"]), str(item["nexthop"])),
    )


def floating_ips(cloud: OvnCloud) -> dict[str, list[Document]]:
    """Translations for a single port, by the port's id."""
    found: dict[str, list[Any]] = {}
    for router in cloud.facts.routers.values():
        for nat in nat_words(cloud, router):
            if nat.get("port_id"):
                more = {key: value for key, value in nat.items() if key != "port_id"}
                found.setdefault(nat["port_id"], []).append(more | {"router_id": router.id})
    return found
