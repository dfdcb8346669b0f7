"""`/monitoring`: acknowledgements and silences."""

from __future__ import annotations

from datetime import timedelta

from bson import ObjectId
from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.api.auth.caller import Caller
from calipso.api.operation import Need, listing, operation
from calipso.api.paging import PageQuery, page
from calipso.api.reading import EXAMPLE_KEY, seen
from calipso.api.replies import Page, Reply, shown
from calipso.api.responders.resource.monitoring import STATUS, TROUBLES, StatusAnswer
from calipso.api.schemas import Answer, Body, Key
from calipso.api.words import EnvironmentName, UtcTime
from calipso.errors import Conflict, NotFound
from calipso.model.documents import Document
from calipso.model.monitoring import Value
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.mongo_access import MongoAccess
from calipso.stores.monitoring.silence_store import SilenceStore
from calipso.utils.clock import now

ns = Namespace(
    "monitoring_people", description="Who works on what, and who is told.", path="/monitoring"
)


class AckBody(Body, json_schema_extra={"examples": [{"why": "ticket 4711"}]}):
    """Why it is known already."""

    why: str = Field(default="", max_length=500)
    hours: float | None = Field(
        default=None, gt=0, le=8760, description="Until so many hours from now; default: until OK."
    )


class SilenceBody(Body, json_schema_extra={"examples": [{"hours": 2, "why": "maintenance"}]}):
    """How long nobody wants to hear of it."""

    hours: float = Field(gt=0, le=8760)
    why: str = Field(default="", max_length=500)
    below: bool = Field(
        default=True, description="Also what is below it; of a host, what is on it."
    )


class SilenceAnswer(Answer):
    """A silence."""

    id: str = Field(default="", description="Id of the object that is silenced.")
    environment: str = ""
    below: bool = True
    until: UtcTime | None = None
    who: str = ""
    why: str = ""


SILENCE = {
    "_id": EXAMPLE_KEY,
    "environment": "prod",
    "type": "host",
    "id": "compute-1",
    "below": True,
    "until": "2026-05-04T05:00:00Z",
    "who": "anna",
    "why": "maintenance",
}


def item_of(caller: Caller, key: str) -> tuple[str, Document]:
    """The object or link with this key, and its collection. Raises NotFound."""
    inv = InventoryMgr()
    for name in ("inventory", "links"):
        found = inv.find_all(name, {"_id": ObjectId(key) if ObjectId.is_valid(key) else None})
        if found:
            return name, caller.check_seen(found[0], f"object or link {key}")
    raise NotFound(f"no object or link {key}")


@ns.route("/objects/<string:key>/acknowledgement")
class Acknowledgement(Resource):  # type: ignore[misc]
    """Who works on it."""

    @operation(Need.OPERATE, answer=StatusAnswer, body=AckBody, errors=(404, 409), example=STATUS)
    def put(self, key: Key, caller: Caller, body: AckBody) -> Document:
        """Say that somebody knows of it. It is over when the status is OK again."""
        name, item = item_of(caller, key)
        caller.may_edit(item["environment"])
        moment = now()
        until = None if body.hours is None else moment + timedelta(hours=body.hours)
        fields = {"who": caller.name, "why": body.why, "at": moment, "until": until}
        return _acknowledge(name, item, fields)

    @operation(Need.OPERATE, status=204, errors=(404,))
    def delete(self, key: Key, caller: Caller) -> Reply:
        """Take it back."""
        name, item = item_of(caller, key)
        caller.may_edit(item["environment"])
        SilenceStore(InventoryMgr()).acknowledge(item, name, None)
        return Reply(status=204)


def _acknowledge(name: str, item: Document, fields: Document) -> Document:
    if not SilenceStore(InventoryMgr()).acknowledge(item, name, fields):
        label = (item.get("monitoring") or {}).get("label", Value.OK.label)
        raise Conflict(f"{item.get('id', item['_id'])}: nothing to acknowledge, it is {label}")
    found = MongoAccess().db[TROUBLES].find_one({"_id": item["_id"]})
    return shown(found or {})


@ns.route("/objects/<string:key>/silence")
class ObjectSilence(Resource):  # type: ignore[misc]
    """Silences of one object."""

    @operation(
        Need.OPERATE,
        status=201,
        answer=SilenceAnswer,
        body=SilenceBody,
        errors=(404,),
        example=SILENCE,
    )
    def post(self, key: Key, caller: Caller, body: SilenceBody) -> Reply:
        """Silence it for some hours: no messages, no alerts, and it does not count."""
        _, item = item_of(caller, key)
        caller.may_edit(item["environment"])
        store = SilenceStore(InventoryMgr())
        until = now() + timedelta(hours=body.hours)
        made = store.add(item, below=body.below, until=until, who=caller.name, why=body.why)
        return Reply(shown(made), 201)


class SilenceQuery(PageQuery):
    """Filters of the list of silences."""

    env_name: EnvironmentName | None = Field(default=None, description="Of this environment.")


@ns.route("/silences")
class Silences(Resource):  # type: ignore[misc]
    """All silences."""

    @listing(SilenceAnswer, SilenceQuery, SILENCE, errors=(404,))
    def get(self, caller: Caller, query: SilenceQuery) -> Page:
        """Silences, also those that are over."""
        wanted = seen(caller, query.env_name)
        store = SilenceStore(InventoryMgr())
        return page(store.collection, wanted, query, order=("environment", "until"))


@ns.route("/silences/<string:key>")
class Silence(Resource):  # type: ignore[misc]
    """One silence."""

    @operation(Need.OPERATE, status=204, errors=(404,))
    def delete(self, key: Key, caller: Caller) -> Reply:
        """End a silence now."""
        store = SilenceStore(InventoryMgr())
        found = store.collection.find_one(
            {"_id": ObjectId(key) if ObjectId.is_valid(key) else None}
        )
        caller.may_edit(caller.check_seen(found, f"silence {key}")["environment"])
        store.remove(ObjectId(key), {})
        return Reply(status=204)
