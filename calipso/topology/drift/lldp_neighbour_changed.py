"""A NIC that is on another switch port than a few days ago."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from calipso.topology.drift.drift_rule import DriftRule, DriftSeverity, Found, Reads, said
from calipso.topology.drift.facts import Facts

#: Parts of a neighbour that name a switch or a port of it.
NAMES = ("chassis_id", "port_id", "system_name")


class LldpNeighbourChanged(DriftRule):
    """Somebody plugged a cable elsewhere, or replaced a switch, within the last week."""

    severity = DriftSeverity.MINOR
    sentence = "A NIC is on another switch port than a week ago."
    remedy = "If nobody moved the cable, compare it with the cabling plan; otherwise mute this."
    reads: ClassVar[Reads] = {"host_pnic": ("lldp", "local_name")}
    changes_of = ("host_pnic",)

    def find(self, facts: Facts) -> Iterator[Found]:
        """The first value of each part since then, beside the one of now."""
        first: dict[tuple[str, str], tuple[object, object]] = {}
        for change in facts.recent:
            if change.get("type") != "host_pnic" or change.get("change") != "changed":
                continue
            for name, sides in (change.get("fields") or {}).items():
                part = str(name).removeprefix("lldp.")
                if part in NAMES and name != part and sides.get("old"):
                    about = str(change["id"]), part
                    first.setdefault(about, (sides["old"], change.get("time")))
        for nic in facts.of("host_pnic"):
            neighbour = nic.get("lldp") or {}
            moved = {
                part: first[str(nic["id"]), part]
                for part in NAMES
                if (str(nic["id"]), part) in first
                and neighbour.get(part)
                and first[str(nic["id"]), part][0] != neighbour[part]
            }
            if moved:
                was = ", ".join(f"{part} {old}" for part, (old, _) in moved.items())
                now = ", ".join(f"{part} {neighbour[part]}" for part in moved)
                since = next(iter(moved.values()))[1]
                yield Found(
                    nic,
                    f"{nic.get('local_name') or nic['name']} on {nic.get('host')} was on {was}, "
                    f"and is on {now}",
                    (said("cli", nic, now),),
                    since=since,  # type: ignore[arg-type]  # the time of a change
                )
