"""An interface of a guest without a device."""

from __future__ import annotations

from calipso.topology.drift.drift_rule import DriftSeverity, ProblemRule


class InterfaceWithoutDevice(ProblemRule):
    """An interface of a guest without a device."""

    severity = DriftSeverity.CRITICAL
    sentence = "A domain has an interface, and its host has no device for it."
    remedy = (
        "Compare `virsh domiflist` with `ip link` on the host; look at the log of `nova-compute`."
    )
    problems = ("tap_missing",)
