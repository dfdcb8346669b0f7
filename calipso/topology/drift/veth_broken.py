"""A broken pair between two switches of a host."""

from __future__ import annotations

from calipso.topology.drift.drift_rule import DriftSeverity, ProblemRule


class VethBroken(ProblemRule):
    """A broken pair between two switches of a host."""

    severity = DriftSeverity.CRITICAL
    sentence = "The pair between a Linux bridge and Open vSwitch is not whole."
    remedy = "Compare `ip link` with `ovs-vsctl list-ports br-int` for the two ends."
    problems = ("veth_broken",)
