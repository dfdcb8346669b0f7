"""A device whose port is gone."""

from __future__ import annotations

from calipso.topology.drift.drift_rule import DriftSeverity, ProblemRule


class DeviceWithoutPort(ProblemRule):
    """A device whose port is gone."""

    severity = DriftSeverity.MAJOR
    sentence = "A device of a guest or service is there, and Neutron has no port for it."
    remedy = "Find out whether the port was removed by mistake: `openstack port show ID`."
    problems = ("port_unknown",)
