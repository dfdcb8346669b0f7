"""A tap outside of its bridge."""

from __future__ import annotations

from calipso.topology.drift.drift_rule import DriftSeverity, ProblemRule


class TapNotInBridge(ProblemRule):
    """A tap outside of its bridge."""

    severity = DriftSeverity.CRITICAL
    sentence = "A tap is not in the bridge that libvirt put it into."
    remedy = "Compare `bridge link` with the domain; find out which program took the tap out."
    problems = ("tap_not_in_bridge",)
