"""CeleryPublisher: a level of a scan as a chord of chains."""

from __future__ import annotations

import uuid
from typing import Any

from celery import Celery, chain, chord

from calipso.discover.engine.scan_plan import NAMESPACE, Level
from calipso.model.documents import Document
from calipso.settings import settings

RUN = "calipso.scan.run"
ADVANCE = "calipso.scan.advance"

#: Queues of tasks that go through a whole cloud and have a time limit of their own.
GRAPH = ("links", "cliques", "scan")
#: Seconds a task has to report that its time is over.
LAST_WORDS = 30


def time_limits(queue: str) -> dict[str, Any]:
    """Options of a task: its time limits, where they are not those of celeryconfig."""
    if queue not in GRAPH:
        return {}
    seconds = settings().graph_task_seconds
    return {"soft_time_limit": seconds, "time_limit": seconds + LAST_WORDS}


def shown_as(scan_id: str, task: Document) -> str:
    """What Flower shows of a task instead of two ids: the scan, what is fetched, and where."""
    host = f" on {task['first_host']}" if task.get("first_host") else ""
    if host and len(task.get("parents", ())) > 1:
        host += f" and {len(task['parents']) - 1} more"
    return f"({scan_id}: {task.get('title') or task['_id']}{host})"


class CeleryPublisher:
    """Sends levels: header = the chains of the level, body = `advance`. Ids are derived."""

    def __init__(self, app: Celery) -> None:
        self.app = app

    def publish_level(self, scan_id: str, level: Level) -> None:
        """Send a level as one chord."""
        header = [
            chain(*(self._run(scan_id, task) for task in tasks))
            if len(tasks) > 1
            else self._run(scan_id, tasks[0])
            for tasks in level.chains
        ]
        chord(header)(self._advance(scan_id, level.number))

    def publish_task(self, scan_id: str, task_id: str, queue: str) -> None:
        """Send one registered task again, outside its chord: it looks itself what comes next.

        The message has an id of its own that begins with that of the task.
        """
        self.app.signature(RUN, args=[scan_id, task_id], kwargs={"resent": True}).set(
            queue=queue, task_id=f"{task_id}.{uuid.uuid4().hex}", **time_limits(queue)
        ).apply_async()

    def publish_advance(self, scan_id: str, level: int) -> None:
        """Send the body of a level."""
        self._advance(scan_id, level).apply_async()

    def _run(self, scan_id: str, task: Document):  # type: ignore[no-untyped-def]
        queue = task["queue"]
        options: dict[str, Any] = {"queue": queue, "task_id": task["_id"], **time_limits(queue)}
        options["argsrepr"] = shown_as(scan_id, task)
        return self.app.signature(RUN, args=[scan_id, task["_id"]], immutable=True).set(**options)

    def _advance(self, scan_id: str, level: int):  # type: ignore[no-untyped-def]
        body_id = str(uuid.uuid5(NAMESPACE, f"{scan_id}/{level}/advance"))
        return self.app.signature(ADVANCE, args=[scan_id, level], immutable=True).set(
            queue="scan", task_id=body_id, **time_limits("scan")
        )
