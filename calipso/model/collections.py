"""The collections of the database, each declared once.

The rows of `COLLECTIONS` declare names, indexes, retention, what `env remove` removes, what a
backup contains, where secrets are, and which names an inventory must not have.
"""

from __future__ import annotations

from collections.abc import Collection

from calipso.model.collection_spec import Backup, CollectionSpec, Index, Retention, Scope, by
from calipso.model.collections_of_events import OF_EVENTS
from calipso.model.collections_of_inventories import OF_INVENTORIES

_SCANS = (
    CollectionSpec(
        "scans",
        Scope.ENVIRONMENT,
        "records of scans",
        Backup.HISTORY,
        (by("status"), by("environment", "status"), by("submit_timestamp")),
        removed_by="environment",
    ),
    CollectionSpec(
        "scan_tasks",
        Scope.ENVIRONMENT,
        "tasks of scans",
        Backup.NEVER,
        (by("scan_id", "level", "done"),),
        removed_by="scan_id",
        with_scan=True,
    ),
    CollectionSpec(
        "coverage",
        Scope.ENVIRONMENT,
        "coverage reports of scans",
        Backup.HISTORY,
        (by("scan_id", "host"),),
        removed_by="environment",
        with_scan=True,
    ),
    CollectionSpec(
        "messages",
        Scope.ENVIRONMENT,
        "log lines of scans",
        Backup.HISTORY,
        (
            by("scan_id", "timestamp"),
            by("environment", "timestamp", name="environment_time"),
            by("timestamp"),
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
        (by("scan_id"), Index(("created",), "created_ttl", expire_after="answers_ttl")),
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
        (by("name", unique=True),),
        secrets=True,
    ),
    CollectionSpec(
        "scheduled_scans",
        Scope.ENVIRONMENT,
        "schedules",
        Backup.ALWAYS,
        (by("name", unique=True, sparse=True),),
        removed_by="environment",
    ),
    CollectionSpec(
        "clique_types",
        Scope.ENVIRONMENT,
        "clique types that people defined",
        Backup.ALWAYS,
        (by("meant_for", unique=True, sparse=True),),
        removed_by="environment",
    ),
    CollectionSpec(
        "finding_mutes",
        Scope.ENVIRONMENT,
        "findings that people muted, why, and until when",
        Backup.ALWAYS,
        (by("environment"), by("until")),
        Retention("retention_days_changes", "until"),
        removed_by="environment",
    ),
    CollectionSpec(
        "intents",
        Scope.ENVIRONMENT,
        "what must hold, and the last answer to it",
        Backup.ALWAYS,
        (by("environment", "name", unique=True),),
        removed_by="environment",
    ),
    CollectionSpec(
        "clique_constraints",
        Scope.INSTALLATION,
        "clique constraints that people defined",
        Backup.ALWAYS,
        (by("meant_for", unique=True, sparse=True),),
    ),
    CollectionSpec(
        "connection_tests",
        Scope.ENVIRONMENT,
        "tests of connections",
        Backup.NEVER,
        (by("submit_timestamp"),),
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
        (by("name", name="name_1", unique=True),),
    ),
    CollectionSpec(
        "tokens",
        Scope.INSTALLATION,
        "hashes of tokens",
        Backup.NEVER,
        (by("user", name="user_1"), Index(("expires_at",), "expires_at_1", expire_at=True)),
    ),
    CollectionSpec(
        # Stays when an environment is removed: who removed it is part of it.
        "audit",
        Scope.ENVIRONMENT,
        "who changed what, and when",
        Backup.HISTORY,
        (
            by("time"),
            by("user", "time", name="user_1_time_1"),
            by("environment", "time", name="environment_1_time_1"),
        ),
        Retention("retention_days_audit", "time"),
    ),
)

_MONITORING = (
    CollectionSpec(
        "monitoring_hosts",
        Scope.ENVIRONMENT,
        "when each host is checked, and what the last rounds found",
        Backup.NEVER,
        (by("environment", "due"),),
        removed_by="environment",
    ),
    CollectionSpec(
        "monitoring_config",
        Scope.ENVIRONMENT,
        "rendered configuration of monitoring systems",
        Backup.NEVER,
        (by("environment", "runner", "path", unique=True),),
        removed_by="environment",
    ),
    CollectionSpec(
        "monitoring_results",
        Scope.ENVIRONMENT,
        "last results of other monitoring systems",
        Backup.NEVER,
        (by("environment", "expires"), by("target")),
        removed_by="environment",
    ),
    CollectionSpec(
        "monitoring_troubles",
        Scope.ENVIRONMENT,
        "objects, links and cliques with a status that is not OK",
        Backup.NEVER,
        (by("environment", "value"), by("environment", "host")),
        removed_by="environment",
    ),
    CollectionSpec(
        "monitoring_silences",
        Scope.ENVIRONMENT,
        "objects whose alerts somebody silenced",
        Backup.ALWAYS,
        (by("environment", "until"),),
        removed_by="environment",
    ),
    CollectionSpec(
        "monitoring_webhooks",
        Scope.ENVIRONMENT,
        "addresses that get alerts",
        Backup.ALWAYS,
        (by("environment", "name", unique=True),),
        removed_by="environment",
        secrets=True,
    ),
    CollectionSpec(
        "monitoring_alerts",
        Scope.ENVIRONMENT,
        "alerts that wait to be sent",
        Backup.NEVER,
        (by("next_at"), by("environment", "webhook")),
        removed_by="environment",
    ),
)

#: Every collection, by name. Retention uses this order: collections with few documents first,
#: because old documents of a large site may take the whole time of a run.
COLLECTIONS: dict[str, CollectionSpec] = {
    spec.name: spec
    for spec in (*_CONFIG, *_MONITORING, *_SCANS, *OF_EVENTS, *_PEOPLE, *OF_INVENTORIES)
}

#: Names in databases of the original, besides ours.
RESERVED = frozenset({"constants", "login_attempts"})

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
