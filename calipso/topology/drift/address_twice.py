"""One IP address on two ports of a network, or of two tunnel endpoints."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import ClassVar

from calipso.model.documents import Record
from calipso.topology.drift.drift_rule import DriftRule, DriftSeverity, Found, Reads, said
from calipso.topology.drift.facts import Facts

#: Owners of ports that rightly share an address: one is on each host.
SHARED = (
    "network:router_interface_distributed",
    "network:ha_router_replicated_interface",
    "network:distributed",
)


class AddressTwice(DriftRule):
    """Packets for the address reach the one or the other."""

    severity = DriftSeverity.CRITICAL
    sentence = "Two ports of one subnet, or two tunnel endpoints, have the same address."
    remedy = "Give one of the two another address."
    reads: ClassVar[Reads] = {
        "port": ("fixed_ips", "network_id", "device_owner"),
        "otep": ("ip_address", "overlay_type", "tunnel_device"),
    }

    def find(self, facts: Facts) -> Iterator[Found]:
        """Addresses by subnet, and endpoints of switches by type."""
        same: dict[tuple[str, str], list[Record]] = defaultdict(list)
        for port in facts.of("port"):
            if port.get("device_owner") in SHARED:
                continue
            for one in port.get("fixed_ips") or ():
                if one.get("ip_address") and one.get("subnet_id"):
                    same[str(one["subnet_id"]), str(one["ip_address"])].append(port)
        for endpoint in facts.of("otep"):
            if endpoint.get("ip_address") and not endpoint.get("tunnel_device"):
                about = str(endpoint.get("overlay_type")), str(endpoint["ip_address"])
                same[about].append(endpoint)
        for (_, address), items in sorted(same.items()):
            if len({str(item["id"]) for item in items}) > 1:
                first = min(items, key=lambda item: str(item["id"]))
                names = ", ".join(f"{item['type']} {item['name']}" for item in items)
                yield Found(
                    first,
                    f"{names} have the same address {address}",
                    tuple(said("api", item, address) for item in items),
                    part=address,
                    others=tuple(item for item in items if item is not first),
                )
