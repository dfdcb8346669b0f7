"""Checks that a worker listens before work is queued, because otherwise the work would wait for
ever.

A check costs one read of the heartbeats and no request to the broker, so each request can afford
it.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import ValidationError

from calipso.errors import NoWorker
from calipso.model.environment import environment_error
from calipso.model.queues import Queues
from calipso.model.scan import ScanRequest
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.scans.worker_store import WorkerStore


def queues_of(request: ScanRequest) -> list[str]:
    """Return the queues for the tasks of a scan.

    Raises NotFound, and ConfigError for wrong queues.
    """
    if request.links_only:
        return ["scan", "links"]
    if request.cliques_only:
        return ["scan", "cliques"]
    graph = [] if request.inventory_only else ["links", "cliques"]
    return ["scan", *_sources(request.environment), *graph]


def _sources(environment: str) -> list[str]:
    """Return the queues of an environment, without decrypting its secrets."""
    stored = EnvironmentStore().masked(environment).get("queues") or {}
    try:
        return list(Queues.model_validate(stored).names())
    except ValidationError as error:
        texts = [f"queues: {item['msg']}" for item in error.errors()]
        raise environment_error(environment, texts) from None


def not_served(queues: Iterable[str]) -> list[str]:
    """Return those of these queues that have no running worker."""
    served = {queue for worker in WorkerStore().live() for queue in worker.get("queues", ())}
    return [queue for queue in queues if queue not in served]


def require_workers(queues: Iterable[str], what: str) -> None:
    """Raise NoWorker, with the names of the queues, when a queue has no worker."""
    missing = not_served(queues)
    if missing:
        word = "queue" if len(missing) == 1 else "queues"
        raise NoWorker(
            f"{what} cannot start: no worker listens on {word} {', '.join(missing)}",
            hint=f"Start one with `calipso up`, or `calipso worker --queues {','.join(missing)}`; "
            "`calipso status` lists running workers.",
        )
