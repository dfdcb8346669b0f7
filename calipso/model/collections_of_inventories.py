"""The collections that each inventory has for itself, see `calipso.model.collections`."""

from __future__ import annotations

from calipso.model.collection_spec import Backup, CollectionSpec, Retention, Scope, by

OF_INVENTORIES = (
    CollectionSpec(
        "inventory",
        Scope.INVENTORY,
        "objects",
        Backup.RESCAN,
        (
            by("environment", "type", "id", unique=True),
            by("environment", "id"),
            by("environment", "parent_id"),
            by("environment", "id_path"),
            by("environment", "type", "host"),
            # of ports, to find the hosts that a change concerns
            by("binding:host_id", sparse=True),
            by("device_id", sparse=True),
            by("network_id", sparse=True),
        ),
        removed_by="environment",
    ),
    CollectionSpec(
        "links",
        Scope.INVENTORY,
        "links between objects",
        Backup.RESCAN,
        (
            by("environment", "link_type", "source", "target", "link_name", unique=True),
            by("source"),
            by("target"),
            by("environment", "finder", "_id"),
        ),
        removed_by="environment",
    ),
    CollectionSpec(
        "cliques",
        Scope.INVENTORY,
        "cliques of focal points",
        Backup.RESCAN,
        (
            by("environment", "clique_type", "focal_point", unique=True),
            by("environment", "focal_point_id"),
        ),
        removed_by="environment",
    ),
    CollectionSpec(
        "clique_versions",
        Scope.INVENTORY,
        "cliques as they were before a scan wrote them",
        Backup.HISTORY,
        (by("until"), by("environment")),
        Retention("retention_days_changes", "until"),
        removed_by="environment",
    ),
    CollectionSpec(
        "object_problems",
        Scope.INVENTORY,
        "problems of objects that scans found",
        Backup.RESCAN,
        (
            by("environment", "pending"),
            by("environment", "found_by.finder"),
            by("object"),
        ),
        removed_by="environment",
    ),
    CollectionSpec(
        "findings",
        Scope.INVENTORY,
        "what drift rules found",
        Backup.HISTORY,
        (
            by("environment", "open"),
            by("environment", "type", "id"),
            by("cleared_at"),
        ),
        Retention("retention_days_changes", "cleared_at"),
        removed_by="environment",
    ),
    CollectionSpec(
        "drift_runs",
        Scope.INVENTORY,
        "when drift was judged last, and what could not be judged",
        Backup.RESCAN,
        (by("environment", unique=True),),
        removed_by="environment",
    ),
    CollectionSpec(
        "changes",
        Scope.INVENTORY,
        "what scans found added, changed or removed",
        Backup.HISTORY,
        (
            by("environment", "scan_id"),
            by("environment", "type", "id"),
            by("environment", "type", "target_id"),
            by("environment", "time"),
            by("time"),
        ),
        Retention("retention_days_changes", "time"),
        removed_by="environment",
    ),
)
