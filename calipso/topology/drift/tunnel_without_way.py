"""A tunnel endpoint from which no way leads to a NIC."""

from __future__ import annotations

from calipso.topology.drift.drift_rule import DriftSeverity, ProblemRule


class TunnelWithoutWay(ProblemRule):
    """A tunnel endpoint from which no way leads to a NIC."""

    severity = DriftSeverity.MAJOR
    sentence = "No way is known from the address of the tunnels to a NIC."
    remedy = "Compare `ip route get` for the address of another host."
    problems = ("tunnel_way_unknown",)
