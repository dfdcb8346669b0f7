"""A tunnel address that the host does not have."""

from __future__ import annotations

from calipso.topology.drift.drift_rule import DriftSeverity, ProblemRule


class TunnelAddressDiffers(ProblemRule):
    """A tunnel address that the host does not have."""

    severity = DriftSeverity.CRITICAL
    sentence = "Neutron has a tunnel address for a host, and no device of the host has it."
    remedy = "Compare `local_ip` of the agent with `ip addr` on the host."
    problems = ("tunnel_address_missing",)
