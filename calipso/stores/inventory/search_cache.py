"""The search indexes of a process: made on request, and made again when a scan has written."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, defaultdict
from dataclasses import dataclass

from pymongo import DESCENDING

from calipso.model.types import is_folder
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.inventory.search import FIELDS, SearchIndex

#: Most bytes of all indexes of a process. The least recently used index is dropped first.
MOST_BYTES = 200_000_000
#: Seconds after which an index is always made again, because not only scans write.
OLD = 300.0
#: Seconds. An index that took longer is made again in the background; searches use the old one.
QUICK_SECONDS = 0.5
#: Seconds between two indexes in the background, while a scan writes.
PAUSE = 15.0

Key = tuple[str, str, str]


@dataclass
class _Entry:
    index: SearchIndex
    stamp: str
    made: float
    seconds: float
    renewing: bool = False


class SearchCache:
    """Indexes by database, inventory and environment."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes = most_bytes
        self._entries: OrderedDict[Key, _Entry] = OrderedDict()
        self._lock = threading.Lock()
        self._making: defaultdict[Key, threading.Lock] = defaultdict(threading.Lock)

    def index(self, inv: InventoryMgr, environment: str) -> SearchIndex:
        """Return the index of an environment; a large one may be some seconds old."""
        key = (inv.db.name, inv.inventory, environment)
        stamp = _stamp(inv, environment)
        entry = self._entry(key)
        if entry is None or (not _is_fresh(entry, stamp) and entry.seconds < QUICK_SECONDS):
            with self._lock:
                making = self._making[key]
            with making:  # threads that waited use the index of the first
                entry = self._entry(key)
                if entry is None or not _is_fresh(entry, stamp):
                    entry = self._make(key, inv, environment, stamp)
        elif not _is_fresh(entry, stamp):
            self._renew(key, entry, inv, environment, stamp)
        return entry.index

    def _entry(self, key: Key) -> _Entry | None:
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
            return self._entries.get(key)

    def _make(self, key: Key, inv: InventoryMgr, environment: str, stamp: str) -> _Entry:
        began = time.monotonic()
        cursor = inv.collection("inventory").find(
            {"environment": environment}, dict.fromkeys(FIELDS, 1), batch_size=5000
        )
        found = SearchIndex(item for item in cursor if not is_folder(item["type"]))
        entry = _Entry(found, stamp, time.monotonic(), time.monotonic() - began)
        with self._lock:
            self._entries[key] = entry
            self._entries.move_to_end(key)
            while len(self._entries) > 1 and self._bytes() > self.most_bytes:
                self._entries.popitem(last=False)
        return entry

    def _bytes(self) -> int:
        return sum(entry.index.size for entry in self._entries.values())

    def _renew(
        self, key: Key, entry: _Entry, inv: InventoryMgr, environment: str, stamp: str
    ) -> None:
        """Make a large index again in the background, one at a time, with pauses."""
        with self._lock:
            if entry.renewing or time.monotonic() - entry.made < PAUSE:
                return
            entry.renewing = True

        def work() -> None:
            try:
                self._make(key, inv, environment, stamp)
            finally:
                entry.renewing = False

        threading.Thread(target=work, name="search-index", daemon=True).start()


def _is_fresh(entry: _Entry, stamp: str) -> bool:
    return entry.stamp == stamp and time.monotonic() - entry.made < OLD


def _stamp(inv: InventoryMgr, environment: str) -> str:
    """Return a mark that differs after a scan, or a level of a scan, has written."""
    fields = {"status": 1, "level": 1, "submit_timestamp": 1}
    last = inv.db["scans"].find_one(
        {"environment": environment}, fields, sort=[("submit_timestamp", DESCENDING)]
    )
    return f"{last['_id']} {last['status']} {last.get('level')}" if last else ""


SEARCH = SearchCache()
