"""A host with names that do not agree."""

from __future__ import annotations

from calipso.topology.drift.drift_rule import DriftSeverity, ProblemRule


class HostNamesDiffer(ProblemRule):
    """A host with names that do not agree."""

    severity = DriftSeverity.MINOR
    sentence = "Nova and Neutron have different names for a host, or two hosts have one name."
    remedy = "Set `host` in the configuration of both to the same name."
    problems = ("host_named_twice", "host_name_in_two_regions")
