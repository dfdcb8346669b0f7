"""What the table of collections says of each: see `calipso.model.collections`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What a collection belongs to."""

    INSTALLATION = "installation"  # one collection; its documents belong to no environment
    ENVIRONMENT = "environment"  # one collection; each document belongs to an environment
    INVENTORY = "inventory"  # one collection for each inventory, named after it


class Backup(StrEnum):
    """Whether a backup should hold a collection."""

    ALWAYS = "always"  # people made it: nothing brings it back
    HISTORY = "history"  # what happened
    RESCAN = "rescan"  # a scan makes it again
    NEVER = "never"  # belongs to processes and sessions that end


@dataclass(frozen=True)
class Index:
    """An index: its fields, ascending, and its name in the database."""

    fields: tuple[str, ...]
    name: str
    unique: bool = False
    sparse: bool = False
    expire_at: bool = False  # the field is the time at which MongoDB removes the document
    expire_after: str = ""  # setting: seconds after the field's time until it does


@dataclass(frozen=True)
class Retention:
    """Documents are removed when the time in `field` is older than a setting says; 0: never."""

    setting: str
    field: str
    unit: int = 86_400  # seconds in one unit of the setting


@dataclass(frozen=True)
class CollectionSpec:
    """One collection."""

    name: str
    scope: Scope
    holds: str
    backup: Backup
    indexes: tuple[Index, ...] = ()
    retention: Retention | None = None
    #: Field by which documents go with an environment that is removed with its data: `environment`,
    #: or `scan_id` for those that name a scan only. Empty: they stay.
    removed_by: str = ""
    #: Documents go with the record of their scan.
    with_scan: bool = False
    #: Documents hold secrets that are encrypted with the key file: a new key renews them.
    secrets: bool = False
