"""AlertStore: addresses that want to hear of changes, and the alerts that wait to be sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from bson import ObjectId
from pymongo import InsertOne
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from calipso.errors import Conflict, NotFound
from calipso.model.answer import Answer, Evidence, Verdict
from calipso.model.documents import Document
from calipso.model.monitoring import Value
from calipso.secrets.box import SecretBox, map_secrets
from calipso.stores.mongo.conditional import alike, change_if
from calipso.stores.mongo.indexes import ensure_indexes
from calipso.stores.monitoring.status_store import Changed, message_text
from calipso.stores.store import Store
from calipso.utils.clock import now

#: Attempts to send an alert, and seconds before the second; each pause is twice the one before.
ATTEMPTS, FIRST_PAUSE = 8, 15
#: Seconds for which a process that sends an alert has it for itself.
LEASE = 60
WEBHOOKS = "monitoring_webhooks"

VERDICTS = {
    Value.OK: Verdict.YES,
    Value.WARNING: Verdict.DEGRADED,
    Value.ERROR: Verdict.NO,
    Value.UNKNOWN: Verdict.UNKNOWN,
}


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
        """Queue alerts for the webhooks that want them; returns their number."""
        news = [
            (one, text)
            for one in changed
            if (text := message_text(one.found, one.before, Value(one.status["value"]), one.status))
        ]
        if not news:
            return 0
        writes = []
        for webhook in self.webhooks({"environment": environment}):
            for one, text in news:
                if wants(webhook, one):
                    body = payload(environment, one, text)
                    writes.append(InsertOne(self._alert(environment, webhook["_id"], body)))
        if writes:
            self.collection.bulk_write(writes, ordered=False)
        return len(writes)

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

    def due(self, moment: datetime, most: int = 100) -> list[Document]:
        """Return alerts to send now, and lease them to this process."""
        found = self.collection.find({"next_at": {"$lte": moment}}, sort=[("next_at", 1)])
        mine = []
        for alert in found.limit(most):
            lease = {"next_at": moment + timedelta(seconds=LEASE)}
            update = change_if(alike({"next_at": alert["next_at"]}), lease)
            if self.collection.update_one({"_id": alert["_id"]}, update).modified_count:
                mine.append(alert)
        return mine

    def sent(self, alert: Mapping[str, Any]) -> None:
        """Forget an alert that arrived."""
        self.collection.delete_one({"_id": alert["_id"]})

    def failed(self, alert: Mapping[str, Any], problem: str) -> bool:
        """Try again later; False when it is given up."""
        attempts = int(alert["attempts"]) + 1
        if attempts >= ATTEMPTS:
            self.sent(alert)
            return False
        later = now() + timedelta(seconds=FIRST_PAUSE * 2 ** (attempts - 1))
        fields = {"attempts": attempts, "next_at": later, "last_problem": problem[:300]}
        self.collection.update_one({"_id": alert["_id"]}, {"$set": fields})
        return True


def wants(webhook: Mapping[str, Any], one: Changed) -> bool:
    """True when the filter of a webhook lets a change through: its types, and how bad it is.

    That something is good again passes when the value before did.
    """
    types = webhook.get("types") or []
    if types and one.found.target.type not in types:
        return False
    least = Value(int(webhook.get("at_least", Value.WARNING)))
    after = Value(one.status["value"])
    before = Value.OK if one.before is None else one.before
    return max(after.badness, before.badness) >= least.badness


def payload(environment: str, one: Changed, text: str) -> Document:
    """Return the body of an alert: an answer, and what it is about."""
    target, status = one.found.target, one.status
    value = Value(status["value"])
    answer = Answer(
        verdict=VERDICTS[value],
        sentence=text,
        code=f"status_{value.name.lower()}",
        findings=[{"value": int(value), "label": value.label, "text": status["text"]}],
        evidence=[
            Evidence(
                source=status["source"], line=status["text"], host=target.host, read_at=status["at"]
            )
        ],
        as_of=status["at"],
    )
    about = {"kind": target.kind, "type": target.type, "id": target.id, "name": target.name}
    before = None if one.before is None else one.before.label
    more = {"environment": environment, "object": about | {"host": target.host}, "was": before}
    return answer.model_dump(mode="json") | more | {"since": status["since"].isoformat()}
