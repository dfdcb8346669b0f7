"""A port that no mechanism driver could bind."""

from __future__ import annotations

from calipso.topology.drift.drift_rule import DriftSeverity, ProblemRule


class PortBindingFailed(ProblemRule):
    """A port that no mechanism driver could bind."""

    severity = DriftSeverity.CRITICAL
    sentence = "Neutron could not bind a port to its host."
    remedy = (
        "See whether the agent of the host reports: `openstack network agent list --host HOST`."
    )
    problems = ("binding_failed",)
