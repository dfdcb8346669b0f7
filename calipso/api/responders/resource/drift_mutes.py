"""`/drift/mutes`: findings that nobody wants to hear of for a while."""

from __future__ import annotations

from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.analysis.drift_rules import load_drift_rules
from calipso.api.auth.caller import Caller
from calipso.api.definitions import created
from calipso.api.errors import BadRequest, Detail
from calipso.api.operation import Need, listing, operation
from calipso.api.paging import PageQuery, page_of
from calipso.api.reading import EXAMPLE_KEY, seen_names
from calipso.api.replies import Page, Reply
from calipso.api.rights import must_edit
from calipso.api.schemas import Answer, Body, BodyTime, Key
from calipso.api.words import EnvironmentName, Text, UtcTime
from calipso.errors import ConfigError, NotFound
from calipso.stores.config.mute_store import NAMED, MuteStore
from calipso.utils.metadata_parser import nearest

ns = Namespace("drift_mutes", description="Muted findings of drift.", path="/drift/mutes")

ROOT = "/api/v1/drift/mutes"

EXAMPLE_BODY = {
    "environment": "prod",
    "rule": "mtu_below_network",
    "host": "compute-1",
    "reason": "CHG-17 replaces the switch",
    "until": "2026-05-11T00:00:00Z",
}
EXAMPLE = EXAMPLE_BODY | {
    "_id": EXAMPLE_KEY,
    "type": "",
    "id": EXAMPLE_KEY,
    "object_id": "",
    "by": "anna",
    "created": "2026-05-04T03:00:00Z",
}


class MuteQuery(PageQuery):
    """Filters of the list of mutes."""

    env_name: EnvironmentName | None = Field(
        default=None, description="Of this environment; default: of all you may view."
    )


class MuteBody(Body, json_schema_extra={"examples": [EXAMPLE_BODY]}):
    """A mute: it names a rule, an object or a host, alone or together."""

    environment: EnvironmentName
    rule: Text | None = Field(default=None, description="Findings of this rule.")
    type: Text | None = Field(default=None, description="With `id`: type of the object.")
    id: Text | None = Field(default=None, description="Findings of the object with this id.")
    host: Text | None = Field(default=None, description="Findings on this host.")
    reason: Text = Field(description="Why; everybody sees it.")
    until: BodyTime = Field(description="The end.")


class MuteAnswer(Answer):
    """A mute."""

    environment: str = ""
    rule: str = ""
    type: str = ""
    object_id: str = Field(default="", description="Id of the object.")
    host: str = ""
    reason: str = ""
    until: UtcTime | None = None
    by: str = Field(default="", description="Who muted it.")
    created: UtcTime | None = None


class CreatedAnswer(Answer):
    """What was made."""

    id: str
    message: str


@ns.route("")
class Mutes(Resource):  # type: ignore[misc]
    """The list."""

    @listing(MuteAnswer, MuteQuery, EXAMPLE, errors=(404,))
    def get(self, caller: Caller, query: MuteQuery) -> Page:
        """Mutes that are in force."""
        names = [caller.may_view(query.env_name)] if query.env_name else seen_names(caller)
        found = [item | {"object_id": item.pop("id")} for item in MuteStore().of(names)]
        return page_of(found, query, order=("environment", "until"))

    @operation(
        Need.OPERATE,
        answer=CreatedAnswer,
        body=MuteBody,
        status=201,
        errors=(404, 422),
        example={"id": EXAMPLE_KEY, "message": "created a new mute"},
    )
    def post(self, caller: Caller, body: MuteBody) -> Reply:
        """Mute findings until a time."""
        environment = caller.may_edit(body.environment)
        rules = load_drift_rules()
        if body.rule is not None and body.rule not in rules:
            problem = Detail("rule", f"no rule {body.rule}{nearest(body.rule, rules)}")
            raise BadRequest("wrong in the body: rule", details=[problem])
        named = body.model_dump(include=set(NAMED), exclude_none=True)
        if not named:
            raise ConfigError("a mute names a rule, an object or a host", hint="Say which.")
        made = MuteStore().add(environment, named, body.reason, body.until, caller.name)
        return created(ROOT, made["_id"], "mute")


@ns.route("/<string:key>")
class Mute(Resource):  # type: ignore[misc]
    """One of them."""

    @operation(Need.OPERATE, status=204, errors=(404,))
    def delete(self, key: Key, caller: Caller) -> None:
        """End a mute now."""
        store = MuteStore()
        try:
            mute = store.get(key)
        except NotFound:
            mute = {}
        found = caller.check_seen(mute or None, f"mute {key}")
        must_edit(caller, str(found["environment"]))
        store.remove(key)
