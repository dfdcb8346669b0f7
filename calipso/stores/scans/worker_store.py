"""WorkerStore: heartbeats of the workers, in the collection `workers`."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping
from datetime import timedelta

from calipso import __version__
from calipso.model.documents import Document
from calipso.settings import settings
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.store import Store
from calipso.utils.clock import now


class WorkerStore(Store):
    """Workers: their queues, and when they were last seen."""

    NAME = "workers"

    def __init__(self, inv: InventoryMgr | None = None) -> None:
        super().__init__((inv or InventoryMgr()).db)
        self.workers = self.collection

    def beat(
        self,
        name: str,
        queues: list[str],
        processes: Iterable[int] = (),
        held: Iterable[str] = (),
        threads: Mapping[str, int] | None = None,
    ) -> None:
        """Store a heartbeat of this worker.

        `processes` of its pool run tasks. `held` are the `_id`s of tasks that it runs, or that it
        has taken from a queue to run next. `threads`: of a worker of threads, its `size`, how many
        are `busy`, and how many calls to clouds are `waiting` for more than a few seconds.
        """
        fields: Document = {
            "queues": queues,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "version": __version__,
            "seen": now(),
        }
        fields |= {"processes": sorted(processes), "held": sorted(held)}
        fields |= {"threads": dict(threads or {})}
        self.workers.update_one({"_id": name}, {"$set": fields}, upsert=True)

    def forget(self, name: str) -> None:
        """Remove a worker that stops normally, so that it does not count as lost."""
        self.workers.delete_one({"_id": name})

    def live(self) -> list[Document]:
        """Return the workers with a fresh heartbeat."""
        since = now() - timedelta(seconds=settings().worker_lost_after)
        return list(self.workers.find({"seen": {"$gte": since}}))


def all_wait(worker: Document) -> bool:
    """True when every thread of a worker waits for a cloud: it takes no more tasks just now."""
    threads = worker.get("threads") or {}
    size = int(threads.get("size", 0))
    return bool(size) and min(threads.get("busy", 0), threads.get("waiting", 0)) >= size


def waiting_workers(workers: Iterable[Document]) -> str:
    """Which workers take no more tasks, because all their threads wait; empty: none."""
    names = sorted(str(worker["_id"]).partition("#")[0] for worker in workers if all_wait(worker))
    return f"all threads of {', '.join(names)} wait for clouds that do not answer" if names else ""
