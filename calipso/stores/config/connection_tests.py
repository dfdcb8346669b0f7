"""ConnectionTestStore: requested connection tests of an environment, and their results.

A test consists of jobs: a job is a target and the queue whose workers reach it. `CLI` has one job
for each queue of hosts. Secrets of a test are encrypted while it runs and removed when it ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId

from calipso.errors import NotFound
from calipso.model.documents import Document
from calipso.secrets.binding import opened, sealed
from calipso.secrets.box import SecretBox, masked
from calipso.settings import settings
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.encoding import decode, encode
from calipso.stores.store import Store
from calipso.utils.clock import now

REQUEST, RESPONSE = "request", "response"

#: A target, and the queue of the workers that test it.
Job = tuple[str, str]


class ConnectionTestStore(Store):
    """The collection `connection_tests`."""

    NAME = "connection_tests"

    def __init__(self, inv: InventoryMgr | None = None, secrets: SecretBox | None = None) -> None:
        super().__init__((inv or InventoryMgr()).db)
        self.tests = self.collection
        self.secrets = secrets or SecretBox()

    def create(
        self,
        environment: str,
        jobs: Sequence[Job],
        sections: Iterable[Mapping[str, Any]],
        document: Mapping[str, Any] | None = None,
    ) -> str:
        """Store a new test and return its id. `sections` are tested instead of the stored ones.

        `document` has the other fields of an environment that is not stored.
        """
        moment = now()
        given = [dict(section) for section in sections]
        test: Document = {
            "_id": str(ObjectId()),
            "environment": environment,
            "test_targets": list(dict.fromkeys(target for target, _ in jobs)),
            "targets_configuration": encode(sealed(environment, given, self.secrets)),
            "status": REQUEST,
            "submit_timestamp": moment,
            "deadline": moment + timedelta(seconds=settings().connection_test_seconds),
            "jobs": [{"target": target, "queue": queue} for target, queue in jobs],
            "reports": {},
            "test_results": {},
            "results": {},
            "response_timestamp": None,
            "response_time": "",
            "last_response_message": "",
        }
        if document is not None:
            test["environment_config"] = encode(dict(document))
        self.tests.insert_one(test)
        return str(test["_id"])

    def get(self, test_id: str) -> Document:
        """Return a test with decrypted secrets. Raises NotFound."""
        found = self.tests.find_one({"_id": test_id})
        if found is None:
            raise NotFound(f"no connection test {test_id}")
        test = dict(decode(found))
        sections = test["targets_configuration"]
        if test["status"] == REQUEST:  # afterwards they are masked
            sections = opened(test["environment"], sections, self.secrets)
        return test | {"targets_configuration": sections}

    def report(self, test_id: str, job: int, steps: Iterable[Mapping[str, Any]]) -> bool:
        """Store the steps of a job; the last job ends the test.

        Returns False if the test had ended.
        """
        reported = encode([dict(step) for step in steps])
        running = {"_id": test_id, "status": REQUEST}
        if not self.tests.update_one(running, {"$set": {f"reports.{job}": reported}}).matched_count:
            return False
        test = self.tests.find_one({"_id": test_id}) or {}
        if len(test.get("reports", {})) == len(test.get("jobs", ())):
            self._end(test)
        return True

    def fail(self, test_id: str, message: str) -> None:
        """End a test that cannot run, with the reason."""
        test = self.tests.find_one({"_id": test_id, "status": REQUEST})
        if test is not None:
            self._end(test, message)

    def end_late(self) -> None:
        """End tests after their deadline. Jobs that did not answer count as failed."""
        late = {"status": REQUEST, "deadline": {"$lt": now()}}
        for test in self.tests.find(late):
            seconds = (test["deadline"] - test["submit_timestamp"]).total_seconds()
            silent = [job for number, job in enumerate(test["jobs"]) if not _told(test, number)]
            names = ", ".join(f"{job['target']} (queue {job['queue']})" for job in silent)
            self._end(test, f"{names}: no answer within {seconds:.0f} s (timeout)")

    def _end(self, test: Mapping[str, Any], message: str = "") -> None:
        moment: datetime = now()
        seconds = (moment - test["submit_timestamp"]).total_seconds()
        results = results_of(test)
        failed = [target for target, result in results.items() if not result["ok"]]
        said = f"failed: {', '.join(failed)}" if failed else "all passed"
        fields = {
            "status": RESPONSE,
            "results": results,
            "test_results": {target: result["ok"] for target, result in results.items()},
            "targets_configuration": masked(test["targets_configuration"]),
            "response_timestamp": moment,
            "response_time": f"{seconds * 1000:.0f}ms",
            "last_response_message": message or said,
        }
        self.tests.update_one(
            {"_id": test["_id"], "status": REQUEST},
            {"$set": fields, "$unset": {"reports": "", "jobs": "", "deadline": ""}},
        )


def results_of(test: Mapping[str, Any]) -> Document:
    """Return the results of the jobs so far, by target. A target is ok when all its jobs are ok."""
    found: Document = {}
    for number, job in enumerate(test["jobs"]):
        steps = _told(test, number)
        result = found.setdefault(job["target"], {"ok": True, "seconds": 0.0, "steps": []})
        result["ok"] = bool(result["ok"] and steps and all(step["ok"] for step in steps))
        result["seconds"] = round(result["seconds"] + sum(step["seconds"] for step in steps), 3)
        result["steps"] += steps
    return found


def _told(test: Mapping[str, Any], number: int) -> list[Document]:
    steps: list[Document] = test["reports"].get(str(number), [])
    return steps
