"""Two devices with one MAC address in one network, or two NICs with one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import ClassVar

from calipso.model.documents import Record
from calipso.topology.drift.drift_rule import DriftRule, DriftSeverity, Found, Reads, said
from calipso.topology.drift.facts import Facts


class MacTwice(DriftRule):
    """A switch sends the packets of one to the other."""

    severity = DriftSeverity.CRITICAL
    sentence = "Two devices of one network have the same MAC address."
    remedy = "Find out which of the two is a leftover or a copy; give it another address."
    reads: ClassVar[Reads] = {
        "vnic": ("mac_address", "network", "port_id", "vnic_type", "instance_id"),
        "port": ("device_owner", "binding:host_id"),
    }

    def find(self, facts: Facts) -> Iterator[Found]:
        """Interfaces of guests: those of routers rightly repeat on several hosts."""
        same: dict[tuple[str, str], list[Record]] = defaultdict(list)
        for nic in facts.of("vnic"):
            network, mac = nic.get("network"), nic.get("mac_address")
            if nic.get("vnic_type") == "instance_vnic" and mac and isinstance(network, str):
                same[network, str(mac)].append(nic)
        for (network, mac), nics in sorted(same.items()):
            guests = {str(nic.get("instance_id")) for nic in nics}
            places = {(str(nic.get("host")), str(nic["id"])) for nic in nics}
            if len(places) < 2:
                continue
            if len(guests) == 1 and len({nic.get("port_id") for nic in nics}) == 1:
                continue  # a guest that moves is on both hosts for a moment
            first = min(nics, key=lambda nic: str(nic["id"]))
            others = tuple(nic for nic in nics if nic is not first)
            where = ", ".join(f"{nic['name']} on {nic.get('host')}" for nic in nics)
            name = (facts.get("network", network) or {}).get("name", network)
            yield Found(
                first,
                f"{where} have the same MAC address {mac} in network {name}",
                tuple(said("cli", nic, f"mac={mac}") for nic in nics),
                part=mac,
                others=others,
            )
