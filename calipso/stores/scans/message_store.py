"""Log lines of scans, kept in the collection `messages` for `calipso scan log`.

`MessageHandler` takes what is logged while a scan is bound (see `calipso.utils.log`) and writes it
in batches from a thread of its own. It never waits for the store: if lines come faster than the
store takes them, or the store does not answer, it drops and counts lines. The log of the worker has
them.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId

from calipso.model.documents import Document
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.encoding import decode, encode
from calipso.stores.store import Store
from calipso.utils.log import FIRST, fields_of, kept_level

log = logging.getLogger(__name__)

#: Most lines that wait for the store; they take some megabytes.
WAITING = 5000
BATCH = 500
#: Seconds that lines may wait, so that more of them are written together.
LINGER = 0.5
#: Seconds that a task waits at its end for its lines to be stored; later lines follow in the
#: background.
FLUSH_SECONDS = 0.5
TRIES = 3

#: Levels in the original's words; `debug` is stored only for scans that ask for it.
LEVELS = {"debug": "debug", "warning": "warn", "error": "error", "critical": "error"}
SEVERITY = ("debug", "info", "warn", "error")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class MessageStore(Store):
    """The collection `messages`, which all inventories share."""

    NAME = "messages"

    def __init__(self, inv: InventoryMgr | None = None) -> None:
        super().__init__((inv or InventoryMgr()).db)
        self.messages = self.collection
        self.scans = self.db["scans"]

    def add(self, lines: list[Document]) -> None:
        """Store a batch. A line that is already stored stays unchanged."""
        received = datetime.now(UTC)
        documents = [encode(line) | {"received_timestamp": received} for line in lines]
        self.messages.insert_many(documents, ordered=False)

    def about(self, scan_id: str) -> tuple[str, str]:
        """Return environment and origin of a scan; empty for a scan that is not stored."""
        found = self.scans.find_one({"_id": scan_id}, {"environment": 1, "request.origin": 1})
        found = found or {}
        return str(found.get("environment", "")), str(found.get("request", {}).get("origin", ""))

    def of_scan(
        self, scan_id: str, *, level: str = "debug", since: datetime | None = None, limit: int = 0
    ) -> list[Document]:
        """Return the lines of a scan of this level and above, in the order of writing.

        With a limit, it returns the last lines.
        """
        query: Document = {"scan_id": scan_id}
        if level != SEVERITY[0]:
            query["level"] = {"$in": list(SEVERITY[SEVERITY.index(level) :])}
        if since is not None:
            query["timestamp"] = {"$gte": since}
        order = -1 if limit else 1
        cursor = self.messages.find(query).sort([("timestamp", order), ("_id", order)]).limit(limit)
        found = [decode(line) for line in cursor]
        return found[::-1] if limit else found


class MessageHandler(logging.Handler):
    """Stores the lines of scans. Each process has one handler; it is safe after a fork."""

    def __init__(self) -> None:
        super().__init__()
        self.dropped = 0
        self._begin()
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        self._lines: queue.Queue[Document | threading.Event] = queue.Queue(WAITING)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._over = threading.Event()
        self._ready = False
        self._about: OrderedDict[str, tuple[str, str]] = OrderedDict()

    # -- in the thread that logs -------------------------------------------------------

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the line if it belongs to a scan that wants it. Never raises, never waits."""
        if record.levelno < kept_level():
            return
        try:
            event = fields_of(record)
            if event.get("scan"):
                self._lines.put_nowait(message(event, record.created))
                self._start()
        except queue.Full:
            self.dropped += 1
        except Exception:  # noqa: BLE001 - a line that cannot be kept must not fail a scan
            self.handleError(record)

    def flush(self) -> None:
        """Wait a moment until the lines so far are stored."""
        self.flush_for(FLUSH_SECONDS)

    def flush_for(self, seconds: float) -> bool:
        """Wait at most `seconds` until all lines are stored or dropped; True when they are."""
        if self._thread is None or not self._thread.is_alive():
            return self._lines.empty()
        written = threading.Event()
        try:
            self._lines.put_nowait(written)
        except queue.Full:
            return False
        return written.wait(seconds)

    def close(self) -> None:
        """Stop storing and drop waiting lines. See `flush_for`."""
        self._over.set()
        with suppress(queue.Full):
            self._lines.put_nowait(threading.Event())  # wakes the thread
        super().close()

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            with self._starting:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._write, name="log", daemon=True)
                    self._thread.start()

    # -- in the thread that writes -----------------------------------------------------

    def _write(self) -> None:
        while not self._over.is_set():
            lines, waiting = self._batch()
            if lines:
                self._store(lines)
            for event in waiting:
                event.set()

    def _batch(self) -> tuple[list[Document], list[threading.Event]]:
        """Return lines to write together. A caller that waits for them ends the batch."""
        lines: list[Document] = []
        waiting: list[threading.Event] = []
        until = None
        while len(lines) < BATCH and not (waiting and self._lines.empty()):
            try:
                left = None if until is None else max(until - time.monotonic(), 0.001)
                item = self._lines.get(timeout=left)
            except queue.Empty:
                break
            until = until or time.monotonic() + LINGER
            if isinstance(item, threading.Event):
                waiting.append(item)
            else:
                lines.append(item)
        return lines, waiting

    def _store(self, lines: list[Document]) -> None:
        reason: Exception | None = None
        for attempt in range(TRIES):
            try:
                store = MessageStore()
                if not self._ready:
                    store.ensure_indexes()
                    self._ready = True
                for line in lines:
                    self._complete(store, line)
                store.add(lines)
            except Exception as error:  # noqa: BLE001 - no line may end the thread for all others
                if _stored_already(error):
                    return
                reason = error
                if self._over.wait(attempt + 1):
                    return
            else:
                self._log_dropped("the log grew faster than the store takes lines")
                return
        self.dropped += len(lines)
        self._log_dropped(str(reason))

    def _complete(self, store: MessageStore, line: Document) -> None:
        """Add the origin of the scan to a line, and its environment if that is missing."""
        scan_id = line["scan_id"]
        if scan_id not in self._about:
            self._about[scan_id] = store.about(scan_id)
            while len(self._about) > 50:
                self._about.popitem(last=False)
        environment, origin = self._about[scan_id]
        line["environment"] = line["environment"] or environment
        line["origin_type"] = origin

    def _log_dropped(self, reason: str) -> None:
        """Log the number of dropped lines.

        This thread has no scan, so the line itself is not stored.
        """
        if self.dropped:
            log.warning("%d log lines of scans were not stored: %s", self.dropped, reason)
            self.dropped = 0


