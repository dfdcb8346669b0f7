"""MongoAccess: the one MongoDB client of a process."""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import BulkWriteError, InvalidName, OperationFailure, PyMongoError

from calipso.errors import NoWorker, StoreError
from calipso.model.documents import Document
from calipso.settings import Settings, settings
from calipso.stores.mongo.standstill import check_moves
from calipso.stores.mongo.watching import Watch
from calipso.utils.person import person_waits
from calipso.utils.store_addresses import mongo_url

#: Codes of errors that every repetition of a write meets again: a document is too large (10334,
#: 17280, 17419, 17420), or a document, an update or a path is not valid.
REFUSED_CODES = frozenset(
    {2, 9, 14, 15, 22, 28, 40, 52, 54, 56, 57, 66, 72, 73, 121, 10334, 17280, 17419, 17420}
)

#: Seconds until the address is read again from the file of the embedded server: every read and
#: write of a process needs it.
ADDRESS_SECONDS = 0.5

_lock = threading.Lock()
_address: tuple[Settings, float, str] | None = None
_clients: dict[tuple[int, str], MongoClient[Document]] = {}
_embedded: dict[str, bool] = {}


class MongoAccess:
    """Opens the database of the settings. Each process has one client, also after a fork."""

    def __init__(self, config: Settings | None = None) -> None:
        self.config = config or settings()

    @property
    def db(self) -> Database[Document]:
        """The Calipso database. Times come back as aware UTC."""
        return self._client()[self.config.mongo_database]

    @property
    def embedded(self) -> bool:
        """True when the server is the embedded one. A process asks the server once."""
        url = _url(self.config)
        if url not in _embedded:
            _embedded[url] = "secantusVersion" in self._client().admin.command("buildInfo")
        return _embedded[url]

    def _client(self) -> MongoClient[Document]:
        url = _url(self.config)
        key = (os.getpid(), url)
        made, waits = False, person_waits()
        with _lock:
            if key not in _clients:
                for old in [k for k in _clients if k[0] != key[0]]:
                    del _clients[old]  # the parent's sockets: never use or close them here
                _clients[key] = MongoClient(
                    url,
                    tz_aware=True,
                    tzinfo=UTC,
                    appname="calipso",
                    serverSelectionTimeoutMS=20_000,
                    connectTimeoutMS=10_000,
                    socketTimeoutMS=120_000,
                    maxPoolSize=100,
                    journal=True,  # a store must not lose acknowledged data in a crash
                    event_listeners=[Watch(self.check_moves)] if waits else [],
                )
                made = True
            client = _clients[key]
        if made and waits:  # asks the server: other threads do not wait for its answer
            check_moves(client, url)
        return client

    def check_moves(self) -> None:
        """Raises StoreError when the server takes connections and does not answer; see
        `calipso.stores.mongo.standstill` for how long it waits.
        """
        check_moves(self._client(), _url(self.config))


def close_clients() -> None:
    """Close this process's clients (tests, and after the store moved)."""
    global _address
    with _lock:
        for (pid, _), client in list(_clients.items()):
            if pid == os.getpid():
                client.close()
        _clients.clear()
        _address = None


def _url(config: Settings) -> str:
    """Return the URL of MongoDB, read again after some seconds: an embedded store may get a new
    port.
    """
    global _address
    known = _address
    if known is not None and known[0] is config and time.monotonic() < known[1]:
        return known[2]
    url = mongo_url(config)
    _address = (config, time.monotonic() + ADDRESS_SECONDS, url)
    return url


def is_store_error(error: BaseException) -> bool:
    """True when MongoDB failed and not the data, so that the task should run again.

    An error that would come again at each attempt is not a failure of the store. For documents that
    the driver refuses (too large, not BSON) it raises other exceptions than PyMongoError.
    """
    if isinstance(error, StoreError):
        return not isinstance(error, NoWorker)
    if not isinstance(error, PyMongoError) or isinstance(error, InvalidName):
        return False
    codes = {error.code} if isinstance(error, OperationFailure) else set()
    if isinstance(error, BulkWriteError):
        codes = {item["code"] for item in error.details.get("writeErrors", ())}
    return not codes & REFUSED_CODES
