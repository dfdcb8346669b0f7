"""EnvironmentStore: the collection `environments_config`, secrets encrypted in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, PyMongoError

from calipso.errors import ConfigError, Conflict, NotFound, StoreError
from calipso.model.collections import spec_of
from calipso.model.documents import Document
from calipso.model.environment import (
    OTHER_WORDS,
    Environment,
    check_environment,
    environment_error,
    merge_document,
    parse_environment,
)
from calipso.model.scan import RUNNING
from calipso.secrets.binding import opened, sealed
from calipso.secrets.box import SecretBox, masked
from calipso.stores.config.key_rotation import rotate
from calipso.stores.mongo.encoding import decode, encode
from calipso.stores.people.user_store import UserStore
from calipso.stores.store import Store
from calipso.utils.constants import constant_values
from calipso.utils.metadata_parser import nearest

Documents = list[Document]
Names = list[str]
Check = Callable[[Document], Environment]

#: Fields that scans and listeners set; people do not edit them.
STATUS_FIELDS = frozenset({"scanned", "last_scanned", "operational", "monitoring_setup_done"})

FIELDS = frozenset(field.alias or key for key, field in Environment.model_fields.items())


class EnvironmentStore(Store):
    """Adds, changes, lists and removes environments."""

    NAME = "environments_config"

    def __init__(
        self, database: Database[Document] | None = None, secrets: SecretBox | None = None
    ) -> None:
        super().__init__(database)
        self.secrets = secrets or SecretBox()

    # -- reading -----------------------------------------------------------------------

    def get(self, name: str) -> Environment:
        """Return the environment with decrypted secrets. Raises NotFound with the nearest name."""
        return self._opened(self._stored(name))

    def masked(self, name: str) -> Document:
        """Return the stored document with masked secrets. Raises NotFound."""
        document: Document = masked(self._stored(name))
        return document

    def list(self) -> Documents:
        """Return all documents with masked secrets, sorted by name."""
        with _store_errors("read"):
            found = [*self.collection.find({}, {"_id": 0})]
        return sorted((masked(decode(item)) for item in found), key=lambda item: item["name"])

    def names(self) -> Names:
        """Return the names of all environments, sorted."""
        with _store_errors("read"):
            return sorted(item["name"] for item in self.collection.find({}, {"name": 1}))

    # -- writing -----------------------------------------------------------------------

    def add(self, document: Document | Environment, *, replace: bool = False) -> Environment:
        """Store an environment and return it.

        Raises ConfigError if it is not valid, Conflict if the name is in use.
        """
        environment = checked(document)
        name, stored = environment.name, self._encrypted(environment)
        self.ensure_indexes()
        with _store_errors("write"):
            if replace:
                old = self.collection.find_one({"name": name}) or {}
                status = {key: old[key] for key in STATUS_FIELDS & old.keys()}
                self.collection.replace_one({"name": name}, stored | status, upsert=True)
                return environment
            try:
                self.collection.insert_one(stored)
            except DuplicateKeyError:
                raise Conflict(
                    f"environment {name} already exists",
                    hint="Give another name, or --replace to overwrite it.",
                ) from None
        return environment

    def update(
        self,
        name: str,
        changes: Document | Callable[[Environment], Document],
        check: Check | None = None,
    ) -> Environment:
        """Change fields of an environment and return it. Merges `configuration` section by section.

        A secret that a section does not contain stays; null removes a field. `changes` may be a
        function of the stored environment that returns the changes. `check` validates the changed
        document instead of `checked`. Raises NotFound, ConfigError if the result is not valid, and
        Conflict if another person has changed the environment at the same time.
        """

        def changed(stored: Environment) -> Document:
            given = changes(stored) if callable(changes) else changes
            return merge_document(stored.document(), given)

        return self._change(name, changed, check or checked)

    def remove_section(self, name: str, section: str, check: Check | None = None) -> Environment:
        """Remove a section and return the environment.

        Raises NotFound, and ConfigError for a section that is required.
        """

        def changed(stored: Environment) -> Document:
            document = stored.document()
            kept = [item for item in document["configuration"] if item["name"] != section]
            if len(kept) == len(document["configuration"]):
                names = ", ".join(item["name"] for item in kept)
                raise NotFound(f"environment {name}: no section {section}", hint=f"It has {names}.")
            return document | {"configuration": kept}

        return self._change(name, changed, check or checked)

    def set_status(self, name: str, **fields: Any) -> None:
        """Set fields that scans and listeners own: `scanned`, `last_scanned`, `operational`, ...

        Raises ValueError for any other field.
        """
        unknown = fields.keys() - STATUS_FIELDS
        if unknown:
            raise ValueError(f"not a status of an environment: {', '.join(sorted(unknown))}")
        with _store_errors("write"):
            self.collection.update_one({"name": name}, {"$set": fields})

    def remove(self, name: str, *, with_data: bool = False) -> dict[str, int]:
        """Remove an environment. Returns the number of removed documents by collection.

        `with_data` also removes its inventory. The grants on the environment are always removed:
        another environment may get its name. Raises NotFound, and Conflict while a scan of it runs,
        because the scan would continue to write.
        """
        self._stored(name)
        removed: dict[str, int] = {}
        with _store_errors("write"):
            scans = {scan["_id"]: scan["status"] for scan in self._scans(name)}
            running = [scan for scan, status in scans.items() if status in RUNNING]
            if running:
                raise Conflict(
                    f"environment {name}: scan {running[0]} has not ended",
                    hint=f"calipso scan cancel {running[0]}",
                )
            if with_data:
                removed = self._remove_data(name, list(scans))
            self.collection.delete_one({"name": name})
            UserStore(self.db).forget_environment(name)
        return removed

    def count_data(self, name: str) -> dict[str, int]:
        """Return how many documents belong to an environment, by collection."""
        with _store_errors("read"):
            counts = {
                collection: self.db[collection].count_documents({"environment": name})
                for collection in self._data_collections("environment")
            }
        return {collection: count for collection, count in counts.items() if count}

    def rotate_key(self) -> int:
        """Encrypt every stored secret with a new key and forget the old keys.

        Returns the number of environments.
        """
        names = self.names()
        with _store_errors("write"):
            rotate(self.db, self.secrets)
        return len(names)

    def ensure_indexes(self) -> None:
        """Make the indexes; one of them makes names unique."""
        with _store_errors("write"):
            super().ensure_indexes()

    # -- inside ------------------------------------------------------------------------

    def _stored(self, name: str) -> Document:
        found = self._raw(name)
        del found["_id"]
        return dict(decode(found))

    def _raw(self, name: str) -> Document:
        """Return the document from the store, encrypted. Raises NotFound with the nearest name."""
        with _store_errors("read"):
            found = self.collection.find_one({"name": name})
        if found is None:
            names = self.names()
            known = ", ".join(names[:10]) or "none; add one with `calipso env add`"
            raise NotFound(
                f"no environment {name}{nearest(name, names)}", hint=f"Environments: {known}."
            )
        return found

    def _opened(self, stored: Document) -> Environment:
        document = {key: value for key, value in stored.items() if key in FIELDS}
        sections = opened(str(stored["name"]), document.get("configuration", []), self.secrets)
        return parse_environment(document | {"configuration": sections})

    def _change(
        self, name: str, changed: Callable[[Environment], Document], check: Check
    ) -> Environment:
        """Store a changed environment.

        Raises Conflict if somebody else has changed it at the same time.
        """
        old = self._raw(name)
        environment = check(changed(self._opened(decode(old))))
        if environment.name != name:
            raise ConfigError(f"environment {name}: its name cannot be changed", hint="Add anew.")
        fresh = self._encrypted(environment)
        same = {key: old.get(key) for key in FIELDS - STATUS_FIELDS}  # null removes the field
        gone = old.keys() - fresh.keys() - STATUS_FIELDS - {"_id"}
        update: Document = {"$set": {k: v for k, v in fresh.items() if k not in STATUS_FIELDS}}
        if gone:
            update["$unset"] = dict.fromkeys(gone, "")
        with _store_errors("write"):
            done = self.collection.update_one({"_id": old["_id"]} | same, update)
        if not done.matched_count:
            raise Conflict(
                f"somebody else has changed environment {name} at the same time",
                hint="Read it again and repeat your change.",
            )
        return environment

    def _encrypted(self, environment: Environment) -> Document:
        document = environment.document()
        sections = sealed(environment.name, document["configuration"], self.secrets)
        return dict(encode(document | {"configuration": sections}))

    def _scans(self, name: str) -> Documents:
        return [*self.db["scans"].find({"environment": name}, {"status": 1})]

    def _remove_data(self, name: str, scans: Names) -> dict[str, int]:
        """Remove the data of an environment.

        Documents that name only a scan of it are removed first.
        """
        for collection in self._data_collections("scan_id"):
            for start in range(0, len(scans), 500):
                some = {"scan_id": {"$in": scans[start : start + 500]}}
                self.db[collection].delete_many(some)
        removed = {}
        for collection in self._data_collections("environment"):
            count = self.db[collection].delete_many({"environment": name}).deleted_count
            if count:
                removed[collection] = count
        return removed

    def _data_collections(self, field: str) -> Names:
        """Return the collections of all inventories whose documents belong to an environment by
        this field.
        """
        names = self.db.list_collection_names()
        specs = {name: spec_of(name, names) for name in names}
        return [name for name, spec in specs.items() if spec and spec.removed_by == field]


def checked(document: Document | Environment) -> Environment:
    """Return the environment of a document, with its words checked against constants.json.

    Raises ConfigError.
    """
    if isinstance(document, Environment):
        environment, problems = document, list[str]()
    else:
        found, problems = check_environment(document)
        if found is None:
            raise environment_error(document.get("name"), problems + _word_problems(document))
        environment = found
    problems += _word_problems(environment.model_dump())
    if problems:
        raise environment_error(environment.name, problems)
    return environment


def _word_problems(document: Document) -> list[str]:
    problems = []
    for field in ("mechanism_drivers", "type_drivers"):
        known = constant_values(field)
        given = document.get(field) or []
        words = given.split(",") if isinstance(given, str) else given
        for word in words if isinstance(words, list) else []:
            if OTHER_WORDS.get(str(word).lower(), word) not in known:
                near = nearest(word, known)
                problems.append(f"{field}: {word!r} is not one of {', '.join(known)}{near}")
    return problems


@contextmanager
def _store_errors(what: str) -> Iterator[None]:
    try:
        yield
    except PyMongoError as error:
        raise StoreError(
            f"MongoDB: cannot {what} environments_config: {str(error).partition(', Timeout')[0]}",
            hint="`calipso status` shows whether the stores run; `calipso check` tests them.",
        ) from error
