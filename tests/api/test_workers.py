"""`/workers` on real stores."""

from __future__ import annotations

from datetime import timedelta

from flask.testing import FlaskClient

from calipso import __version__
from calipso.stores.scans.worker_store import WorkerStore
from tests.api.conftest import Login

PATH = "/api/v1/workers"


def worker(name: str, *queues: str, late: float = 0.0) -> None:
    """A worker with two processes, whose last heartbeat was so many seconds ago."""
    store = WorkerStore()
    store.beat(name, list(queues), processes=(10, 11))
    seen = store.workers.find_one({"_id": name})["seen"]  # type: ignore[index]
    change = {"$set": {"seen": seen - timedelta(seconds=late)}}
    store.workers.update_one({"_id": name}, change)


def test_living_workers_are_listed_with_queues_version_and_last_heartbeat(
    admin: FlaskClient,
) -> None:
    worker("b@edge", "cli-edge", late=3)
    worker("a@main", "scan", "api", "cli")
    worker("lost@main", "scan", late=100_000)
    first, second = admin.get(PATH).json["items"]

    assert (first["id"], first["queues"]) == ("a@main", ["scan", "api", "cli"])
    assert (first["version"], first["processes"]) == (__version__, 2)
    assert second["id"] == "b@edge"
    assert second["seen"] < first["seen"]


def test_they_are_found_by_queue_and_paged(admin: FlaskClient) -> None:
    worker("a@main", "scan", "cli")
    worker("b@main", "scan")

    def ids(query: str) -> list[str]:
        return [item["id"] for item in admin.get(f"{PATH}?{query}").json["items"]]

    assert ids("queue=scan") == ["a@main", "b@main"]
    assert ids("queue=scan,cli") == ["a@main"]
    page = admin.get(f"{PATH}?limit=1&total=true").json
    assert page["total"] == 2
    assert ids(f"limit=1&marker={page['next']}") == ["b@main"]


def test_only_admins_need_to_know_them(login: Login) -> None:
    assert login("viewer", **{"*": "view"}).get(PATH).status_code == 403
    assert login("operator", **{"*": "edit"}).get(PATH).status_code == 403
