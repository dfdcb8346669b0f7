"""An instance on a host that is gone."""

from __future__ import annotations

from calipso.topology.drift.drift_rule import DriftSeverity, ProblemRule


class InstanceHostGone(ProblemRule):
    """An instance on a host that is gone."""

    severity = DriftSeverity.CRITICAL
    sentence = "Nova has an instance on a host that the inventory does not have."
    remedy = "Evacuate the instance, or bring its host back."
    problems = ("instance_host_unknown",)
