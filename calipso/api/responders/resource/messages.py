"""`/messages`: log messages of scans, and messages of other programs."""

from __future__ import annotations

from typing import Any, Literal

from bson import ObjectId
from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.api.auth.caller import Caller
from calipso.api.operation import Need, listing, operation
from calipso.api.paging import PageQuery, page
from calipso.api.replies import Page, Reply, shown
from calipso.api.rights import must_edit
from calipso.api.schemas import Answer, Body, Time
from calipso.api.words import UtcTime
from calipso.errors import NotFound
from calipso.stores.mongo.encoding import decode
from calipso.stores.scans.message_store import MessageStore

ns = Namespace("messages", description="Messages of environments.", path="/messages")

Level = Literal["panic", "alert", "crit", "error", "warn", "notice", "info", "debug"]

EXAMPLE = {
    "id": "20577.10801.52210",
    "_id": "65a1f0c2d4e8b1a2c3d4e5f6",
    "environment": "prod",
    "source_system": "Calipso",
    "level": "warn",
    "message": "compute-7: SSH: no route to host",
    "timestamp": "2026-05-04T03:00:01.052210Z",
    "viewed": False,
    "related_object": "compute-7",
    "related_object_type": "host",
    "scan_id": "6563a1f0c2d4e8b1a2c3d4e5",
}


class MessageQuery(PageQuery):
    """Filters of the list of messages."""

    env_name: str | None = Field(default=None, description="Of this environment.")
    id: str | None = Field(default=None, description="With this message id.")
    source_system: str | None = Field(default=None, description="Told by this system.")
    level: Level | None = Field(default=None, description="Of just this level.")
    related_object: str | None = Field(default=None, description="About this object.")
    related_object_type: str | None = Field(default=None, description="About objects of a type.")
    viewed: bool | None = Field(default=None, description="Looked at, or not yet.")
    start_time: Time | None = Field(default=None, description="Not before; ISO 8601.")
    end_time: Time | None = Field(default=None, description="Not after; ISO 8601.")


class MessageAnswer(Answer):
    """A message."""

    id: str = Field(default="", description="The original's id; `_id` is unique.")
    environment: str = ""
    source_system: str = ""
    level: str = ""
    timestamp: UtcTime | None = None
    viewed: bool = False


class MessagePatch(Body, json_schema_extra={"examples": [{"viewed": True}]}):
    """What may be changed of a message."""

    viewed: bool = Field(description="Somebody has viewed it.", examples=[True])


def message_for(caller: Caller, key: str) -> dict[str, Any]:
    """The message with this `_id` or message id, if the caller sees it. Raises NotFound."""
    wanted: dict[str, Any] = {"_id": ObjectId(key)} if ObjectId.is_valid(key) else {"id": key}
    wanted |= caller.environments()
    found = MessageStore().messages.find_one(wanted)
    if found is None:
        raise NotFound(f"no message {key}")
    return dict(decode(found))


@ns.route("")
class Messages(Resource):  # type: ignore[misc]
    """All messages."""

    @listing(MessageAnswer, MessageQuery, EXAMPLE, errors=(404,))
    def get(self, caller: Caller, query: MessageQuery) -> Page:
        """Messages, newest first."""
        wanted: dict[str, Any] = caller.environments(query.env_name)
        same = {"id", "source_system", "level", "related_object", "related_object_type", "viewed"}
        wanted |= query.model_dump(include=same, exclude_none=True)
        times = {"$gte": query.start_time, "$lte": query.end_time}
        if given := {name: time for name, time in times.items() if time is not None}:
            wanted["timestamp"] = given
        newest = query if query.sort else query.model_copy(update={"sort": ["-timestamp"]})
        return page(MessageStore().messages, wanted, newest, order=("timestamp",))


@ns.route("/<string:key>")
class Message(Resource):  # type: ignore[misc]
    """One message, by `_id` or message id."""

    @operation(Need.LOGIN, answer=MessageAnswer, errors=(404,), example=EXAMPLE)
    def get(self, key: str, caller: Caller) -> dict[str, Any]:
        """One message."""
        return shown(message_for(caller, key))

    @operation(
        Need.OPERATE, answer=MessageAnswer, body=MessagePatch, errors=(404,), example=EXAMPLE
    )
    def patch(self, key: str, caller: Caller, body: MessagePatch) -> dict[str, Any]:
        """Mark a message as viewed, or as not viewed."""
        found = message_for(caller, key)
        must_edit(caller, found["environment"])
        changed = {"viewed": body.viewed}
        MessageStore().messages.update_one({"_id": found["_id"]}, {"$set": changed})
        return shown(found | changed)

    @operation(Need.ADMIN, status=204, errors=(404,))
    def delete(self, key: str, caller: Caller) -> Reply:
        """Delete a message."""
        found = message_for(caller, key)
        MessageStore().messages.delete_one({"_id": found["_id"]})
        return Reply(status=204)
