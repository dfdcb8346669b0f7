"""A central router without high availability that is on several hosts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import ClassVar

from calipso.model.documents import Record
from calipso.topology.drift.drift_rule import DriftRule, DriftSeverity, Found, Reads, said
from calipso.topology.drift.facts import Facts

#: Owners of ports of routers that are rightly on several hosts.
SEVERAL = (
    "network:ha_router_replicated_interface",
    "network:router_ha_interface",
    "network:router_interface_distributed",
    "network:router_centralized_snat",
)


class RouterOnTwoHosts(DriftRule):
    """The namespace of a router is on a host besides the one that has it."""

    severity = DriftSeverity.CRITICAL
    sentence = "A router that should be on one host is on several: its addresses answer twice."
    remedy = (
        "Compare `openstack network agent list --router ID` with the hosts; look at the log "
        "of the L3 agents."
    )
    reads: ClassVar[Reads] = {
        "port": ("device_id", "device_owner", "binding:host_id"),
        "vservice": ("router_id", "service_type", "ha_state"),
    }

    def find(self, facts: Facts) -> Iterator[Found]:
        """Routers whose ports are neither distributed nor replicated."""
        several = {
            str(port.get("device_id"))
            for port in facts.every("port")
            if port.get("device_owner") in SEVERAL
        }
        places: dict[str, list[Record]] = defaultdict(list)
        for item in facts.of("vservice"):
            if item.get("service_type") == "router" and item.get("router_id"):
                places[str(item["router_id"])].append(item)
        for router, items in sorted(places.items()):
            hosts = sorted({str(item.get("host")) for item in items})
            if len(hosts) < 2 or router in several or any(i.get("ha_state") for i in items):
                continue
            first = min(items, key=lambda item: str(item["id"]))
            yield Found(
                first,
                f"{first['name']} is on {', '.join(hosts)}, and is neither distributed nor "
                "highly available",
                tuple(said("cli", item, f"namespace on {item.get('host')}") for item in items),
                part=router,
            )
