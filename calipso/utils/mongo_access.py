"""MongoAccess: the one MongoDB client of a process."""

from __future__ import annotations

import os
import threading
from datetime import UTC
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import BulkWriteError, InvalidName, OperationFailure, PyMongoError

from calipso.settings import Settings, settings
from calipso.utils.stores import mongo_url

Document = dict[str, Any]

#: Codes of what the server refuses however often it is asked: what was to be written is too large
#: (10334, 17280, 17419, 17420), or no document, update or path that it takes.
REFUSED_CODES = frozenset(
    {2, 9, 14, 15, 22, 28, 40, 52, 54, 56, 57, 66, 72, 73, 121, 10334, 17280, 17419, 17420}
)

_lock = threading.Lock()
_clients: dict[tuple[int, str], MongoClient[Document]] = {}


class MongoAccess:
    """Opens the database the settings name; one client a process, also after a fork."""

    def __init__(self, config: Settings | None = None) -> None:
        self.config = config or settings()

    @property
    def db(self) -> Database[Document]:
        """The Calipso database. Times come back as aware UTC."""
        return self._client()[self.config.mongo_database]

    def _client(self) -> MongoClient[Document]:
        url = mongo_url(self.config)
        key = (os.getpid(), url)
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
                    journal=True,  # a store that crashes must not take back what it acknowledged
                )
            return _clients[key]


def close_clients() -> None:
    """Close this process's clients (tests, and after the store moved)."""
    with _lock:
        for (pid, _), client in list(_clients.items()):
            if pid == os.getpid():
                client.close()
        _clients.clear()


def is_store_error(error: BaseException) -> bool:
    """True when MongoDB failed, not the thing that was read: the task is tried again.

    What MongoDB would refuse however often it is asked is no failure of the store. Documents the
    driver itself refuses (too large, not BSON) come as other exceptions than PyMongoError.
    """
    if not isinstance(error, PyMongoError) or isinstance(error, InvalidName):
        return False
    codes = {error.code} if isinstance(error, OperationFailure) else set()
    if isinstance(error, BulkWriteError):
        codes = {item["code"] for item in error.details.get("writeErrors", ())}
    return not codes & REFUSED_CODES
