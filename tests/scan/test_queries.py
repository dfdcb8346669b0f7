"""What a scan asks of MongoDB goes by an index, whatever the embedded store holds.

That store puts a whole collection together in memory to look at a field that the index of the
query does not have: at 1,000 hosts one such read of the inventory took 600 MB.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pymongo import MongoClient, monitoring

from calipso.discover.engine.scan_local import run_local
from calipso.model.scan import ScanRequest
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo import mongo_access
from tests.sample_cloud.running import RunningCloud, running_cloud

pytestmark = [pytest.mark.slow, pytest.mark.embedded]

#: What grows with the cloud, or with the scans that are kept.
LARGE = {"inventory", "links", "cliques", "changes", "scan_tasks", "answers", "coverage"}

#: Reads of all cliques that stay: a quarter of a second at 1,000 hosts and no memory, as hardly any
#: match; the first once a scan, the second once for a thousand objects that are removed.
ALLOWED = {("cliques", ("environment", "generation $not")), ("cliques", ("focal_point $in",))}

Shape = tuple[str, tuple[str, ...]]


class Asked(monitoring.CommandListener):
    """Remembers one query of each shape."""

    def __init__(self) -> None:
        self.queries: dict[Shape, Mapping[str, Any]] = {}

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Take the conditions of reads and writes."""
        command = event.command
        name = str(command.get(event.command_name))
        conditions = [command.get("filter"), command.get("query")]
        conditions += [part["q"] for key in ("updates", "deletes") for part in command.get(key, ())]
        if pipeline := command.get("pipeline"):
            conditions.append(pipeline[0].get("$match", {}))
        for condition in conditions:
            if condition is not None and name in LARGE:
                self.queries.setdefault((name, _fields(condition)), dict(condition))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing to do."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing to do."""


def _fields(condition: Mapping[str, Any]) -> tuple[str, ...]:
    found = []
    for name, value in condition.items():
        operators = sorted(value) if isinstance(value, Mapping) else []
        found.append(" ".join([name, *(str(word) for word in operators)]))
    return tuple(sorted(found))


@pytest.fixture
def asked(inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    """What is asked from now on."""
    listener = Asked()

    def client(*args: Any, **options: Any) -> MongoClient[dict[str, Any]]:
        options["event_listeners"] = [*options.get("event_listeners", ()), listener]
        return MongoClient(*args, **options)

    mongo_access.close_clients()
    monkeypatch.setattr(mongo_access, "MongoClient", client)
    yield listener
    mongo_access.close_clients()


def stages(plan: Mapping[str, Any]) -> str:
    """`FETCH<-IXSCAN`."""
    inner = [plan["inputStage"]] if "inputStage" in plan else plan.get("inputStages", [])
    return "<-".join([str(plan["stage"]), *(stages(part) for part in inner)])


def read_whole(inv: InventoryMgr, queries: Mapping[Shape, Mapping[str, Any]]) -> dict[Shape, str]:
    """The queries for which the store would read a whole collection."""
    found = {}
    for (name, fields), query in queries.items():
        plan = inv.collection(name).find(query).explain()["queryPlanner"]["winningPlan"]
        if "COLLSCAN" in stages(plan):
            found[name, fields] = stages(plan)
    return found


@pytest.fixture
def cloud() -> Iterator[RunningCloud]:
    """A small cloud, its environment known as `gen`."""
    sizes = {"hosts": 4, "instances": 12, "networks": 4, "mechanism": "mixed"}
    with running_cloud(name="gen", seed=7, **sizes) as cloud:
        yield cloud


def test_no_query_of_a_scan_reads_a_whole_collection(
    cloud: RunningCloud, inv: InventoryMgr, asked: Asked
) -> None:
    EnvironmentStore().add(cloud.environment)

    def scan(**options: Any) -> None:
        record = run_local(ScanRequest(environment="gen", **options))
        assert record["status"].startswith("completed")

    scan()
    cloud.mutate("delete_instance")
    scan()
    scan(object_id=str(inv.find("gen", "host")[0]["id"]))
    scan(links_only=True)
    scan(cliques_only=True)
    scan(clear=True)

    assert {name for name, _ in asked.queries} >= {"inventory", "links", "cliques", "scan_tasks"}
    assert set(read_whole(inv, asked.queries)) <= ALLOWED
