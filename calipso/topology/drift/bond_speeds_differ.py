"""NICs of different speed in one bond."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from calipso.topology.drift.drift_rule import DriftRule, DriftSeverity, Found, Reads, said
from calipso.topology.drift.facts import Facts


class BondSpeedsDiffer(DriftRule):
    """Members of a bond that are up at different speeds."""

    severity = DriftSeverity.MAJOR
    sentence = "NICs of one bond have different speeds."
    remedy = "Check the transceivers and what the switch ports negotiate."
    reads: ClassVar[Reads] = {
        "host_pnic": ("members", "state", "speed", "local_name", "EtherChannel Master"),
    }

    def find(self, facts: Facts) -> Iterator[Found]:
        """Only members that are up have a speed."""
        for bond in facts.of("host_pnic"):
            members = (facts.get("host_pnic", m.get("id")) for m in _members(bond.get("members")))
            speeds = {
                str(nic.get("local_name") or nic["name"]): nic["speed"]
                for nic in members
                if nic is not None and nic.get("state") == "up" and nic.get("speed")
            }
            if len(set(speeds.values())) > 1:
                told = ", ".join(f"{name} {speed // 10**6} Mb/s" for name, speed in speeds.items())
                yield Found(
                    bond,
                    f"members of {bond.get('local_name') or bond['name']} on {bond.get('host')} "
                    f"have different speeds: {told}",
                    (said("cli", bond, told),),
                )


def _members(members: object) -> list[dict[str, object]]:
    return list(members.values()) if isinstance(members, dict) else []
