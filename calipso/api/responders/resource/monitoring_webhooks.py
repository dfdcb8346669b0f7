"""`/monitoring/webhooks`: addresses that get alerts."""

from __future__ import annotations

from typing import Annotated, Literal

from bson import ObjectId
from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.api.auth.caller import Caller
from calipso.api.operation import Need, operation
from calipso.api.reading import EXAMPLE_KEY
from calipso.api.replies import Reply
from calipso.api.schemas import Answer, Body, Key
from calipso.api.words import EnvironmentName, UtcTime
from calipso.errors import NotFound
from calipso.model.documents import Document
from calipso.model.monitoring import Value
from calipso.stores.monitoring.alert_store import AlertStore
from calipso.stores.monitoring.notices import STATUS
from monitoring.runner.alerts import place

ns = Namespace("monitoring_webhooks", description="Who is told.", path="/monitoring")

LABELS = {"Unknown": Value.UNKNOWN, "Warning": Value.WARNING, "Error": Value.ERROR}


class WebhookBody(
    Body,
    json_schema_extra={
        "examples": [{"environment": "prod", "name": "chat", "url": "https://chat.example.org/x"}]
    },
):
    """An address that gets alerts."""

    environment: EnvironmentName
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    url: str = Field(
        pattern=r"^https?://[A-Za-z0-9]([A-Za-z0-9.-]{0,200}[A-Za-z0-9])?(:[0-9]{1,5})?(/[!-~]{0,1500})?$",
        description="Where to send; only its host is ever shown.",
    )
    secret: str = Field(
        default="", max_length=200, description="Signs each alert (HMAC-SHA256); never shown."
    )
    at_least: Literal["Unknown", "Warning", "Error"] = Field(
        default="Warning", description="Changes to or from this value, or a worse one."
    )
    topics: Annotated[list[Literal["status", "drift"]], Field(min_length=1, max_length=2)] = Field(
        default=["status"], description="Changes of statuses, and findings of drift."
    )
    types: Annotated[list[str], Field(max_length=50)] = Field(
        default=[], description="Of these object and link types only; default: all."
    )


class WebhookAnswer(Answer):
    """A webhook, without its secret and the path of its address."""

    id: str = ""
    environment: str = ""
    name: str = ""
    address: str = Field(default="", description="Scheme and host.")
    signed: bool = False
    at_least: str = ""
    topics: list[str] = Field(default=[])
    types: list[str] = Field(default=[])
    waiting: int = Field(default=0, description="Alerts that wait to be sent.")
    dropped: int = Field(default=0, description="Alerts that found too many waiting.")
    last_sent: UtcTime | None = None
    last_problem: str = Field(default="", description="Why the last attempt failed; empty: none.")


WEBHOOK = {
    "id": EXAMPLE_KEY,
    "environment": "prod",
    "name": "chat",
    "address": "https://chat.example.org",
    "signed": True,
    "at_least": "Warning",
    "topics": ["status"],
    "types": [],
    "waiting": 0,
    "dropped": 0,
    "last_problem": "",
}


def _webhook(store: AlertStore, stored: Document) -> Document:
    opened = store.opened(stored["_id"]) or {}
    return {
        "id": str(stored["_id"]),
        "environment": stored["environment"],
        "name": stored["name"],
        "address": place(str(opened.get("url_secret", ""))),
        "signed": bool(opened.get("secret")),
        "at_least": Value(stored["at_least"]).label,
        "topics": stored.get("topics") or [STATUS],
        "types": stored["types"],
        "waiting": store.waiting(stored),
        "dropped": stored.get("dropped", 0),
        "last_sent": stored.get("last_sent"),
        "last_problem": stored.get("last_problem", ""),
    }


class WebhooksAnswer(Answer):
    """Webhooks."""

    webhooks: list[WebhookAnswer]


@ns.route("/webhooks")
class Webhooks(Resource):  # type: ignore[misc]
    """All webhooks."""

    @operation(Need.ADMIN, answer=WebhooksAnswer, example={"webhooks": [WEBHOOK]})
    def get(self, caller: Caller) -> Document:
        """Addresses that get alerts."""
        store = AlertStore()
        return {"webhooks": [_webhook(store, item) for item in store.webhooks({})]}

    @operation(
        Need.ADMIN,
        status=201,
        answer=WebhookAnswer,
        body=WebhookBody,
        errors=(404, 409),
        example=WEBHOOK,
    )
    def post(self, caller: Caller, body: WebhookBody) -> Reply:
        """Send alerts to an address from now on."""
        caller.may_edit(body.environment)
        store = AlertStore()
        store.ensure_webhook_indexes()
        given = body.model_dump()
        given["url_secret"] = given.pop("url")
        given["at_least"] = int(LABELS[body.at_least])
        return Reply(_webhook(store, store.add(given)), 201)


@ns.route("/webhooks/<string:key>")
class Webhook(Resource):  # type: ignore[misc]
    """One webhook."""

    @operation(Need.ADMIN, status=204, errors=(404,))
    def delete(self, key: Key, caller: Caller) -> Reply:
        """Send no more alerts there; those that wait are dropped."""
        store = AlertStore()
        found = _one(store, key)
        store.remove(found["environment"], found["name"])
        return Reply(status=204)


@ns.route("/webhooks/<string:key>/test")
class WebhookTest(Resource):  # type: ignore[misc]
    """A test of a webhook."""

    @operation(Need.ADMIN, status=202, answer=WebhookAnswer, errors=(404,), example=WEBHOOK)
    def post(self, key: Key, caller: Caller) -> Reply:
        """Have the workers send an alert that is a test; `last_sent` and `last_problem` say how it
        went.
        """
        store = AlertStore()
        found = _one(store, key)
        store.test(found)
        return Reply(_webhook(store, found), 202)


def _one(store: AlertStore, key: str) -> Document:
    found = store.webhooks({"_id": ObjectId(key) if ObjectId.is_valid(key) else None})
    if not found:
        raise NotFound(f"no webhook {key}")
    return found[0]
