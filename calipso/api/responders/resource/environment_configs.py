"""`/environment_configs`: the clouds and how to reach them. Secrets are never returned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from flask import g
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
from calipso.api.file_paths import check_paths
from calipso.api.operation import Need, listing, operation
from calipso.api.paging import PageQuery, chosen, page
from calipso.api.replies import Page, Reply
from calipso.api.stored_secrets import keep_secrets, refuse_masks
from calipso.api.words import check_storable
from calipso.errors import ConfigError, Forbidden, InstallationError, MetadataError
from calipso.model.environment import Environment, environment_error
from calipso.probe.supported import support_problems
from calipso.secrets.box import masked
from calipso.stores.config.environment_store import STATUS_FIELDS, EnvironmentStore, checked

ns = Namespace("environment_configs", description="Environments.", path="/environment_configs")

ROOT = "/api/v1/environment_configs"

PATCH_HINT = "Give the secrets, or use PATCH, which keeps those of a section it is not given."


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
    with naming_fields():
        environment = checked(document)
        if problems := support_problems(environment):
            raise environment_error(environment.name, problems)
    return environment


@contextmanager
def naming_fields() -> Iterator[None]:
    """Errors of a document as NotAccepted; errors of this installation stay as they are."""
    try:
        yield
    except (InstallationError, MetadataError):
        raise
    except ConfigError as error:
        raise NotAccepted(error) from None


def check_sections(sections: Iterable[Mapping[str, Any]]) -> None:
    """Raises ConfigError for what the store cannot take: fields of sections are free."""
    for section in sections:
        try:
            check_storable(section)
        except ValueError as error:
            raise ConfigError(f"configuration: section {section['name']}: {error}") from None


def document_of(body: EnvironmentBody) -> dict[str, Any]:
    """What was given, without what Calipso sets. Raises ConfigError for masks as secrets."""
    given = body.model_dump(by_alias=True, exclude_unset=True)
    document = {name: value for name, value in given.items() if name not in STATUS_FIELDS}
    refuse_masks(document, PATCH_HINT)
    return {name: value for name, value in document.items() if value is not None}


def shown_environment(document: dict[str, Any]) -> dict[str, Any]:
    """As it is answered: the name is the id, secrets are masked."""
    found = {key: value for key, value in masked(document).items() if key not in ("_id", "id")}
    return found | ({"id": found["name"]} if "name" in found else {})


def may_add(caller: Caller, name: str) -> None:
    """Raises Forbidden for a caller who may not add an environment of this name."""
    g.environment = name  # for the audit
    if not caller.edits(""):  # true for admins and for `edit` on all environments
        raise Forbidden(
            f"{caller.name} may not add environments",
            hint="An admin may, and operators with `edit` on all environments (`*`).",
        )


@ns.route("")
class EnvironmentConfigs(Resource):  # type: ignore[misc]
    """All environments."""

    @listing(EnvironmentAnswer, EnvironmentQuery, EXAMPLE)
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
        fields = [*query.fields, "name"] if query.fields else []  # the id is made of the name
        asked = query.model_copy(update={"fields": fields})
        found = page(EnvironmentStore().collection, wanted, asked, order=("name",))
        found.items = chosen(map(shown_environment, found.items), query.fields)
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

        For admins, and operators with `edit` on all environments; paths of files are set by admins.
        """
        may_add(caller, body.name)
        document = document_of(body)
        check_paths(caller, document["configuration"])
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
        """Replace an environment; its name stays. Only an admin changes paths of files."""
        caller.may_edit(name)
        if body.name != name:
            raise ConfigError(f"environment {name}: its name cannot be changed", hint="Add anew.")
        document, store = document_of(body), EnvironmentStore()
        check_paths(caller, document["configuration"], store.get(name))
        store.add(environment_of(document), replace=True)
        return shown_environment(store.masked(name))

    @operation(
        Need.OPERATE,
        answer=EnvironmentAnswer,
        body=EnvironmentPatch,
        errors=(404, 409, 422),
        example=EXAMPLE,
    )
    def patch(self, name: str, caller: Caller, body: EnvironmentPatch) -> dict[str, Any]:
        """Change some of it; secrets that are not given, or given masked, stay.

        Null takes a field away. A section that changes where a secret is sent must give the secret
        again (otherwise 422). Only admins set paths of files.
        """
        caller.may_edit(name)
        given = body.model_dump(by_alias=True, exclude_unset=True)
        sections = given.get("configuration", [])
        check_sections(sections)

        def changes(stored: Environment) -> dict[str, Any]:
            check_paths(caller, sections, stored)
            return given | {"configuration": keep_secrets(stored, sections)}

        store = EnvironmentStore()
        store.update(name, changes, check=environment_of)
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


@ns.route("/<string:name>/configuration/<string:section>")
class EnvironmentSection(Resource):  # type: ignore[misc]
    """One section of an environment."""

    @operation(Need.OPERATE, answer=EnvironmentAnswer, errors=(404, 409, 422), example=EXAMPLE)
    def delete(self, name: str, section: str, caller: Caller) -> dict[str, Any]:
        """Remove a section; 422 for one that the environment needs."""
        store = EnvironmentStore()
        store.remove_section(caller.may_edit(name), section, check=environment_of)
        return shown_environment(store.masked(name))
