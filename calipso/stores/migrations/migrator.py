"""Migrator: reads the schema of a database and upgrades it to the schema of this version.

The collection `schema_version` holds one document: the number of the last migration that was
applied, the history, and the lock of the process that upgrades. The lock is a lease: if its holder
is killed, it is free again after a minute.
"""

from __future__ import annotations

import importlib
import logging
import os
import pkgutil
import re
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, PyMongoError

from calipso import __version__
from calipso.errors import ConfigError, StoreError
from calipso.model.documents import Document
from calipso.stores import migrations
from calipso.stores.migrations import indexes
from calipso.stores.mongo.mongo_access import MongoAccess
from calipso.utils.clock import now

COLLECTION = "schema_version"
KEY = "calipso"

#: Seconds after which the lock of a killed process is free. Its holder renews it three times in
#: this time.
LEASE = 60.0
POLL = 0.2

#: Seconds to wait for another process that upgrades.
WAIT = 300.0

_MODULE = re.compile(r"m(\d{4})_(\w+)")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Migration:
    """One step from a schema to the next."""

    number: int
    name: str
    description: str
    affected: Callable[[Database[Document]], int]
    upgrade: Callable[[Database[Document]], int]


@dataclass(frozen=True)
class Status:
    """The schema of a database beside the one this version of Calipso knows."""

    version: int  # 0: the database has no schema yet
    known: int
    empty: bool  # no environment, no scan, no user: the upgrade cannot damage any data
    holder: str  # the process that upgrades at this moment
    applied: list[Document] = field(default_factory=list)
    missing_indexes: list[str] = field(default_factory=list)


def find_migrations(package: ModuleType = migrations) -> list[Migration]:
    """Return the migrations of a package, by number.

    Raises ConfigError when a number is missing.
    """
    found = []
    for module in pkgutil.iter_modules(package.__path__):
        if match := _MODULE.fullmatch(module.name):
            code = importlib.import_module(f"{package.__name__}.{module.name}")
            number, name = int(match[1]), match[2]
            found.append(Migration(number, name, code.DESCRIPTION, code.affected, code.upgrade))
    found.sort(key=lambda item: item.number)
    if [item.number for item in found] != [*range(1, len(found) + 1)]:
        numbers = ", ".join(str(item.number) for item in found)
        raise ConfigError(f"migrations are not numbered from 1 on: {numbers}")
    return found


