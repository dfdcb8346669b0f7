"""A highly available router without an active host."""

from __future__ import annotations

from calipso.topology.drift.drift_rule import DriftSeverity, ProblemRule


class HaRouterActiveNowhere(ProblemRule):
    """A highly available router without an active host."""

    severity = DriftSeverity.CRITICAL
    sentence = "A highly available router is active on none of its hosts."
    remedy = "Look at keepalived in the namespaces of the router."
    problems = ("router_active_nowhere",)
