"""The collections of the database, each declared once.

The rows of `COLLECTIONS` declare names, indexes, retention, what `env remove` removes, what a
backup contains, where secrets are, and which names an inventory must not have.
"""

from __future__ import annotations

from collections.abc import Collection

from calipso.model.collection_spec import Backup, CollectionSpec, Index, Retention, Scope


def _by(*fields: str, name: str = "", unique: bool = False, sparse: bool = False) -> Index:
    return Index(fields, name or "_".join(fields), unique, sparse)


_INVENTORY = (
    CollectionSpec(
        "inventory",
        Scope.INVENTORY,
        "objects",
        Backup.RESCAN,
        (
            _by("environment", "type", "id", unique=True),
            _by("environment", "id"),
            _by("environment", "parent_id"),
            _by("environment", "id_path"),
            _by("environment", "type", "host"),
            # of ports, to find the hosts that a change concerns
            _by("binding:host_id", sparse=True),
            _by("device_id", sparse=True),
            _by("network_id", sparse=True),
        ),
        removed_by="environment",
    ),
    CollectionSpec(
        "links",
        Scope.INVENTORY,
        "links between objects",
        Backup.RESCAN,
        (
            _by("environment", "link_type", "source", "target", "link_name", unique=True),
            _by("source"),
            _by("target"),
            _by("environment", "finder", "_id"),
        ),
        removed_by="environment",
    ),
    CollectionSpec(
        "cliques",
        Scope.INVENTORY,
        "cliques of focal points",
        Backup.RESCAN,
        (
            _by("environment", "clique_type", "focal_point", unique=True),
            _by("environment", "focal_point_id"),
        ),
        removed_by="environment",
    ),
    CollectionSpec(
        "object_problems",
        Scope.INVENTORY,
        "problems of objects that scans found",
        Backup.RESCAN,
        (
            _by("environment", "pending"),
            _by("environment", "found_by.finder"),
            _by("object"),
        ),
        removed_by="environment",
    ),
    CollectionSpec(
        "changes",
        Scope.INVENTORY,
        "what scans found added, changed or removed",
        Backup.HISTORY,
        (
            _by("environment", "scan_id"),
            _by("environment", "type", "id"),
            _by("environment", "type", "target_id"),
            _by("environment", "time"),
            _by("time"),
        ),
        Retention("retention_days_changes", "time"),
        removed_by="environment",
    ),
)

_SCANS = (
    CollectionSpec(
        "scans",
        Scope.ENVIRONMENT,
        "records of scans",
        Backup.HISTORY,
        (_by("status"), _by("environment", "status"), _by("submit_timestamp")),
        removed_by="environment",
    ),
    CollectionSpec(
        "scan_tasks",
        Scope.ENVIRONMENT,
        "tasks of scans",
        Backup.NEVER,
        (_by("scan_id", "level", "done"),),
        removed_by="scan_id",
        with_scan=True,
    ),
    CollectionSpec(
        "coverage",
        Scope.ENVIRONMENT,
        "coverage reports of scans",
        Backup.HISTORY,
        (_by("scan_id", "host"),),
        removed_by="environment",
        with_scan=True,
    ),
    CollectionSpec(
        "messages",
        Scope.ENVIRONMENT,
        "log lines of scans",
        Backup.HISTORY,
        (
            _by("scan_id", "timestamp"),
            _by("environment", "timestamp", name="environment_time"),
            _by("timestamp"),
        ),
        Retention("retention_days_messages", "timestamp"),
        removed_by="environment",
        with_scan=True,
    ),
    CollectionSpec(
        "answers",
        Scope.ENVIRONMENT,
        "answers of hosts, for the workers of one scan",
        Backup.NEVER,
        (_by("scan_id"), Index(("created",), "created_ttl", expire_after="answers_ttl")),
        Retention("answers_ttl", "created", unit=1),
        removed_by="environment",
        with_scan=True,
    ),
    CollectionSpec(
        "scan_locks",
        Scope.ENVIRONMENT,
        "which scan has an environment",
        Backup.NEVER,
        removed_by="scan_id",
        with_scan=True,
    ),
    CollectionSpec(
        "queue_order",
        Scope.INSTALLATION,
        "numbers of the messages of each queue, and how far the workers are",
        Backup.NEVER,
    ),
    CollectionSpec(
        # Stays when an environment is removed: a worker that was given up may still write with an
        # old number. An environment that gets the name later must count on from there.
        "scan_generations",
        Scope.ENVIRONMENT,
        "number of the last scan of each environment",
        Backup.HISTORY,
    ),
)

