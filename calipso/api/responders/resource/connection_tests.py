"""`/connection_tests`: do the accounts of an environment work? Workers find out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from flask_restx import Namespace, Resource
from pydantic import BaseModel, Field

from calipso import dispatch
from calipso.api.auth.caller import Caller
from calipso.api.environment_models import EnvironmentBody, SectionBody
from calipso.api.file_paths import check_paths
from calipso.api.operation import Need, listing, operation
from calipso.api.paging import PageQuery, page
from calipso.api.replies import Page, Reply, shown
from calipso.api.responders.resource.environment_configs import (
    check_sections,
    document_of,
    environment_of,
    may_add,
    naming_fields,
)
from calipso.api.rights import must_edit
from calipso.api.schemas import Answer, Body
from calipso.api.stored_secrets import refuse_masks
from calipso.api.words import Text, UtcTime
from calipso.errors import ConfigError, Conflict, StoreError
from calipso.model.environment import Environment
from calipso.probe.connection_test import environment_of_test, jobs_of
from calipso.secrets.box import masked
from calipso.stores.config.connection_tests import ConnectionTestStore, results_of
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.mongo.encoding import decode
from calipso.stores.scans.listening import require_workers

ns = Namespace("connection_tests", description="Tests of accounts.", path="/connection_tests")

ROOT = "/api/v1/connection_tests"
Target = Literal["AMQP", "CLI", "ACI", "OVN", "mysql", "OpenStack", "Monitoring"]

#: Fields that only workers use.
INTERNAL = ("jobs", "reports")

EXAMPLE = {
    "id": "6563a1f0c2d4e8b1a2c3d4e9",
    "environment": "prod",
    "status": "response",
    "test_targets": ["mysql"],
    "test_results": {"mysql": False},
    "results": {
        "mysql": {
            "ok": False,
            "seconds": 0.021,
            "steps": [
                {
                    "name": "DB login",
                    "ok": False,
                    "seconds": 0.021,
                    "message": "192.0.2.11:3306: access denied for calipso",
                    "hint": "Check user and pwd of the mysql section.",
                }
            ],
        }
    },
    "submit_timestamp": "2026-05-04T03:00:00Z",
    "response_timestamp": "2026-05-04T03:00:00.078000Z",
    "response_time": "78ms",
    "last_response_message": "failed: mysql",
}
CREATED = {
    "id": EXAMPLE["id"],
    "message": "Created a new connection test for environment prod",
}


class ConnectionTestQuery(PageQuery):
    """Filters of the list of connection tests."""

    env_name: str | None = Field(default=None, description="Of this environment.")
    id: str | None = Field(default=None, description="The one with this id.")
    status: Literal["request", "response"] | None = Field(
        default=None, description="Still running, or ended."
    )
    test_targets: list[Target] = Field(default=[], description="Tests of all these targets.")
    test_results: bool | None = Field(
        default=None, description="Tests in which a target (of `test_targets`) ended like this."
    )


class StepAnswer(Answer):
    """One thing that was tried."""

    name: str
    ok: bool
    seconds: float
    message: str
    hint: str = Field(description="What to do about it.")


class TargetAnswer(BaseModel):
    """The result of a target."""

    ok: bool
    seconds: float
    steps: list[StepAnswer]


class ConnectionTestAnswer(Answer):
    """A connection test."""

    id: str = ""
    environment: str = ""
    status: str = Field(default="", description="`request` while it runs, then `response`.")
    test_targets: list[str] = Field(default=[])
    test_results: dict[str, bool] = Field(default={}, description="By target.")
    results: dict[str, TargetAnswer] = Field(default={}, description="By target, step by step.")
    submit_timestamp: UtcTime | None = None
    response_timestamp: UtcTime | None = None
    response_time: str = ""
    last_response_message: str = ""


class ConnectionTestBody(
    Body,
    json_schema_extra={"examples": [{"environment": "prod", "test_targets": ["mysql", "CLI"]}]},
):
    """What to test."""

    environment: Text = Field(description="Environment to test.", examples=["prod"])
    test_targets: list[Target] = Field(
        min_length=1, max_length=7, description="Sections to test.", examples=[["mysql", "CLI"]]
    )
    targets_configuration: Annotated[list[SectionBody], Field(max_length=10)] = Field(
        default=[], description="Whole sections to test with instead of the stored ones."
    )
    environment_config: EnvironmentBody | None = Field(
        default=None,
        description="A whole environment, to test before it is stored; for callers who may add it.",
    )
    status: Literal["request"] = Field(
        default="request", description="As the original's documentation has it."
    )


class ConnectionTestCreated(Answer):
    """The test that was queued."""

    id: str
    message: str


def shown_test(document: dict[str, Any]) -> dict[str, Any]:
    """A test as it is sent: the results so far, secrets masked."""
    found: dict[str, Any] = masked(shown(document))
    if "jobs" in found:
        found["results"] = results_of(found)
    return {name: value for name, value in found.items() if name not in INTERNAL}


@dataclass(frozen=True)
class Tested:
    """What is to be tested."""

    environment: Environment
    sections: list[dict[str, Any]]
    document: dict[str, Any] | None = None  # the rest of an environment that is not stored


def tested(caller: Caller, body: ConnectionTestBody) -> Tested:
    """The environment with the given sections; it has one for each target.

    Raises NotAccepted, ConfigError, Forbidden.
    """
    found = _not_stored(caller, body) if body.environment_config else _stored(caller, body)
    known = {section.name for section in found.environment.configuration}
    missing = [target for target in body.test_targets if target not in known]
    if missing:
        raise ConfigError(
            f"environment {body.environment}: no section {', '.join(missing)} to test",
            hint="Give it in targets_configuration.",
        )
    return found


def _stored(caller: Caller, body: ConnectionTestBody) -> Tested:
    name = caller.may_edit(body.environment)
    sections = [section.model_dump() for section in body.targets_configuration]
    check_sections(sections)
    refuse_masks(sections, "Give the secrets, or leave the section out: the stored one is tested.")
    if sections:
        check_paths(caller, sections, EnvironmentStore().get(name))
    with naming_fields():
        return Tested(environment_of_test(name, sections), sections)


def _not_stored(caller: Caller, body: ConnectionTestBody) -> Tested:
    config = body.environment_config
    if config is None or config.name != body.environment or body.targets_configuration:
        raise ConfigError(
            "environment_config is of another environment, or beside targets_configuration",
            hint="Give one of the two; `environment` is the name in environment_config.",
        )
    may_add(caller, config.name)
    if config.name in EnvironmentStore().names():
        raise Conflict(
            f"environment {config.name} is stored", hint="Give sections in targets_configuration."
        )
    document = document_of(config)
    check_paths(caller, document["configuration"])
    environment = environment_of(document)
    return Tested(environment, document.pop("configuration"), document)


@ns.route("")
class ConnectionTests(Resource):  # type: ignore[misc]
    """All connection tests."""

    @listing(ConnectionTestAnswer, ConnectionTestQuery, EXAMPLE, errors=(404,))
    def get(self, caller: Caller, query: ConnectionTestQuery) -> Page:
        """Connection tests, newest first."""
        store = ConnectionTestStore()
        store.end_late()
        wanted: dict[str, Any] = caller.environments(query.env_name)
        if query.id is not None:
            wanted["_id"] = query.id
        if query.status is not None:
            wanted["status"] = query.status
        if query.test_targets:
            wanted["test_targets"] = {"$all": query.test_targets}
        if query.test_results is not None:
            named = query.test_targets or list(get_args(Target))
            wanted["$or"] = [{f"test_results.{name}": query.test_results} for name in named]
        newest = query if query.sort else query.model_copy(update={"sort": ["-submit_timestamp"]})
        hidden = ("targets_configuration", "results", *INTERNAL)
        return page(store.tests, wanted, newest, order=("submit_timestamp",), hidden=hidden)

    @operation(
        Need.OPERATE,
        answer=ConnectionTestCreated,
        body=ConnectionTestBody,
        status=202,
        errors=(404, 409, 422),
        example=CREATED,
    )
    def post(self, caller: Caller, body: ConnectionTestBody) -> Reply:
        """Test targets of an environment; `Location` is where the result will be.

        Each target is tested by a worker that reaches it, with the steps of `calipso env test`.
        503 when no worker listens. Secrets given here are encrypted and forgotten at the end;
        paths of files are set by admins.
        """
        asked = tested(caller, body)
        environment, store = asked.environment.name, ConnectionTestStore()
        jobs = jobs_of(asked.environment, body.test_targets)
        queues = [queue for _, queue in jobs]
        what = f"a connection test of environment {environment}"
        require_workers(dict.fromkeys(queues), what)
        test_id = store.create(environment, jobs, asked.sections, asked.document)
        try:
            dispatch.send_connection_test(test_id, queues)
        except StoreError as error:
            store.fail(test_id, error.message)
            raise
        message = f"Created a new connection test for environment {environment}"
        answer = {"id": test_id, "message": message}
        return Reply(answer, 202, {"Location": f"{ROOT}/{test_id}"})


@ns.route("/<string:key>")
class ConnectionTest(Resource):  # type: ignore[misc]
    """One connection test."""

    @operation(Need.LOGIN, answer=ConnectionTestAnswer, errors=(404,), example=EXAMPLE)
    def get(self, key: str, caller: Caller) -> dict[str, Any]:
        """One connection test, step by step."""
        store = ConnectionTestStore()
        store.end_late()
        found = caller.check_seen(store.tests.find_one({"_id": key}), f"connection test {key}")
        return shown_test(decode(found))

    @operation(Need.OPERATE, status=204, errors=(404,))
    def delete(self, key: str, caller: Caller) -> Reply:
        """Delete a connection test; workers that run it are not stopped."""
        tests = ConnectionTestStore().tests
        found = caller.check_seen(tests.find_one({"_id": key}), f"connection test {key}")
        must_edit(caller, found["environment"])
        tests.delete_one({"_id": key})
        return Reply(status=204)
