"""A service of Nova that is dead."""

from __future__ import annotations

from calipso.topology.drift.drift_rule import DriftSeverity, ProblemRule


class ServiceNotReporting(ProblemRule):
    """A service of Nova that is dead."""

    severity = DriftSeverity.MAJOR
    sentence = "A service of Nova on a host does not report any more."
    remedy = "Start the service on its host; look at its log."
    problems = ("compute_service_down", "service_down")
