"""A DHCP server on a host that Neutron has bound none of its ports to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import ClassVar

from calipso.topology.drift.drift_rule import DriftRule, DriftSeverity, Found, Reads, said
from calipso.topology.drift.facts import Facts


class DhcpOnWrongHost(DriftRule):
    """More DHCP servers than Neutron wants: the network is served on a host that lost it."""

    severity = DriftSeverity.MAJOR
    sentence = "A host has a DHCP server of a network that Neutron has given to other hosts."
    remedy = (
        "Compare `openstack network agent list --network ID` with the hosts; look at the log "
        "of the DHCP agents."
    )
    reads: ClassVar[Reads] = {
        "port": ("network_id", "device_owner", "binding:host_id"),
        "vservice": ("network_id", "service_type"),
        "network": (),
    }

    def find(self, facts: Facts) -> Iterator[Found]:
        """Where Neutron names hosts for the DHCP ports of the network, and not this one."""
        wanted: dict[str, set[str]] = defaultdict(set)
        for port in facts.every("port"):
            if port.get("device_owner") == "network:dhcp":
                wanted[str(port.get("network_id"))].add(str(port.get("binding:host_id") or ""))
        for server in facts.of("vservice"):
            hosts = wanted.get(str(server.get("network_id")), set())
            if server.get("service_type") != "dhcp" or not hosts or "" in hosts:
                continue
            if str(server.get("host")) not in hosts:
                yield Found(
                    server,
                    f"{server['name']} is on {server.get('host')}; Neutron has it on "
                    f"{', '.join(sorted(hosts))}",
                    (said("cli", server, f"namespace on {server.get('host')}"),),
                )
