"""A router with interfaces that no host has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import ClassVar

from calipso.model.documents import Record
from calipso.topology.drift.drift_rule import DriftRule, DriftSeverity, Found, Reads, said
from calipso.topology.drift.facts import Facts

INTERFACES = (
    "network:router_interface",
    "network:ha_router_replicated_interface",
    "network:router_interface_distributed",
)


class RouterNowhere(DriftRule):
    """Neutron has interfaces of a router, and no host has its namespace."""

    severity = DriftSeverity.CRITICAL
    sentence = "A router has interfaces in Neutron, and no host has it."
    remedy = "Schedule the router to an L3 agent: `openstack network agent add router`."
    whole = True
    reads: ClassVar[Reads] = {
        "port": ("device_id", "device_owner", "network_id", "admin_state_up"),
        "vservice": ("router_id", "service_type"),
        "network_agent": ("agent_type", "alive"),
    }

    def find(self, facts: Facts) -> Iterator[Found]:
        """Only where L3 agents make routers, and each of their hosts was read."""
        agents = {
            str(agent.get("host"))
            for agent in facts.every("network_agent")
            if agent.get("agent_type") == "L3 agent"
        }
        if not agents or not all(facts.is_read(host) for host in agents):
            return
        placed = {
            str(item.get("router_id"))
            for item in facts.every("vservice")
            if item.get("service_type") == "router"
        }
        ports: dict[str, list[Record]] = defaultdict(list)
        for port in facts.of("port"):
            if port.get("device_owner") in INTERFACES and port.get("device_id"):
                ports[str(port["device_id"])].append(port)
        for router, own in sorted(ports.items()):
            if facts.names("namespace_missing", f"qrouter-{router}"):
                continue
            if router not in placed and any(port.get("admin_state_up", True) for port in own):
                first = min(own, key=lambda port: str(port["id"]))
                yield Found(
                    first,
                    f"router {router} has {len(own)} interfaces in Neutron, and none of "
                    f"{', '.join(sorted(agents)[:5])} has its namespace",
                    (said("api", first, f"device_id={router}"),),
                    part=router,
                )