class Migrator:
    """Reads the schema of a database and upgrades it."""

    def __init__(
        self,
        database: Database[Document] | None = None,
        package: ModuleType = migrations,
        *,
        lease: float = LEASE,
    ) -> None:
        self.db = MongoAccess().db if database is None else database
        self.migrations = find_migrations(package)
        self.lease = lease
        self._me = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}"

    # -- looking -----------------------------------------------------------------------

    def status(self, *, look_at_indexes: bool = False) -> Status:
        """Return the schema of the database. Raises StoreError when it does not answer."""
        with _store_errors():
            document = self._document()
            lock = document.get("lock") or {}
            held = lock and lock["until"] > datetime.now(UTC)
            missing = indexes.missing(self.db) if look_at_indexes else []
            return Status(
                version=int(document.get("version", 0)),
                known=len(self.migrations),
                empty=not document and self._is_empty(),
                holder=lock["owner"] if held else "",
                applied=list(document.get("applied", ())),
                missing_indexes=[f"{name}.{index.document['name']}" for name, index in missing],
            )

    def pending(self, version: int) -> list[Migration]:
        """Return the migrations that a database with this schema lacks."""
        return self.migrations[version:]

    def check(self) -> None:
        """Raise ConfigError unless this version works with the schema."""
        status = self.status()
        if status.version > status.known:
            raise ConfigError(
                f"the database {self.db.name} has schema {status.version}; calipso {__version__} "
                f"knows schemas up to {status.known}",
                hint="A newer calipso has upgraded it: install that one or a later one.",
            )
        if status.version < status.known:
            raise ConfigError(
                f"the database {self.db.name} has schema {status.version}; calipso {__version__} "
                f"works with {status.known}",
                hint="Make a backup, then run `calipso db upgrade`.",
            )

    def ready(self, *, upgrade: bool = False) -> None:
        """Make sure that the schema fits; an empty database gets the schema at once.

        With `upgrade`, an older database is upgraded too; otherwise it raises ConfigError. A newer
        database always raises ConfigError.
        """
        status = self.status()
        if status.version < status.known and (upgrade or status.empty):
            self.upgrade()
        self.check()

    # -- upgrading ---------------------------------------------------------------------

    def upgrade(
        self, report: Callable[[Migration, int], None] | None = None, *, wait: float = WAIT
    ) -> list[str]:
        """Apply the pending migrations in order, then make missing indexes; returns the names of
        these.

        It calls `report` with each applied migration and the number of documents that it changed.
        Raises ConfigError for a newer schema, and StoreError when another process upgrades for
        longer than `wait` seconds or takes over the lock.
        """
        with _store_errors(), self._lock(wait) as lost:
            status = self.status()
            if status.version > status.known:
                self.check()
            for migration in self.pending(status.version):
                changed = self._apply(migration, lost)
                if report:
                    report(migration, changed)
            return indexes.make(self.db)

    def _apply(self, migration: Migration, lost: threading.Event) -> int:
        began = time.monotonic()
        changed = migration.upgrade(self.db)
        record = {
            "number": migration.number,
            "name": migration.name,
            "changed": changed,
            "seconds": round(time.monotonic() - began, 3),
            "at": now(),
            "by": f"calipso {__version__} on {socket.gethostname()}",
        }
        done = self._schema().update_one(
            {"_id": KEY, "lock.owner": self._me},
            {"$set": {"version": migration.number}, "$push": {"applied": record}},
        )
        if lost.is_set() or not done.matched_count:
            raise StoreError(
                f"another process has taken over the upgrade at migration {migration.number}",
                hint="That process continues it; `calipso db status` shows its progress.",
            )
        log.info("migration applied", extra={"migration": migration.name, "changed": changed})
        return changed

    @contextmanager
    def _lock(self, wait: float) -> Iterator[threading.Event]:
        """Hold the lock and renew it in the background; yields an event that is set when the lock
        is lost.
        """
        deadline = time.monotonic() + wait
        while not self._take():
            if time.monotonic() > deadline:
                holder = self.status().holder or "another process"
                raise StoreError(
                    f"{holder} has been upgrading the database for more than {wait:.0f} s",
                    hint="Wait until it has ended and run `calipso db upgrade` again.",
                )
            time.sleep(POLL)
        stop, lost = threading.Event(), threading.Event()
        renewer = threading.Thread(target=self._renew, args=(stop, lost), daemon=True)
        renewer.start()
        try:
            yield lost
        finally:
            stop.set()
            renewer.join()
            self._schema().update_one(
                {"_id": KEY, "lock.owner": self._me}, {"$set": {"lock": None}}
            )

    def _take(self) -> bool:
        """Take the lock if it is free or the lease of its holder has ended."""
        free = [{"lock": None}, {"lock.until": {"$lt": datetime.now(UTC)}}]
        try:
            self._schema().update_one(
                {"_id": KEY, "$or": free},
                {"$set": {"lock": self._lease()}, "$setOnInsert": {"version": 0, "applied": []}},
                upsert=True,
            )
        except DuplicateKeyError:  # the document is there, and locked
            return False
        return True

    def _renew(self, stop: threading.Event, lost: threading.Event) -> None:
        while not stop.wait(self.lease / 3):
            try:
                mine = {"_id": KEY, "lock.owner": self._me}
                if (
                    not self._schema()
                    .update_one(mine, {"$set": {"lock": self._lease()}})
                    .matched_count
                ):
                    lost.set()
                    return
            except PyMongoError as error:  # the migration itself will fail with it too
                log.warning("the lock of the upgrade is not renewed: %s", error)

    # -- inside ------------------------------------------------------------------------

    def _schema(self) -> Any:
        return self.db[COLLECTION]

    def _lease(self) -> Document:
        return {"owner": self._me, "until": now() + timedelta(seconds=self.lease)}

    def _document(self) -> Document:
        return dict(self._schema().find_one({"_id": KEY}) or {})

    def _is_empty(self) -> bool:
        names = ("environments_config", "scans", "users")
        return not any(self.db[name].find_one({}, {"_id": 1}) for name in names)


@contextmanager
def _store_errors() -> Iterator[None]:
    try:
        yield
    except PyMongoError as error:
        text = (str(error).splitlines() or [type(error).__name__])[0].partition(", Timeout:")[0]
        raise StoreError(f"MongoDB: {text}", hint="Run `calipso check --stack-only`.") from error
