"""The floor: what a plain program needs to store what a scan stored.

The documents of a finished scan are read back and held ready, some thousands at a time; what is
timed is unordered bulk upserts, a thousand at a time, into empty collections with the same indexes
in the same store, over the same client (so with the same write concern). The same with inserts is
a second, lower floor: a writer that knows what is there already needs no upserts.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import bson
from pymongo import InsertOne, ReplaceOne
from pymongo.collection import Collection

from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.bench.figures import Floor
from tests.bench.processes import cpu_seconds, settle

BATCH = 1000
HELD = 10 * BATCH
WHAT = ("inventory", "links", "cliques")

#: Repeated until this many seconds were measured, at most three times: small ones are noisy.
ENOUGH = 3.0
MOST = 3

Document = dict[str, Any]
Operation = ReplaceOne[Document] | InsertOne[Document]


@dataclass
class Pass:
    """One time that everything is stored."""

    seconds: float = 0.0
    cpu: float = 0.0
    sizes: list[int] = field(default_factory=list)


def measure_floor(
    hosts: int, instances: int, pids: tuple[int, ...], limit: float = 3600.0
) -> Floor | None:
    """Store the inventory of the settings again; the copies are dropped.

    `pids` are the processes whose CPU time counts: client and MongoDB. None when it takes longer
    than `limit` seconds.
    """
    try:
        upserts = _repeated(_upsert, pids, limit)
        inserts = _repeated(InsertOne, pids, limit)
    except TimeoutError:
        return None
    sizes = upserts[0].sizes
    return Floor(
        hosts=hosts,
        instances=instances,
        documents=len(sizes),
        megabytes=round(sum(sizes) / 1024**2, 1),
        largest_kb=round(max(sizes, default=0) / 1024, 1),
        seconds=round(statistics.median(one.seconds for one in upserts), 3),
        runs=[round(one.seconds, 3) for one in upserts],
        cpu=round(statistics.median(one.cpu for one in upserts), 2),
        insert_seconds=round(statistics.median(one.seconds for one in inserts), 3),
        insert_cpu=round(statistics.median(one.cpu for one in inserts), 2),
    )


def _upsert(document: Document) -> Operation:
    return ReplaceOne({"_id": document["_id"]}, document, upsert=True)


def _repeated(
    make: Callable[[Document], Operation], pids: tuple[int, ...], limit: float
) -> list[Pass]:
    done: list[Pass] = []
    while len(done) < MOST and sum(one.seconds for one in done) < ENOUGH:
        done.append(_store(make, pids, limit))
    return done


def _store(make: Callable[[Document], Operation], pids: tuple[int, ...], limit: float) -> Pass:
    """Store everything once in fresh collections."""
    source, target = InventoryMgr(), InventoryMgr("floor")
    target.ensure_indexes()
    settle(pids)  # what the store still does for the pass before
    found = Pass()
    deadline = time.monotonic() + limit
    try:
        for name in WHAT:
            for documents in _portions(source.collection(name)):
                found.sizes += [len(bson.encode(document)) for document in documents]
                operations = [make(document) for document in documents]
                _timed(found, target.collection(name), operations, pids)
                if time.monotonic() > deadline:
                    raise TimeoutError
    finally:
        target.drop()
    return found


def _timed(
    found: Pass, collection: Any, operations: list[Operation], pids: tuple[int, ...]
) -> None:
    gc.collect()
    gc.freeze()  # what waits is not looked through again and again
    before, began = sum(map(cpu_seconds, pids)), time.monotonic()
    for start in range(0, len(operations), BATCH):
        collection.bulk_write(operations[start : start + BATCH], ordered=False)
    found.seconds += time.monotonic() - began
    found.cpu += sum(map(cpu_seconds, pids)) - before
    gc.unfreeze()


def _portions(collection: Collection[Document]) -> Iterator[list[Document]]:
    """All documents in the order they were stored; the server never has to hold all of them."""
    keys = [item["_id"] for item in collection.find({}, {"_id": 1})]
    for start in range(0, len(keys), HELD):
        held = keys[start : start + HELD]
        found: dict[Any, Document] = {}
        for at in range(0, len(held), BATCH):
            wanted = {"_id": {"$in": held[at : at + BATCH]}}
            found |= {item["_id"]: item for item in collection.find(wanted)}
        yield [found[key] for key in held]
