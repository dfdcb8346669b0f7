"""`/audit`: who changed what, and when."""

from __future__ import annotations

from typing import Literal

from bson import ObjectId
from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.api.auth.caller import Caller
from calipso.api.operation import Need, listing
from calipso.api.paging import PageQuery, page
from calipso.api.replies import Page
from calipso.api.schemas import Answer, Key, Time
from calipso.api.words import Text, UtcTime
from calipso.stores.people.audit_store import AuditStore

ns = Namespace("audit", description="Who changed what, and when.", path="/audit")


class AuditQuery(PageQuery):
    """Filters of the audit."""

    sort: list[str] = Field(default=["-time"], description="time, or -time: the newest first.")
    id: Key | None = Field(default=None, description="The entry with this id.")
    env_name: Text | None = Field(default=None, description="Of this environment.")
    user: Text | None = Field(default=None, description="By this user.")
    operation: Text | None = Field(
        default=None, description="This operation, e.g. `PATCH /users/<string:name>`."
    )
    source: Literal["api", "cli"] | None = Field(default=None, description="api or cli.")
    request_id: Text | None = Field(default=None, description="Of this request.")
    status: int | None = Field(default=None, ge=100, le=599, description="Answered so.")
    start_time: Time | None = Field(default=None, description="Not before.")
    end_time: Time | None = Field(default=None, description="Before.")


class AuditAnswer(Answer):
    """One change, or one that was refused."""

    id: str = ""
    time: UtcTime | None = None
    user: str = Field(
        default="", description="User of Calipso; user of the machine when source is cli."
    )
    operation: str = Field(default="", description="Method and path, or the command.")
    target: str = Field(default="", description="What it was applied to: the values in the path.")
    environment: str = Field(default="", description="Its environment, if it has one.")
    fields: list[str] = Field(
        default=[], description="Names of the fields that were given; no values."
    )
    status: int = Field(default=200, description="Status of the answer.")
    source: str = Field(default="api", description="api or cli.")
    method: str = Field(default="", description="credentials, token, service, or basic.")
    token: str = Field(default="", description="Id of the token.")
    address: str = Field(default="", description="Where the request came from.")
    request_id: str = Field(default="", description="The log of the API has it too.")


ENTRY = {
    "id": "65a1f0c2d4e8b1a2c3d4e5f6",
    "time": "2026-05-04T08:00:00Z",
    "user": "anna",
    "operation": "PATCH /users/<string:name>",
    "target": "ben",
    "environment": "",
    "fields": ["grants.prod"],
    "status": 200,
    "source": "api",
    "method": "credentials",
    "token": "65a1f0c2d4e8b1a2c3d4e5f7",
    "address": "192.0.2.7",
    "request_id": "a3f1",
}

#: Filters that name a field of the entries.
EQUAL = {"user", "operation", "source", "request_id", "status"}


@ns.route("")
class Audit(Resource):  # type: ignore[misc]
    """The list."""

    @listing(AuditAnswer, AuditQuery, ENTRY, need=Need.ADMIN)
    def get(self, caller: Caller, query: AuditQuery) -> Page:
        """Changes, the newest first; also those of environments that are gone."""
        wanted = query.model_dump(include=EQUAL, exclude_none=True)
        if query.env_name:
            wanted["environment"] = query.env_name
        if query.id:
            wanted["_id"] = ObjectId(query.id)
        bounds = {"$gte": query.start_time, "$lt": query.end_time}
        wanted |= {"time": {k: v for k, v in bounds.items() if v}} if any(bounds.values()) else {}
        return page(AuditStore().collection, wanted, query, order=("time",))
