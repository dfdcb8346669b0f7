"""A port that Open vSwitch reports an error for."""

from __future__ import annotations

from calipso.topology.drift.drift_rule import DriftSeverity, ProblemRule


class OvsPortWithError(ProblemRule):
    """A port that Open vSwitch reports an error for."""

    severity = DriftSeverity.MAJOR
    sentence = "Open vSwitch cannot use a port."
    remedy = (
        "See `ovs-vsctl list interface` for the error, and whether the device of the port is there."
    )
    problems = ("port_error",)
