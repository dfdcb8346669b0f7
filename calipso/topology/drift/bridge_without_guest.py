"""A `qbr` bridge that no guest's interface is in any more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from calipso.topology.drift.drift_rule import DriftRule, DriftSeverity, Found, Reads, said
from calipso.topology.drift.facts import Facts


class BridgeWithoutGuest(DriftRule):
    """A Linux bridge of hybrid plugging (`qbr...`) that is left over."""

    severity = DriftSeverity.MINOR
    sentence = "A bridge of hybrid plugging is left over: no port of Neutron belongs to it."
    remedy = "Find out whether its instance was moved or removed while Nova was down."
    reads: ClassVar[Reads] = {
        "vconnector": ("bridge_name", "interfaces_names"),
        "port": (),
        "vnic": ("device",),
    }

    def find(self, facts: Facts) -> Iterator[Found]:
        """The name of such a bridge is that of its port, cut off after 11 characters."""
        ports = {str(port["id"])[:11] for port in facts.every("port")}
        if not ports:  # ports were not read
            return
        devices = {(nic.get("host"), nic.get("device")) for nic in facts.every("vnic")}
        for bridge in facts.of("vconnector"):
            name = str(bridge.get("bridge_name") or "")
            inside_it = {(bridge.get("host"), one) for one in bridge.get("interfaces_names") or ()}
            if name.startswith("qbr") and name[3:] not in ports and not inside_it & devices:
                inside = ", ".join(map(str, bridge.get("interfaces_names") or ())) or "nothing"
                yield Found(
                    bridge,
                    f"{name} on {bridge.get('host')} belongs to no port; in it: {inside}",
                    (said("cli", bridge, f"{name}: {inside}"),),
                )
