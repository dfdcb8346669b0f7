"""`calipso env set`: single fields of an environment, without its whole document."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from calipso.cli import env_options as given
from calipso.cli.env_input import SECRETS
from calipso.cli.output import say
from calipso.cli.passwords import read_password
from calipso.errors import ConfigError
from calipso.model.documents import Document
from calipso.model.environment import SECTIONS, Environment, is_secret_key
from calipso.stores.config.environment_store import STATUS_FIELDS, EnvironmentStore
from calipso.stores.people.audit_store import AuditStore
from calipso.utils.metadata_parser import nearest

#: Fields that are lists; commas separate their values.
LISTS = frozenset({"mechanism_drivers"})
#: Fields that say what the document is.
FIXED = frozenset({"name", "type", "document_type", "configuration"})


def set_fields(
    name: Annotated[str, typer.Argument(help="Name of the environment.")],
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
            key = SECRETS.get(str(own.get(section, {}).get("auth_type")), "pwd")
            sections.setdefault(section, {})[key] = password
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
        path, equals, value = text.partition("=")
        section, dot, key = path.strip().rpartition(".")
        if not equals or not key:
            raise ConfigError(
                f"{text}: expected FIELD=VALUE or SECTION.FIELD=VALUE",
                hint="calipso env show NAME shows the fields.",
            )
        _check(path.strip(), section, key)
        place = sections.setdefault(section, {}) if dot else changes
        place[key] = _value(key, value.strip())
    return changes, sections


def _check(path: str, section: str, key: str) -> None:
    if is_secret_key(key):
        raise ConfigError(
            f"{path}: a password must not be an argument, because others can see it",
            hint="Use --api-password-file, --db-password-file or --ssh-password-file.",
        )
    if section and section not in SECTIONS:
        known = ", ".join(SECTIONS)
        raise ConfigError(
            f"{path}: no section {section}{nearest(section, SECTIONS)}", hint=f"There are: {known}."
        )
    if section and key != "name":
        names = [field.alias or name for name, field in SECTIONS[section].model_fields.items()]
        _known(path, key, names)
    else:
        names = [name for name in Environment.model_fields if name not in FIXED | STATUS_FIELDS]
        _known(path, key, names)


def _known(path: str, key: str, names: list[str]) -> None:
    if key not in names:
        hint = f"There are: {', '.join(sorted(names))}."
        raise ConfigError(f"{path}: no field {key}{nearest(key, names)}", hint=hint)


def _value(key: str, text: str) -> Any:
    if not text:
        return None
    if key in LISTS:
        return [word.strip() for word in text.split(",") if word.strip()]
    return text
