"""A physical network that is mapped to a bridge without a way to a NIC."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from calipso.topology.drift.drift_rule import DriftRule, DriftSeverity, Found, Reads, said
from calipso.topology.drift.facts import Facts


class MappingWithoutWayOut(DriftRule):
    """The bridge of a mapping is missing, or leads to no NIC."""

    severity = DriftSeverity.CRITICAL
    sentence = "A physical network is mapped to a bridge that leads to no NIC."
    remedy = "Compare `bridge_mappings` of the agent with `ovs-vsctl list-ports BRIDGE`."
    reads: ClassVar[Reads] = {
        "vedge": ("bridge_mappings", "bridges"),
        "network": ("provider:physical_network", "segments"),
    }

    def find(self, facts: Facts) -> Iterator[Found]:
        """Mappings of physical networks that some network uses."""
        used = set()
        for network in facts.every("network"):
            for part in (network, *(network.get("segments") or ())):
                used.add(str(part.get("provider:physical_network") or ""))
        for switch in facts.of("vedge"):
            bridges = {str(b.get("name")): b for b in switch.get("bridges") or ()}
            for physical, name in (switch.get("bridge_mappings") or {}).items():
                bridge = bridges.get(str(name))
                if str(physical) not in used or not bridges:
                    continue
                if bridge is not None and (bridge.get("ways_out") or bridge.get("uplinks")):
                    continue
                why = "is not there" if bridge is None else "leads to no NIC"
                yield Found(
                    switch,
                    f"{physical} on {switch.get('host')} is mapped to {name}, which {why}",
                    (said("db", switch, f"bridge_mappings={physical}:{name}"),),
                    part=str(physical),
                )