_CONFIG = (
    CollectionSpec(
        "workers",
        Scope.INSTALLATION,
        "heartbeats of workers",
        Backup.NEVER,
        retention=Retention("retention_days_workers", "seen"),
    ),
    CollectionSpec(
        # `env remove` removes the document itself, whether or not the data go with it.
        "environments_config",
        Scope.ENVIRONMENT,
        "environments",
        Backup.ALWAYS,
        (_by("name", unique=True),),
        secrets=True,
    ),
    CollectionSpec(
        "scheduled_scans",
        Scope.ENVIRONMENT,
        "schedules",
        Backup.ALWAYS,
        (_by("name", unique=True, sparse=True),),
        removed_by="environment",
    ),
    CollectionSpec(
        "clique_types",
        Scope.ENVIRONMENT,
        "clique types that people defined",
        Backup.ALWAYS,
        (_by("meant_for", unique=True, sparse=True),),
        removed_by="environment",
    ),
    CollectionSpec(
        "clique_constraints",
        Scope.INSTALLATION,
        "clique constraints that people defined",
        Backup.ALWAYS,
        (_by("meant_for", unique=True, sparse=True),),
    ),
    CollectionSpec(
        "connection_tests",
        Scope.ENVIRONMENT,
        "tests of connections",
        Backup.NEVER,
        (_by("submit_timestamp"),),
        Retention("retention_days_scans", "submit_timestamp"),
        removed_by="environment",
        secrets=True,
    ),
    CollectionSpec(
        "monitoring_config_templates",
        Scope.INSTALLATION,
        "pieces of monitoring configuration",
        Backup.ALWAYS,
    ),
    CollectionSpec(
        "schema_version",
        Scope.INSTALLATION,
        "number of the schema, and the migrations applied",
        Backup.ALWAYS,
    ),
)

_PEOPLE = (
    CollectionSpec(
        "users",
        Scope.INSTALLATION,
        "users and their grants",
        Backup.ALWAYS,
        (_by("name", name="name_1", unique=True),),
    ),
    CollectionSpec(
        "tokens",
        Scope.INSTALLATION,
        "hashes of tokens",
        Backup.NEVER,
        (_by("user", name="user_1"), Index(("expires_at",), "expires_at_1", expire_at=True)),
    ),
    CollectionSpec(
        # Stays when an environment is removed: who removed it is part of it.
        "audit",
        Scope.ENVIRONMENT,
        "who changed what, and when",
        Backup.HISTORY,
        (
            _by("time"),
            _by("user", "time", name="user_1_time_1"),
            _by("environment", "time", name="environment_1_time_1"),
        ),
        Retention("retention_days_audit", "time"),
    ),
)

#: Every collection, by name. Retention uses this order: collections with few documents first,
#: because old documents of a large site may take the whole time of a run.
COLLECTIONS: dict[str, CollectionSpec] = {
    spec.name: spec for spec in (*_CONFIG, *_SCANS, *_PEOPLE, *_INVENTORY)
}

#: Names in databases of the original, besides ours.
RESERVED = frozenset({"constants", "login_attempts", "monitoring_config"})

#: Names that no inventory may have. `inventory` itself is the name of an inventory.
TAKEN = (COLLECTIONS.keys() | RESERVED) - {"inventory"}


def of_inventories() -> list[str]:
    """Return the names of the collections that each inventory has for itself."""
    return [name for name, spec in COLLECTIONS.items() if spec.scope is Scope.INVENTORY]


def with_scan() -> list[str]:
    """Return the names of the collections whose documents are removed with the record of their
    scan.
    """
    return [name for name, spec in COLLECTIONS.items() if spec.with_scan]


def stored_name(inventory: str, name: str) -> str:
    """Return the name of a collection in the database.

    A collection of an inventory has its name: `links` is `links_dev` for `inventory_dev`, and
    `RDO_links` for `RDO`.
    """
    spec = COLLECTIONS.get(name)
    if name in RESERVED or (spec and spec.scope is not Scope.INVENTORY):
        return name
    if name == "inventory":
        return inventory
    if inventory.startswith("inventory"):
        return name + inventory.removeprefix("inventory")
    return f"{inventory}_{name}"


def spec_of(stored: str, all_stored: Collection[str]) -> CollectionSpec | None:
    """Return the row of a collection of the database, for any inventory; None: it is not ours.

    `all_stored` has the names of all collections there: `RDO` is an inventory if `RDO_links`
    exists.
    """
    spec = COLLECTIONS.get(stored)
    if spec is not None:
        return spec
    kinds = of_inventories()
    for kind in kinds:
        if stored.startswith(f"{kind}_") or stored.endswith(f"_{kind}"):
            return COLLECTIONS[kind]
    is_inventory = any(f"{stored}_{kind}" in all_stored for kind in kinds)
    return COLLECTIONS["inventory"] if is_inventory else None
