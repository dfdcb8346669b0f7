"""A port that is bound to another host than its guest runs on."""

from __future__ import annotations

from calipso.topology.drift.drift_rule import DriftSeverity, ProblemRule


class PortBoundElsewhere(ProblemRule):
    """A port that is bound to another host than its guest runs on."""

    severity = DriftSeverity.CRITICAL
    sentence = "A device is on one host, and Neutron has bound its port to another."
    remedy = "End or repeat the migration, so that the port is bound where the guest runs."
    problems = ("bound_elsewhere",)
