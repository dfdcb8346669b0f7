"""A device that is down."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from calipso.topology.drift.drift_rule import DriftSeverity, Found, ProblemRule, Reads
from calipso.topology.drift.facts import Facts


class DeviceDown(ProblemRule):
    """A device that is down."""

    severity = DriftSeverity.CRITICAL
    sentence = "A device on the way is down."
    remedy = "Set the device up; for a NIC look at the cable and the switch port."
    problems = ("link_down",)
    reads: ClassVar[Reads] = {"host_pnic": ("EtherChannel Master",)}

    def find(self, facts: Facts) -> Iterator[Found]:
        """Without members of bonds: the bond works on, and has a rule of its own."""
        for found in super().find(facts):
            nic = facts.get("host_pnic", found.item["id"])
            if found.item["type"] != "host_pnic" or not (nic or {}).get("EtherChannel Master"):
                yield found
