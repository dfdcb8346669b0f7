"""A port that the agent has not wired."""

from __future__ import annotations

from calipso.topology.drift.drift_rule import DriftSeverity, ProblemRule


class PortInDeadVlan(ProblemRule):
    """A port that the agent has not wired."""

    severity = DriftSeverity.CRITICAL
    sentence = "A port is in the VLAN of ports that the agent has not wired."
    remedy = "Look at the log of the agent; check that the port is not switched off in Neutron."
    problems = ("dead_vlan",)
