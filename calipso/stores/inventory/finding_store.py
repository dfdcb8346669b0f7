"""FindingStore: the collection `findings`, what drift rules found.

An open finding has a key of its rule and object as `_id`, so two runs at once store it once. When
it is cleared, it becomes a record of the past with `cleared_at`, under another `_id`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from pymongo import ReplaceOne

from calipso.model.documents import Document
from calipso.model.inventory import derived_key
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.encoding import decode, encode

COLLECTION = "findings"

#: Time after which a run that was asked for and has not begun is taken for lost.
LOST = timedelta(minutes=10)


class FindingStore:
    """The findings of one inventory."""

    def __init__(self, inv: InventoryMgr) -> None:
        self.inv = inv
        self.findings = inv.collection(COLLECTION)

    def open_of(self, environment: str) -> list[Document]:
        """Return the open findings of an environment."""
        found = self.findings.find({"environment": environment, "open": True})
        return [decode(item) for item in found]

    def find(self, query: Mapping[str, Any], at: datetime | None = None) -> list[Document]:
        """Return open findings that match, or those that were open at a time, the oldest first."""
        if at is None:
            found = [decode(item) for item in self.findings.find({**query, "open": True})]
        else:
            found = [
                item
                for item in map(decode, self.findings.find(dict(query)))
                if item["since"] <= at and (item["open"] or item["cleared_at"] > at)
            ]
        return sorted(found, key=lambda item: (item["since"], str(item["_id"])))

    def store(
        self,
        environment: str,
        found: Iterable[Mapping[str, Any]],
        kept: Collection[Any],
        moment: datetime,
    ) -> tuple[list[Document], list[Document]]:
        """Replace the open findings of an environment; returns those that are new, and cleared.

        `found` are all findings of a run; `kept` are `_id`s of open ones that the run could not
        judge. A finding that was open before keeps its `since`.
        """
        items = {key_of(item): dict(item) for item in found}
        before = {item["_id"]: item for item in self.open_of(environment)}
        operations: list[Any] = []
        new: list[Document] = []
        for key, item in items.items():
            old = before.get(key)
            since = old["since"] if old else item.get("since") or moment
            document = item | {"_id": key, "since": since, "seen": moment, "open": True}
            operations.append(ReplaceOne({"_id": key}, encode(document), upsert=True))
            if old is None:
                new.append(document)
        gone = [item for key, item in before.items() if key not in items and key not in kept]
        for item in gone:
            past = item | {"open": False, "cleared_at": moment}
            past["_id"] = derived_key(str(item["_id"]), item["since"].isoformat())
            operations.append(ReplaceOne({"_id": past["_id"]}, encode(past), upsert=True))
        for start in range(0, len(operations), 1000):
            self.findings.bulk_write(operations[start : start + 1000], ordered=False)
        self.inv.delete_by_keys(COLLECTION, [item["_id"] for item in gone])
        return new, gone

    # -- runs --------------------------------------------------------------------------

    def note_run(self, environment: str, run: Mapping[str, Any]) -> None:
        """Remember the last run of the rules over an environment."""
        document = {**run, "environment": environment}
        change = {"$set": encode(document), "$min": {"first": document["as_of"]}}
        self._runs.update_one(_run_of(environment), change, upsert=True)

    def queue_run(self, environment: str, moment: datetime) -> bool:
        """Note that a run is asked for; False when one that has not begun is asked for already.

        One that did not begin within `LOST` is taken for lost.
        """
        lost = moment - LOST
        stored = self._runs.find_one(_run_of(environment), {"queued": 1}) or {}
        if stored.get("queued") is not None and stored["queued"] > lost:
            return False
        asked = {"queued": moment, "environment": environment}
        self._runs.update_one(_run_of(environment), {"$set": asked}, upsert=True)
        return True

    def begin_run(self, environment: str) -> None:
        """Note that a run begins: what is stored from now on may need another one."""
        self._runs.update_one(_run_of(environment), {"$set": {"queued": None}})

    def runs_of(self, environments: Iterable[str]) -> dict[str, Document]:
        """Return the last run of each of these environments that has one."""
        wanted = {"environment": {"$in": sorted(set(environments))}}
        runs = (decode(item) for item in self._runs.find(wanted))
        return {item["environment"]: item for item in runs if "as_of" in item}

    @property
    def _runs(self) -> Any:
        return self.inv.collection("drift_runs")


def _run_of(environment: str) -> Document:
    return {"_id": derived_key("run", environment)}


def key_of(finding: Mapping[str, Any]) -> Any:
    """Return the `_id` of an open finding."""
    parts = (str(finding.get(name, "")) for name in ("environment", "rule", "type", "id", "part"))
    return derived_key("finding", *parts)
