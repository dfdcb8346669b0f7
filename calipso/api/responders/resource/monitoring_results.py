"""`/monitoring/results` and one address for each format of other systems: results come in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

from flask_restx import Namespace, Resource
from pydantic import ConfigDict, Field, model_validator

from calipso.api.auth.caller import Caller
from calipso.api.auth.limit import limit_results
from calipso.api.operation import Need, operation
from calipso.api.schemas import Answer, Body, Query
from calipso.api.words import EnvironmentName, check_storable
from calipso.model.documents import Document
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from monitoring.handlers.formats import take

ns = Namespace(
    "monitoring_results", description="Results of monitoring systems.", path="/monitoring"
)

MOST = 1000


class ForQuery(Query):
    """Whose results they are."""

    env_name: EnvironmentName = Field(description="Environment that the results are of.")


class ResultBody(Body):
    """One result, in the neutral form. Give `type` and `id`, or `link`, or `name`."""

    environment: str = Field(default="", max_length=64, description="Must be that of the query.")
    name: str = Field(default="", max_length=1024, description="Name of the check: `vnic_...`.")
    type: str = Field(default="", max_length=64, description="Object type.")
    id: str = Field(default="", max_length=1024, description="Id of the object.")
    link: str = Field(default="", max_length=64, description="Key of a link.")
    status: int = Field(description="0 OK, 1 warning, 2 error, another one: unknown.")
    output: str = Field(default="", max_length=20_000, description="One line of text.")
    executed: float | str = Field(
        default="", description="When it was found: seconds since 1970, or ISO 8601; empty: now."
    )
    ttl: float | None = Field(
        default=None, gt=0, le=604_800, description="Seconds after which it is old; default: 300."
    )
    source: str = Field(default="other", max_length=32, description="Name of the system.")
    host: str = Field(default="", max_length=253)


RESULT = {
    "type": "vnic",
    "id": "compute-1-tap8a0382a0-5b",
    "status": 2,
    "output": "no packet for a minute",
    "executed": 1_777_863_612,
    "source": "probe",
}


class ResultsBody(Body, json_schema_extra={"examples": [{"results": [RESULT]}]}):
    """Results."""

    results: Annotated[list[ResultBody], Field(min_length=1, max_length=MOST)]


class AnyBody(Body):
    """A payload as the system sends it: unknown fields are left alone."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={"examples": [{"service": "vnic_x", "code": 2, "output": "gone"}]},
    )

    @model_validator(mode="after")
    def _storable(self) -> AnyBody:
        check_storable(self.model_extra or {}, -8)
        return self


class TakenAnswer(Answer):
    """What became of the results."""

    answers: list[str] = Field(
        description="Of each result or payload: `stored`, `unchanged`, `older` (a newer one is "
        "known), `unresolved` (no object, or several), `noted` (a message only), `empty`, "
        "`refused: <why>`."
    )
    counts: dict[str, int] = Field(description="How many of each.")


EXAMPLE = {"answers": ["stored", "unchanged"], "counts": {"stored": 1, "unchanged": 1}}


def taken(caller: Caller, environment: str, name: str, payloads: Sequence[Document]) -> Document:
    """Handle payloads of a format. Raises NotFound, Forbidden, TooManyRequests."""
    caller.may_edit(environment)
    limit_results(f"{caller.name}\n{environment}", len(payloads))
    answers = [
        f"refused: {one.problem}" if one.problem else one.word
        for one in take(InventoryMgr(), name, payloads, environment)
    ]
    return {
        "answers": answers,
        "counts": dict(Counter(answer.partition(":")[0] for answer in answers)),
    }


@ns.route("/results")
class Results(Resource):  # type: ignore[misc]
    """The neutral form."""

    @operation(
        Need.REPORT,
        answer=TakenAnswer,
        query=ForQuery,
        body=ResultsBody,
        errors=(404,),
        example=EXAMPLE,
    )
    def post(self, caller: Caller, query: ForQuery, body: ResultsBody) -> Document:
        """Take results of any system. The same result twice, or an older one, changes nothing."""
        items = [item.model_dump(exclude_none=True) for item in body.results]
        for item in items:
            item["executed"] = item["executed"] or None
        return taken(caller, query.env_name, "own", items)


def _payload(body: AnyBody) -> Document:
    found: dict[str, Any] = dict(body.model_extra or {})
    return found


def _resource(name: str, text: str) -> None:
    """An address for one format."""

    class Format(Resource):  # type: ignore[misc]
        """One format."""

        @operation(
            Need.REPORT,
            answer=TakenAnswer,
            query=ForQuery,
            body=AnyBody,
            errors=(404,),
            example=EXAMPLE,
        )
        def post(self, caller: Caller, query: ForQuery, body: AnyBody) -> Document:
            return taken(caller, query.env_name, name, [_payload(body)])

    Format.post.__doc__ = text
    Format.__name__ = Format.__qualname__ = "".join(part.title() for part in name.split("-"))
    ns.route(f"/{name}")(Format)


_resource("sensu-core", "Take an event of Sensu Core 1.x, as its handlers get it.")
_resource("sensu-go", "Take an event of Sensu Go, plain or wrapped.")
_resource("alertmanager", "Take a webhook of Alertmanager, version 4.")
_resource("icinga2", "Take a line of the event stream of Icinga 2.")
_resource("nagios", "Take a result of Nagios: an object of an event handler, or a line.")
