"""`/environment_configs`: the clouds and how to reach them. Secrets go in and never come out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from flask_restx import Namespace, Resource

from calipso.api.auth.caller import Caller
from calipso.api.environment_models import (
    EXAMPLE,
    EnvironmentAnswer,
    EnvironmentBody,
    EnvironmentPatch,
    EnvironmentQuery,
    RemovedAnswer,
    RemoveQuery,
)
from calipso.api.errors import Detail
from calipso.api.operation import Need, operation
from calipso.api.paging import PageQuery, page
from calipso.api.replies import Page, Reply
from calipso.api.stored_secrets import keep_secrets, refuse_masks
from calipso.api.words import check_storable
from calipso.discover.supported import support_problems
from calipso.errors import ConfigError, Forbidden
from calipso.model.environment import Environment, environment_error
from calipso.utils.environment_store import STATUS_FIELDS, EnvironmentStore, checked
from calipso.utils.secrets import masked

ns = Namespace("environment_configs", description="Environments.", path="/environment_configs")

ROOT = "/api/v1/environment_configs"


class NotAccepted(ConfigError):
    """An environment that cannot be stored; `details` names each wrong field."""

    def __init__(self, error: ConfigError) -> None:
        super().__init__(error.message, hint=error.hint)
        self.details = [_detail(line) for line in error.message.splitlines()]


def _detail(line: str) -> Detail:
    """`environment prod: configuration[0].port: not a number` as field and message."""
    text = line.partition(": ")[2] or line
    field, found, message = text.partition(": ")
    return Detail(field, message) if found and " " not in field else Detail("", text)


def environment_of(document: dict[str, Any]) -> Environment:
    """The environment of a body, checked in full. Raises NotAccepted."""
    check_sections(document.get("configuration", ()))
    try:
        environment = checked(document)
        if problems := support_problems(environment):
            raise environment_error(environment.name, problems)
    except ConfigError as error:
        raise NotAccepted(error) from None
    return environment


def check_sections(sections: Iterable[Mapping[str, Any]]) -> None:
    """Raises ConfigError for what the store cannot take: fields of sections are free."""
    for section in sections:
        try:
            check_storable(section)
        except ValueError as error:
            raise ConfigError(f"configuration: section {section['name']}: {error}") from None


def document_of(body: EnvironmentBody) -> dict[str, Any]:
    """What was given, without what Calipso sets; a mask stands for no secret."""
    given = body.model_dump(by_alias=True, exclude_unset=True)
    document = {name: value for name, value in given.items() if name not in STATUS_FIELDS}
    return {name: value for name, value in document.items() if value is not None}


def shown_environment(document: dict[str, Any]) -> dict[str, Any]:
    """As it is answered: the name is the id, secrets are masked."""
    found = {key: value for key, value in masked(document).items() if key not in ("_id", "id")}
    return found | ({"id": found["name"]} if "name" in found else {})


def _may_add(caller: Caller) -> None:
    if not caller.edits(""):  # true for admins and for `edit` on all environments
        raise Forbidden(
            f"{caller.name} may not add environments",
            hint="An admin may, and operators with `edit` on all environments (`*`).",
        )


@ns.route("")
class EnvironmentConfigs(Resource):  # type: ignore[misc]
    """All environments."""

    @operation(
        Need.LOGIN,
        page_of=EnvironmentAnswer,
        query=EnvironmentQuery,
        example={"items": [EXAMPLE], "next": None},
    )
    def get(self, caller: Caller, query: EnvironmentQuery) -> Page:
        """The environments you may view, by name."""
        visible = caller.environments()
        conditions: list[dict[str, Any]] = [{"name": visible["environment"]}] if visible else [{}]
        same = query.model_dump(
            exclude={*PageQuery.model_fields, "id", "mechanism_drivers"}, exclude_none=True
        )
        conditions += [{name: value} for name, value in same.items()]
        if query.id is not None:
            conditions.append({"name": query.id})
        if query.mechanism_drivers:
            conditions.append({"mechanism_drivers": {"$all": query.mechanism_drivers}})
        wanted = {"$and": conditions}
        found = page(EnvironmentStore().collection, wanted, query, order=("name",))
        found.items = [shown_environment(item) for item in found.items]
        return found

    @operation(
        Need.OPERATE,
        answer=EnvironmentAnswer,
        body=EnvironmentBody,
        status=201,
        errors=(409, 422),
        example=EXAMPLE,
    )
    def post(self, caller: Caller, body: EnvironmentBody) -> Reply:
        """Add an environment; `Location` names it. Its secrets are encrypted before it is stored.

        For admins, and operators with `edit` on all environments.
        """
        _may_add(caller)
        document = document_of(body)
        refuse_masks(document)
        environment = EnvironmentStore().add(environment_of(document))
        stored = EnvironmentStore().masked(environment.name)
        where = {"Location": f"{ROOT}/{quote(environment.name)}"}
        return Reply(shown_environment(stored), 201, where)


@ns.route("/<string:name>")
class EnvironmentConfig(Resource):  # type: ignore[misc]
    """One environment."""

    @operation(Need.LOGIN, answer=EnvironmentAnswer, errors=(404,), example=EXAMPLE)
    def get(self, name: str, caller: Caller) -> dict[str, Any]:
        """One environment with all its fields; secrets are masked."""
        return shown_environment(EnvironmentStore().masked(caller.may_view(name)))

    @operation(
        Need.OPERATE,
        answer=EnvironmentAnswer,
        body=EnvironmentBody,
        errors=(404, 409, 422),
        example=EXAMPLE,
    )
    def put(self, name: str, caller: Caller, body: EnvironmentBody) -> dict[str, Any]:
        """Replace an environment; its name stays."""
        caller.may_edit(name)
        if body.name != name:
            raise ConfigError(f"environment {name}: its name cannot be changed", hint="Add anew.")
        document = document_of(body)
        refuse_masks(document)
        EnvironmentStore().add(environment_of(document), replace=True)
        return shown_environment(EnvironmentStore().masked(name))

    @operation(
        Need.OPERATE,
        answer=EnvironmentAnswer,
        body=EnvironmentPatch,
        errors=(404, 409, 422),
        example=EXAMPLE,
    )
    def patch(self, name: str, caller: Caller, body: EnvironmentPatch) -> dict[str, Any]:
        """Change some of it; secrets that are not given, or given masked, stay.

        A section that changes where a secret is sent must give the secret again (422 else).
        """
        caller.may_edit(name)
        changes = body.model_dump(by_alias=True, exclude_none=True, exclude_unset=True)
        store = EnvironmentStore()
        keep_secrets(store.get(name), changes.get("configuration", ()))
        try:
            store.update(name, changes, check=environment_of)
        except NotAccepted:
            raise
        except ConfigError as error:
            raise NotAccepted(error) from None
        return shown_environment(store.masked(name))

    @operation(
        Need.OPERATE,
        answer=RemovedAnswer,
        query=RemoveQuery,
        errors=(404, 409),
        example={"name": "prod", "removed": {"inventory": 5210, "links": 9120}},
    )
    def delete(self, name: str, caller: Caller, query: RemoveQuery) -> dict[str, Any]:
        """Remove an environment; 409 while a scan of it has not ended."""
        removed = EnvironmentStore().remove(caller.may_edit(name), with_data=query.with_data)
        return {"name": name, "removed": removed}
