"""A port that is wired to another network."""

from __future__ import annotations

from calipso.topology.drift.drift_rule import DriftSeverity, ProblemRule


class PortInWrongNetwork(ProblemRule):
    """A port that is wired to another network."""

    severity = DriftSeverity.CRITICAL
    sentence = "The agent has wired a port to another network than Neutron says."
    remedy = (
        "Compare `other_config` of the port with Neutron; look at the log of the agent of the host."
    )
    problems = ("wrong_network",)
