"""`/intents`: what must hold of an environment, and whether it does."""

from __future__ import annotations

from typing import Any

from flask_restx import Namespace, Resource
from pydantic import BaseModel, Field, ValidationError

from calipso.analysis.intents import check_stored, worst
from calipso.api.auth.caller import Caller
from calipso.api.errors import BadRequest, Detail
from calipso.api.operation import Need, listing, operation
from calipso.api.paging import PageQuery, page_of
from calipso.api.reading import EXAMPLE_KEY, INVENTORY, seen_names
from calipso.api.replies import Page, Reply
from calipso.api.rights import must_edit
from calipso.api.schemas import Answer, Body, Key
from calipso.api.words import EnvironmentName, InventoryName, UtcTime
from calipso.errors import NotFound
from calipso.model.answer import Verdict
from calipso.model.documents import Document
from calipso.model.intent import Intent
from calipso.stores.config.intent_store import IntentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr

ns = Namespace("intents", description="What must hold.", path="/intents")

INTENT = {"name": "web-1 is redundant", "kind": "redundant", "object": "web-1"}
EXAMPLE_BODY = {"environment": "prod", "intent": INTENT}
EXAMPLE = {
    "_id": EXAMPLE_KEY,
    "id": EXAMPLE_KEY,
    "environment": "prod",
    "name": INTENT["name"],
    "intent": INTENT,
    "by": "anna",
    "changed": "2026-05-04T03:00:00Z",
    "result": {
        "verdict": "no",
        "sentence": "web-1 depends on host_pnic ens1f0 alone",
        "code": "intent_not_redundant",
        "since": "2026-05-04T03:00:20Z",
        "checked": "2026-05-04T03:00:20Z",
    },
}


class IntentQuery(PageQuery):
    """Filters of the list of intents."""

    env_name: EnvironmentName | None = Field(
        default=None, description="Of this environment; default: of all you may view."
    )
    verdict: Verdict | None = Field(default=None, description="With this last answer.")


class IntentBody(Body, json_schema_extra={"examples": [EXAMPLE_BODY]}):
    """An intent; one of the same name is replaced."""

    environment: EnvironmentName
    intent: dict[str, Any] = Field(
        max_length=20, description="`name`, `kind`, and what the kind needs: docs/intents.md."
    )


class ResultAnswer(Answer):
    """The last answer to it."""

    verdict: Verdict
    sentence: str = ""
    code: str = ""
    since: UtcTime | None = Field(default=None, description="Since when the verdict is this one.")
    checked: UtcTime | None = Field(default=None, description="When it was checked last.")


class IntentAnswer(Answer):
    """An intent."""

    environment: str = ""
    name: str = ""
    intent: dict[str, Any] = Field(default={}, description="As it was given.")
    by: str = Field(default="", description="Who stored it.")
    changed: UtcTime | None = None
    result: ResultAnswer | None = Field(default=None, description="Null: not checked yet.")


class StoredAnswer(Answer):
    """What was stored."""

    id: str
    message: str


class CheckBody(Body, json_schema_extra={"examples": [{"environment": "prod"}]}):
    """What to check."""

    environment: EnvironmentName
    inventory: InventoryName | None = Field(default=None, description=INVENTORY)


class CheckAnswer(BaseModel):
    """What came out."""

    verdict: Verdict = Field(description="The worst of all.")
    counts: dict[str, int] = Field(description="Number of intents by verdict.")


@ns.route("")
class Intents(Resource):  # type: ignore[misc]
    """The list."""

    @listing(IntentAnswer, IntentQuery, EXAMPLE, errors=(404,))
    def get(self, caller: Caller, query: IntentQuery) -> Page:
        """Intents, each with the last answer to it."""
        names = [caller.may_view(query.env_name)] if query.env_name else seen_names(caller)
        found = IntentStore().of(names)
        if query.verdict is not None:
            found = [i for i in found if (i["result"] or {}).get("verdict") == query.verdict.value]
        return page_of(found, query, order=("environment", "name"))

    @operation(
        Need.OPERATE,
        answer=StoredAnswer,
        body=IntentBody,
        status=201,
        errors=(404,),
        example={"id": EXAMPLE_KEY, "message": "the intent is stored"},
    )
    def post(self, caller: Caller, body: IntentBody) -> Reply:
        """Store an intent, which is checked after each scan."""
        environment = caller.may_edit(body.environment)
        try:
            intent = Intent.model_validate(body.intent)
        except ValidationError as error:
            details = [
                Detail(".".join(["intent", *map(str, one["loc"])]), str(one["msg"]))
                for one in error.errors()
            ]
            raise BadRequest("wrong in the body: intent", details=details) from None
        (stored,) = IntentStore().put(environment, [intent], caller.name)
        key = str(stored["_id"])
        answer = {"id": key, "message": "the intent is stored"}
        return Reply(answer, 201, {"Location": f"/api/v1/intents/{key}"})


@ns.route("/checks")
class Checks(Resource):  # type: ignore[misc]
    """Checks of all intents of an environment."""

    @operation(
        Need.OPERATE,
        answer=CheckAnswer,
        body=CheckBody,
        errors=(404, 422),
        example={"verdict": "yes", "counts": {"yes": 3}},
    )
    def post(self, caller: Caller, body: CheckBody) -> Document:
        """Check them now, by what is stored of the cloud, and keep the answers."""
        environment = caller.may_edit(body.environment)
        checked = check_stored(InventoryMgr(body.inventory), environment)
        counts: dict[str, int] = {}
        for one in checked:
            word = one.answer.verdict.value
            counts[word] = counts.get(word, 0) + 1
        return {"verdict": worst(checked).value, "counts": counts}


@ns.route("/<string:key>")
class OneIntent(Resource):  # type: ignore[misc]
    """One of them."""

    @operation(Need.LOGIN, answer=IntentAnswer, errors=(404,), example=EXAMPLE)
    def get(self, key: Key, caller: Caller) -> Document:
        """One intent."""
        found = _one(key, caller)
        return found | {"_id": str(found["_id"]), "id": str(found["_id"])}

    @operation(Need.OPERATE, status=204, errors=(404,))
    def delete(self, key: Key, caller: Caller) -> None:
        """Remove an intent."""
        found = _one(key, caller)
        must_edit(caller, str(found["environment"]))
        IntentStore().remove(found)


def _one(key: str, caller: Caller) -> Document:
    try:
        found: Document | None = IntentStore().by_key(key)
    except NotFound:
        found = None
    return caller.check_seen(found, f"intent {key}")
