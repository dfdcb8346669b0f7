"""An agent that is dead, whatever its switch does."""

from __future__ import annotations

from calipso.topology.drift.drift_rule import DriftSeverity, ProblemRule


class AgentDead(ProblemRule):
    """An agent that is dead, whatever its switch does."""

    severity = DriftSeverity.MAJOR
    sentence = "A network agent does not report to Neutron any more."
    remedy = "Start the agent on its host; look at its log."
    problems = ("agent_down",)