def message(event: Mapping[str, Any], created: float) -> Document:
    """Return a log line as a document of `messages`, with the original's fields and ours."""
    moment = datetime.fromtimestamp(created, UTC)
    host = str(event.get("host", ""))
    environment = str(event.get("environment", ""))
    more = {name: value for name, value in event.items() if name not in (*FIRST, "exception")}
    return {
        "_id": ObjectId(),
        "id": message_id(moment),
        "environment": environment,
        "source_system": "Calipso",
        "level": LEVELS.get(str(event["level"]), "info"),
        "message": str(event["message"])[:4000],
        "exception": str(event.get("exception", ""))[:8000],
        "timestamp": moment,
        "finished_timestamp": None,
        "viewed": False,
        "related_object": host,
        "related_object_type": "host" if host else "",
        "display_context": host or environment,
        "origin_id": str(event["scan"]),
        "scan_id": str(event["scan"]),
        "host": host,
        "task": str(event.get("task", "")),
        "logger": str(event["logger"]),
        "details": more,
    }


def message_id(moment: datetime) -> str:
    """Return `<days>.<seconds>.<microseconds>` since 1970, the form of the original."""
    age = moment - _EPOCH
    return f"{age // timedelta(days=1)}.{age.seconds}.{age.microseconds}"


def _stored_already(error: Exception) -> bool:
    """True when a batch that seemed to fail was written: the store has its ids."""
    details = getattr(error, "details", None) or {}
    errors = details.get("writeErrors", [])
    return bool(errors) and all(item.get("code") == 11000 for item in errors)
