"""A port that Neutron calls DOWN, although its device works."""

from __future__ import annotations

from calipso.topology.drift.drift_rule import DriftSeverity, ProblemRule


class PortDownButPlugged(ProblemRule):
    """A port that Neutron calls DOWN, although its device works."""

    severity = DriftSeverity.MAJOR
    sentence = "Neutron reports DOWN for a port that is plugged in and shows no fault on its host."
    remedy = "Look at the log of the agent on the host: it has not reported the port as wired."
    problems = ("port_down",)
