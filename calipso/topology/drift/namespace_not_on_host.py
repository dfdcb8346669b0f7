"""A namespace that the host lacks."""

from __future__ import annotations

from calipso.topology.drift.drift_rule import DriftSeverity, ProblemRule


class NamespaceNotOnHost(ProblemRule):
    """A namespace that the host lacks."""

    severity = DriftSeverity.CRITICAL
    sentence = "Neutron wants a namespace on a host that does not have it."
    remedy = (
        "Look at the log of the DHCP or L3 agent of the host: it makes the namespace when it "
        "starts."
    )
    problems = ("namespace_missing",)
