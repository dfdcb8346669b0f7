"""A port of Neutron that no device of its host is."""

from __future__ import annotations

from calipso.topology.drift.drift_rule import DriftSeverity, ProblemRule


class PortWithoutDevice(ProblemRule):
    """A port of Neutron that no device of its host is."""

    severity = DriftSeverity.MAJOR
    sentence = "Neutron has bound a port to a host, and no device there is this port."
    remedy = (
        "Compare the domain of the instance, or the namespace, with the port; plug the port "
        "in again."
    )
    problems = ("port_unplugged",)
