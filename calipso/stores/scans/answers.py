"""AnswerStore: the answers of hosts in a scan, shared by its workers.

The collection `answers` has one document per scan and host. The worker that inserts it has the
claim and asks the host; the other workers wait for its answers. The claim is a lease that its owner
renews. If the owner is killed, another worker takes over after `answer_lease` seconds. The clocks
of the worker machines must agree within a few seconds, as for every lease.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any

from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError, PyMongoError

from calipso.errors import CliAccessError, ErrorKind
from calipso.settings import Settings
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.conditional import alike, change_if
from calipso.stores.mongo.indexes import ensure_indexes

log = logging.getLogger(__name__)

_POLL = (0.02, 0.05, 0.1, 0.2, 0.4)


@dataclass(frozen=True)
class StoredAnswer:
    """One command's answer; texts are zlib-compressed UTF-8."""

    exit: int | None
    out: bytes
    err: bytes
    lost: str = ""


class Claim:
    """A claim on a host: the right to ask it (`mine`), or its answers.

    As a context manager it keeps the lease alive. If its block ends without answers, it gives the
    claim up.
    """

    def __init__(
        self,
        store: AnswerStore,
        host: str,
        *,
        mine: bool,
        answers: dict[str, StoredAnswer] | None = None,
        error: CliAccessError | None = None,
    ) -> None:
        self._store = store
        self._host = host
        self._done = threading.Event()
        self._settled = False
        self.mine = mine
        self.answers = answers
        self.error = error

    def publish(self, answers: Mapping[str, StoredAnswer]) -> None:
        """Store the answers for the other workers."""
        packed = [{"name": name, **vars(answer)} for name, answer in answers.items()]
        self._store.settle(self._host, {"state": "answered", "answers": packed})
        self._settled = True

    def fail(self, error: CliAccessError) -> None:
        """Store that the host did not answer, so that no worker asks it again in this scan."""
        reason = {"kind": str(error.kind), "message": error.message, "hint": error.hint}
        self._store.settle(self._host, {"state": "failed", "error": reason})
        self._settled = True

    def __enter__(self) -> Claim:
        threading.Thread(target=self._renew, name=f"lease {self._host}", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        if not self._settled:
            self._store.give_up(self._host)

    def _renew(self) -> None:
        while not self._done.wait(self._store.lease / 4):
            try:
                self._store.renew(self._host)
            except PyMongoError as error:
                log.warning("lease of %s not renewed: %s", self._host, error)


class AnswerStore:
    """The answers of one scan."""

    def __init__(self, inv: InventoryMgr, environment: str, scan_id: str, config: Settings) -> None:
        self._inv = inv
        self._environment = environment
        self._scan_id = scan_id
        self._owner = uuid.uuid4().hex
        self.lease = config.answer_lease
        self._longest = config.host_timeout + 4 * config.ssh_connect_timeout + 3 * self.lease
        self._longest += 2 * config.slot_wait  # one session each on gateway and host
        self._ensured = False

    def claim(self, host: str) -> Claim:
        """Return the right to ask a host, or its answers as soon as the owner has stored them.

        Raises CliAccessError (retryable) when an owner neither answers nor dies.
        """
        self._ensure_indexes()
        deadline = time.monotonic() + self._longest
        attempt = 0
        while True:
            claim = self._try(host)
            if claim is not None:
                return claim
            if time.monotonic() > deadline:
                raise CliAccessError(
                    f"{host}: the worker that asks it does not finish",
                    kind=ErrorKind.TIMEOUT,
                    hint="Look at the log of the cli workers.",
                    retryable=True,
                    host=host,
                )
            time.sleep(_POLL[min(attempt, len(_POLL) - 1)])
            attempt += 1

    def forget(self) -> None:
        """Delete the answers of this scan."""
        self._collection().delete_many({"scan_id": self._scan_id})

    # -- for Claim -----------------------------------------------------------------

    def settle(self, host: str, fields: dict[str, Any]) -> None:
        """Write the outcome, unless another owner has taken over."""
        self._change_mine(host, fields)

    def renew(self, host: str) -> None:
        """Prolong the lease."""
        self._change_mine(host, {"lease_until": _in(self.lease)})

    def give_up(self, host: str) -> None:
        """Let another worker ask the host at once."""
        self._change_mine(host, {"lease_until": _in(-1.0)})

    # ----------------------------------------------------------------------------------

    def _collection(self) -> Collection[dict[str, Any]]:
        return self._inv.collection("answers")

    def _change_mine(self, host: str, fields: dict[str, Any]) -> None:
        mine = alike({"owner": self._owner, "state": "claimed"})
        self._collection().update_one({"_id": self._key(host)}, change_if(mine, fields))

    def _key(self, host: str) -> str:
        return f"{self._scan_id}/{host}"

    def _try(self, host: str) -> Claim | None:
        found = self._collection().find_one({"_id": self._key(host)})
        if found is None:
            return self._insert(host)
        if found["state"] == "answered":
            return Claim(self, host, mine=False, answers=_unpack(found["answers"]))
        if found["state"] == "failed":
            return Claim(self, host, mine=False, error=_error(host, found["error"]))
        if found["lease_until"] < datetime.now(UTC):
            return self._take_over(host, found["owner"])
        return None

    def _insert(self, host: str) -> Claim | None:
        now = datetime.now(UTC)
        document = {
            "_id": self._key(host),
            "environment": self._environment,
            "scan_id": self._scan_id,
            "host": host,
            "state": "claimed",
            "owner": self._owner,
            "created": now,
            "lease_until": _in(self.lease),
        }
        try:
            self._collection().insert_one(document)
        except DuplicateKeyError:
            return None
        return Claim(self, host, mine=True)

    def _take_over(self, host: str, owner: str) -> Claim | None:
        expected = alike({"owner": owner, "state": "claimed"})
        expected.append({"$lt": ["$lease_until", datetime.now(UTC)]})
        taken = {"owner": self._owner, "lease_until": _in(self.lease)}
        done = self._collection().update_one({"_id": self._key(host)}, change_if(expected, taken))
        return Claim(self, host, mine=True) if done.modified_count else None

    def _ensure_indexes(self) -> None:
        if self._ensured:
            return
        ensure_indexes(self._collection(), "answers")
        self._ensured = True


def _in(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def _unpack(packed: list[dict[str, Any]]) -> dict[str, StoredAnswer]:
    return {
        item["name"]: StoredAnswer(
            item["exit"], bytes(item["out"]), bytes(item["err"]), item["lost"]
        )
        for item in packed
    }


def _error(host: str, reason: dict[str, str]) -> CliAccessError:
    return CliAccessError(
        reason["message"], kind=ErrorKind(reason["kind"]), hint=reason["hint"], host=host
    )
