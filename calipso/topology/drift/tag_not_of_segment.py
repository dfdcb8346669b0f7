"""A port with the tag of another network."""

from __future__ import annotations

from calipso.topology.drift.drift_rule import DriftSeverity, ProblemRule


class TagNotOfSegment(ProblemRule):
    """A port with the tag of another network."""

    severity = DriftSeverity.CRITICAL
    sentence = "The VLAN tag of a port is not the one its network has on this host."
    remedy = (
        "Look at the log of the Open vSwitch agent of the host: it sets the tags of its ports "
        "when it starts."
    )
    problems = ("wrong_vlan",)
