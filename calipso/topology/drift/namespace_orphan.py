"""A namespace that is left over."""

from __future__ import annotations

from calipso.topology.drift.drift_rule import DriftSeverity, ProblemRule


class NamespaceOrphan(ProblemRule):
    """A namespace that is left over."""

    severity = DriftSeverity.MINOR
    sentence = "A namespace belongs to a network or router that Neutron does not have."
    remedy = (
        "Find out whether the network or router was removed on purpose, and who still uses "
        "the namespace."
    )
    problems = ("namespace_orphan",)
