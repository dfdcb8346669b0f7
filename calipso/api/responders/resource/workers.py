"""`/workers`: the processes that scan, from their heartbeats."""

from __future__ import annotations

from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.api.auth.caller import Caller
from calipso.api.operation import Need, listing
from calipso.api.paging import PageQuery, page_of
from calipso.api.replies import Page
from calipso.api.schemas import Answer
from calipso.api.words import Text, UtcTime
from calipso.model.documents import Document
from calipso.stores.scans.worker_store import WorkerStore, all_wait

ns = Namespace("workers", description="Who does the scanning.", path="/workers")

EXAMPLE = {
    "id": "scan@worker-1",
    "_id": "scan@worker-1",
    "host": "worker-1",
    "queues": ["scan", "api", "db", "cli"],
    "processes": 4,
    "threads": 16,
    "threads_busy": 3,
    "calls_waiting": 0,
    "all_wait": False,
    "version": "0.1.0",
    "seen": "2026-05-04T03:00:01Z",
}


class WorkerQuery(PageQuery):
    """Filters of the list of workers."""

    queue: list[Text] = Field(
        default=[], description="Workers that take tasks from all these queues."
    )


class WorkerAnswer(Answer):
    """A worker that lives."""

    id: str = Field(default="", description="Its name, unique.")
    host: str = Field(default="", description="The machine or container it runs on.")
    queues: list[str] = Field(default=[], description="Queues it takes tasks from.")
    processes: int = Field(default=0, description="Processes of its pool.")
    threads: int = Field(default=0, description="Threads that ask clouds; 0: it has none.")
    threads_busy: int = Field(default=0, description="Of these, how many run a task.")
    calls_waiting: int = Field(
        default=0, description="Calls to clouds that have waited for more than ten seconds."
    )
    all_wait: bool = Field(
        default=False, description="All its threads wait for clouds: it takes no task just now."
    )
    version: str = Field(default="", description="The version of Calipso it runs.")
    seen: UtcTime | None = Field(default=None, description="Its last heartbeat.")


@ns.route("")
class Workers(Resource):  # type: ignore[misc]
    """The list."""

    @listing(WorkerAnswer, WorkerQuery, EXAMPLE, need=Need.ADMIN)
    def get(self, caller: Caller, query: WorkerQuery) -> Page:
        """Workers with a recent heartbeat, by name; a killed one is listed for a while."""
        found = [_told(worker) for worker in WorkerStore().live()]
        return page_of(
            [worker for worker in found if set(query.queue) <= set(worker["queues"])],
            query,
            order=("_id",),
        )


def _told(worker: Document) -> Document:
    """A worker as it is sent; one of an older version has fewer fields."""
    threads = worker.get("threads") or {}
    return {
        "_id": str(worker["_id"]),
        "host": worker.get("host", ""),
        "queues": list(worker.get("queues", ())),
        "processes": len(worker.get("processes", ())),
        "threads": threads.get("size", 0),
        "threads_busy": threads.get("busy", 0),
        "calls_waiting": threads.get("waiting", 0),
        "all_wait": all_wait(worker),
        "version": worker.get("version", ""),
        "seen": worker["seen"],
    }
