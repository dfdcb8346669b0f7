"""WorkerStore: heartbeats of the workers, in the collection `workers`."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from calipso import __version__
from calipso.settings import settings
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.store import Store
from calipso.utils.clock import now

Document = dict[str, Any]


class WorkerStore(Store):
    """Who works, for which queues, seen when."""

    NAME = "workers"

    def __init__(self, inv: InventoryMgr | None = None) -> None:
        super().__init__((inv or InventoryMgr()).db)
        self.workers = self.collection

    def beat(self, name: str, queues: list[str], processes: Iterable[int] = ()) -> None:
        """Tell that this worker lives, and which processes of its pool run tasks."""
        fields: Document = {
            "queues": queues,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "version": __version__,
            "seen": now(),
        }
        fields["processes"] = sorted(processes)
        self.workers.update_one({"_id": name}, {"$set": fields}, upsert=True)

    def forget(self, name: str) -> None:
        """A worker that stops in order is not a lost one."""
        self.workers.delete_one({"_id": name})

    def live(self) -> list[Document]:
        """Workers with a fresh heartbeat."""
        since = now() - timedelta(seconds=settings().worker_lost_after)
        return list(self.workers.find({"seen": {"$gte": since}}))
