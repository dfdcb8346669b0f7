"""Which Celery workers live: each writes the time into the collection `workers`.

A document: `_id` worker name (`sources@host`), `queues`, `pid`, `host`, `seen`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from calipso.settings import Settings
from calipso.utils.mongo_access import MongoAccess


def heartbeats(settings: Settings) -> list[dict[str, Any]]:
    """Workers that were seen lately, with their age in seconds as `age`."""
    now = datetime.now(UTC)
    found = []
    for worker in MongoAccess(settings).db["workers"].find({}):
        age = (now - worker["seen"]).total_seconds()
        if age <= settings.worker_lost_after:
            found.append(worker | {"age": age})
    return found


def served_queues(workers: list[dict[str, Any]]) -> set[str]:
    """The queues somebody listens to."""
    return {queue for worker in workers for queue in worker.get("queues", [])}
