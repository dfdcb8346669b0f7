"""AlertStore: addresses that want to hear of changes, and the alerts that wait to be sent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from bson import ObjectId
from pymongo import InsertOne
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from calipso.errors import Conflict, NotFound
from calipso.model.documents import Document
from calipso.model.monitoring import Value
from calipso.secrets.box import SecretBox, map_secrets
from calipso.stores.mongo.conditional import alike, change_if
from calipso.stores.mongo.indexes import ensure_indexes
from calipso.stores.monitoring.notices import STATUS, Notice, of_status, of_test
from calipso.stores.monitoring.status_store import Changed
from calipso.stores.store import Store
from calipso.utils.clock import now

#: Attempts to send an alert, and seconds before the second; each pause is twice the one before.
ATTEMPTS, FIRST_PAUSE = 8, 15
#: Seconds for which a process that sends an alert has it for itself.
LEASE = 60
#: Alerts that may wait for one webhook.
MOST_WAITING = 10_000
WEBHOOKS = "monitoring_webhooks"


class AlertStore(Store):
    """Webhooks of environments, and what is to be sent to them."""

    NAME: ClassVar[str] = "monitoring_alerts"

    def __init__(
        self, database: Database[Document] | None = None, secrets: SecretBox | None = None
    ) -> None:
        super().__init__(database)
        self.secrets = secrets or SecretBox()

    # -- webhooks ------------------------------------------------------------------------

    def ensure_webhook_indexes(self) -> None:
        """Make the indexes of webhooks; a name is unique in its environment."""
        ensure_indexes(self.db[WEBHOOKS], WEBHOOKS)

    def add(self, webhook: Mapping[str, Any]) -> Document:
        """Store a webhook. Raises Conflict for a name that the environment has already."""
        stored = map_secrets(dict(webhook), self.secrets.encrypt)
        stored |= {"_id": ObjectId(), "created": now()}
        try:
            self.db[WEBHOOKS].insert_one(stored)
        except DuplicateKeyError:
            raise Conflict(
                f"{webhook['environment']}: there is a webhook {webhook['name']} already",
                hint="Remove it first, or choose another name.",
            ) from None
        return dict(stored)

    def webhooks(self, wanted: Mapping[str, Any]) -> list[Document]:
        """Return webhooks, with their secrets encrypted."""
        return list(self.db[WEBHOOKS].find(dict(wanted), sort=[("environment", 1), ("name", 1)]))

    def remove(self, environment: str, name: str) -> None:
        """Remove a webhook and what waits for it. Raises NotFound."""
        found = self.db[WEBHOOKS].find_one({"environment": environment, "name": name})
        if found is None:
            raise NotFound(f"{environment}: no webhook {name}")
        self.db[WEBHOOKS].delete_one({"_id": found["_id"]})
        self.collection.delete_many({"environment": environment, "webhook": found["_id"]})

    def opened(self, key: ObjectId) -> Document | None:
        """Return a webhook with its secrets in clear, to use it."""
        found = self.db[WEBHOOKS].find_one({"_id": key})
        return None if found is None else dict(map_secrets(found, self.secrets.decrypt))

    # -- alerts --------------------------------------------------------------------------

    def queue(self, environment: str, changed: Iterable[Changed]) -> int:
        """Queue alerts of changed statuses; returns their number."""
        found = (of_status(environment, one) for one in changed)
        return self.publish(environment, [notice for notice in found if notice is not None])

    def publish(self, environment: str, notices: Sequence[Notice]) -> int:
        """Queue notices for the webhooks that want them; returns how many alerts that makes.

        Of a webhook that has too many waiting, the new ones are dropped and counted.
        """
        if not notices:
            return 0
        writes: list[Any] = []
        for webhook in self.webhooks({"environment": environment}):
            wanted = [notice.body for notice in notices if wants(webhook, notice)]
            room = self._room(webhook) if wanted else 0
            writes += [
                InsertOne(self._alert(environment, webhook["_id"], body)) for body in wanted[:room]
            ]
            if len(wanted) > room:
                dropped = {"$inc": {"dropped": len(wanted) - room}}
                self.db[WEBHOOKS].update_one({"_id": webhook["_id"]}, dropped)
        if writes:
            self.collection.bulk_write(writes, ordered=False)
        return len(writes)

    def test(self, webhook: Mapping[str, Any]) -> None:
        """Queue an alert that says nothing but that it is a test."""
        environment = str(webhook["environment"])
        body = of_test(environment, str(webhook["name"]))
        self.collection.insert_one(self._alert(environment, webhook["_id"], body))

    def waiting(self, webhook: Mapping[str, Any]) -> int:
        """Return how many alerts wait for a webhook."""
        mine = {"environment": webhook["environment"], "webhook": webhook["_id"]}
        return self.collection.count_documents(mine)

    def _room(self, webhook: Mapping[str, Any]) -> int:
        return max(0, MOST_WAITING - self.waiting(webhook))

    @staticmethod
    def _alert(environment: str, webhook: ObjectId, body: Document) -> Document:
        return {
            "_id": ObjectId(),
            "environment": environment,
            "webhook": webhook,
            "body": body,
            "attempts": 0,
            "next_at": now(),
            "last_problem": "",
        }

    def next_due(self, moment: datetime, but: Collection[ObjectId] = ()) -> Document | None:
        """Return an alert to send now, and lease it to this process; None without one.

        Those of the webhooks in `but` are left out.
        """
        wanted: Document = {"next_at": {"$lte": moment}}
        if but:
            wanted["webhook"] = {"$nin": list(but)}
        for alert in self.collection.find(wanted, sort=[("next_at", 1)], limit=10):
            lease = {"next_at": moment + timedelta(seconds=LEASE)}
            update = change_if(alike({"next_at": alert["next_at"]}), lease)
            if self.collection.update_one({"_id": alert["_id"]}, update).modified_count:
                return alert
        return None

    def sent(self, alert: Mapping[str, Any]) -> None:
        """Forget an alert that arrived."""
        self.forget(alert)
        fields = {"last_sent": now(), "last_problem": ""}
        self.db[WEBHOOKS].update_one({"_id": alert["webhook"]}, {"$set": fields})

    def forget(self, alert: Mapping[str, Any]) -> None:
        """Send an alert no more."""
        self.collection.delete_one({"_id": alert["_id"]})

    def failed(self, alert: Mapping[str, Any], problem: str) -> bool:
        """Try again later; False when it is given up."""
        attempts = int(alert["attempts"]) + 1
        told = {"$set": {"last_problem": problem[:300]}}
        self.db[WEBHOOKS].update_one({"_id": alert["webhook"]}, told)
        if attempts >= ATTEMPTS:
            self.forget(alert)
            return False
        later = now() + timedelta(seconds=FIRST_PAUSE * 2 ** (attempts - 1))
        fields = {"attempts": attempts, "next_at": later, "last_problem": problem[:300]}
        self.collection.update_one({"_id": alert["_id"]}, {"$set": fields})
        return True


def wants(webhook: Mapping[str, Any], notice: Notice) -> bool:
    """True when the filter of a webhook lets a notice through: topic, types, and how bad it is.

    That something is good again passes when the value before did.
    """
    types = webhook.get("types") or []
    if notice.topic not in (webhook.get("topics") or [STATUS]) or (
        types and notice.type not in types
    ):
        return False
    least = Value(int(webhook.get("at_least", Value.WARNING)))
    return notice.value.badness >= least.badness
