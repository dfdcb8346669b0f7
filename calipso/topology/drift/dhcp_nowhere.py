"""A network with DHCP and guests that no DHCP server serves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import ClassVar

from calipso.model.documents import Record
from calipso.topology.drift.drift_rule import DriftRule, DriftSeverity, Found, Reads, said
from calipso.topology.drift.facts import Facts


class DhcpNowhere(DriftRule):
    """Guests of a network wait for an address, and no host has its DHCP server."""

    severity = DriftSeverity.CRITICAL
    sentence = "A network with DHCP and instances has no DHCP server."
    remedy = "Schedule the network to a DHCP agent: `openstack network agent add network --dhcp`."
    whole = True
    reads: ClassVar[Reads] = {
        "network": ("subnets", "admin_state_up"),
        "port": ("network_id", "device_owner"),
        "vservice": ("network_id", "service_type"),
        "network_agent": ("agent_type",),
    }

    def find(self, facts: Facts) -> Iterator[Found]:
        """Only where DHCP agents serve, and each of their hosts was read."""
        agents = {
            str(agent.get("host"))
            for agent in facts.every("network_agent")
            if agent.get("agent_type") == "DHCP agent"
        }
        if not agents or not all(facts.is_read(host) for host in agents):
            return
        served = {
            str(item.get("network_id"))
            for item in facts.every("vservice")
            if item.get("service_type") == "dhcp"
        }
        guests: dict[str, int] = defaultdict(int)
        for port in facts.of("port"):
            owner = str(port.get("device_owner") or "")
            guests[str(port.get("network_id"))] += owner.startswith("compute:")
        for network in facts.of("network"):
            number = guests[str(network["id"])]
            key = str(network["id"])
            if facts.names("namespace_missing", f"qdhcp-{key}"):
                continue
            if number and key not in served and _wants_dhcp(network):
                yield Found(
                    network,
                    f"network {network['name']} has {number} ports of instances and DHCP, and no "
                    f"host has its DHCP server",
                    (said("api", network, "enable_dhcp=True"),),
                )


def _wants_dhcp(network: Record) -> bool:
    """True when it has a subnet of IPv4 with DHCP, or of IPv6 whose addresses come by DHCP."""
    if network.get("admin_state_up") is False:
        return False
    return any(
        subnet.get("enable_dhcp")
        and (subnet.get("ip_version") == 4 or "dhcp" in str(subnet.get("ipv6_address_mode")))
        for subnet in (network.get("subnets") or {}).values()
    )
