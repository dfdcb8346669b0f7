"""A member of a bond or team that is down."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from calipso.topology.drift.drift_rule import DriftRule, DriftSeverity, Found, Reads, said
from calipso.topology.drift.facts import Facts


class BondMemberDown(DriftRule):
    """The bond works on what is left."""

    severity = DriftSeverity.MAJOR
    sentence = "A member of a bond is down: the bond has lost a part of its reserve."
    remedy = "Look at the cable, the switch port and the aggregation group of the member."
    reads: ClassVar[Reads] = {
        "host_pnic": ("members", "state", "local_name", "EtherChannel Master")
    }

    def find(self, facts: Facts) -> Iterator[Found]:
        """The kernel's word for the member, and that of the NIC itself."""
        for bond in facts.of("host_pnic"):
            for name, member in (bond.get("members") or {}).items():
                nic = facts.get("host_pnic", member.get("id"))
                words = {
                    str(member.get("MII Status") or member.get("state") or ""),
                    str((nic or {}).get("state") or ""),
                }
                if "down" in words:
                    yield Found(
                        bond,
                        f"{name} of {bond.get('local_name') or bond['name']} on "
                        f"{bond.get('host')} is down",
                        (said("cli", bond, f"{name}: {member.get('MII Status') or 'down'}"),),
                        part=str(name),
                        others=(nic,) if nic else (),
                    )
