"""`calipso env set`: single fields of an environment, without its whole document."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from calipso.cli import env_options as given
from calipso.cli.assignments import Assignment, parse_assignment
from calipso.cli.env_input import SECRETS
from calipso.cli.output import say
from calipso.cli.passwords import read_password
from calipso.cli.selecting import EnvironmentName
from calipso.errors import ConfigError
from calipso.model.documents import Document
from calipso.model.environment import SECTIONS, Environment
from calipso.stores.config.environment_store import STATUS_FIELDS, EnvironmentStore
from calipso.stores.people.audit_store import AuditStore
from calipso.utils.metadata_parser import nearest

#: Fields that are lists; commas separate their values.
LISTS = frozenset({"mechanism_drivers"})
#: Fields that say what the document is.
FIXED = frozenset({"name", "type", "document_type", "configuration"})


def set_fields(
    name: EnvironmentName,
    fields: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FIELD=VALUE",
            help="Such as CLI.sudo=false. Without a value, the field gets its default.",
        ),
    ] = None,
    api_password_file: given.ApiPassword = None,
    db_password_file: given.DbPassword = None,
    ssh_password_file: given.SshPassword = None,
) -> None:
    """Change single fields of an environment; all others stay as they are.

    A field of a section is SECTION.FIELD. Nothing is stored when one of them is wrong.

    Example: calipso env set prod mechanism_drivers=OVS,LXB OpenStack.region=RegionOne
    """
    store = EnvironmentStore()
    store.masked(name)  # NotFound before anything else
    changes, sections = _told(fields or [])
    files = {"OpenStack": api_password_file, "mysql": db_password_file, "CLI": ssh_password_file}
    passwords = {section: read_password(path) for section, path in files.items() if path}
    if not (changes or sections or passwords):
        raise ConfigError("nothing to set", hint="calipso env set NAME FIELD=VALUE ...")

    def changed(stored: Environment) -> Document:
        own = {item["name"]: item for item in stored.document()["configuration"]}
        for section, password in passwords.items():
            new = sections.setdefault(section, {})
            login = (own.get(section, {}) | new).get("auth_type")
            new[SECRETS.get(str(login), "pwd")] = password
        listed = [{"name": section, **values} for section, values in sections.items()]
        return changes | ({"configuration": listed} if listed else {})

    store.update(name, changed)
    paths = sorted([*changes, *(f"{s}.{key}" for s, keys in sections.items() for key in keys)])
    AuditStore().add_command("env set", name, paths, environment=name)
    say(f"environment {name}: {', '.join(paths)} stored; to test it: calipso env test {name}")


def _told(texts: list[str]) -> tuple[Document, dict[str, Document]]:
    """Fields of the environment, and those of its sections. Raises ConfigError."""
    changes: Document = {}
    sections: dict[str, Document] = {}
    for text in texts:
        one = parse_assignment(text)
        _known(one)
        place = sections.setdefault(one.section, {}) if one.section else changes
        place[one.field] = _value(one.field, one.value.strip())
    return changes, sections


def _known(one: Assignment) -> None:
    """Raises ConfigError for a field that there is not, or that says what the document is."""
    if one.section and one.field != "name":
        fields = SECTIONS[one.section].model_fields
        names = [field.alias or name for name, field in fields.items()]
    else:
        names = [name for name in Environment.model_fields if name not in FIXED | STATUS_FIELDS]
    if one.field not in names:
        hint = f"There are: {', '.join(sorted(names))}."
        near = nearest(one.field, names)
        raise ConfigError(f"{one.path}: no field {one.field}{near}", hint=hint)


def _value(key: str, text: str) -> Any:
    if not text:
        return None
    if key in LISTS:
        return [word.strip() for word in text.split(",") if word.strip()]
    return text
