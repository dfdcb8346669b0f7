"""A port that its agent has wired with another VLAN id or VNI than its network has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from calipso.model.documents import Record
from calipso.topology.drift.drift_rule import DriftRule, DriftSeverity, Found, Reads, said
from calipso.topology.drift.facts import Facts


class SegmentNotNetworks(DriftRule):
    """The agent's note of the segment of a port differs from every segment of its network."""

    severity = DriftSeverity.CRITICAL
    sentence = "An agent has wired a port with another VLAN id or VNI than its network has."
    remedy = (
        "Look at the log of the agent of the host: it reads the segments of its networks when "
        "it starts."
    )
    reads: ClassVar[Reads] = {
        "vedge": ("ports",),
        "network": ("provider:segmentation_id", "segments"),
        "vnic": ("device", "network", "port_id"),
    }

    def find(self, facts: Facts) -> Iterator[Found]:
        """Compare `other_config:segmentation_id` of each port with Neutron's network."""
        for switch in facts.of("vedge"):
            for name, port in (switch.get("ports") or {}).items():
                noted = port.get("other_config") or {}
                network = facts.get("network", noted.get("net_uuid"))
                if network is None or not noted.get("segmentation_id"):
                    continue
                known, number = _segments(network), str(noted["segmentation_id"])
                if known and number not in known:
                    wanted = ", ".join(sorted(known))
                    yield Found(
                        switch,
                        f"{name} on {switch.get('host')} is wired with segment {number}; network "
                        f"{network['name']} has {wanted}",
                        (
                            said("cli", switch, f"{name}: segmentation_id={number}"),
                            said("api", network, f"provider:segmentation_id={wanted}"),
                        ),
                        part=str(name),
                        others=(network,),
                    )


def _segments(network: Record) -> set[str]:
    """VLAN ids and VNIs of a network."""
    parts = [network, *(network.get("segments") or ())]
    found = (part.get("provider:segmentation_id") for part in parts)
    return {str(number) for number in found if number is not None}
