"""A highly available router that is active twice."""

from __future__ import annotations

from calipso.topology.drift.drift_rule import DriftSeverity, ProblemRule


class HaRouterActiveTwice(ProblemRule):
    """A highly available router that is active twice."""

    severity = DriftSeverity.CRITICAL
    sentence = "A highly available router is active on several hosts at once."
    remedy = "Check that the hosts of the router reach each other on the HA network."
    problems = ("router_active_twice",)
