"""The form of a row in the table of collections, see `calipso.model.collections`."""

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

    ALWAYS = "always"  # people made it: nothing can make it again
    HISTORY = "history"  # records of the past
    RESCAN = "rescan"  # a scan makes it again
    NEVER = "never"  # belongs to running processes and sessions


@dataclass(frozen=True)
class Index:
    """An index: its fields, ascending, and its name in the database."""

    fields: tuple[str, ...]
    name: str
    unique: bool = False
    sparse: bool = False
    expire_at: bool = False  # the field has the time at which MongoDB removes the document
    expire_after: str = ""  # setting: seconds between that time and the removal


def by(*fields: str, name: str = "", unique: bool = False, sparse: bool = False) -> Index:
    """Return an index on these fields, named after them."""
    return Index(fields, name or "_".join(fields), unique, sparse)


@dataclass(frozen=True)
class Retention:
    """Documents are removed when the time in `field` is older than a setting; 0: never."""

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
    #: Field that ties documents to an environment that is removed with its data: `environment`, or
    #: `scan_id` for documents that name only a scan. Empty: the documents stay.
    removed_by: str = ""
    #: Documents are removed with the record of their scan.
    with_scan: bool = False
    #: Documents have secrets that are encrypted with the key file; a new key encrypts them again.
    secrets: bool = False
