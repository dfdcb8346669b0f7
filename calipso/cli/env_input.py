"""Input of `calipso env add`: a file, a cloud of clouds.yaml or OS_*, options, prompts.

Passwords come from a file, a variable or a prompt, never from an argument: everybody on the machine
can see arguments, and the shell's history keeps them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer
import yaml

from calipso.cli.passwords import on_terminal, read_password
from calipso.errors import ConfigError
from calipso.model.documents import Document

#: Section -> variable with its password, and option with the file that holds it.
PASSWORDS = {
    "OpenStack": ("CALIPSO_API_PASSWORD", "--api-password-file"),
    "mysql": ("CALIPSO_DB_PASSWORD", "--db-password-file"),
    "CLI": ("CALIPSO_SSH_PASSWORD", "--ssh-password-file"),
}
#: Field with the secret of an OpenStack login, by `auth_type`; every other login uses `pwd`.
SECRETS = {"v3token": "token", "v3applicationcredential": "application_credential_secret"}
#: Required fields of a section, and the questions for them.
QUESTIONS = {
    "OpenStack": {"host": "Keystone address", "user": "OpenStack user"},
    "mysql": {"host": "MySQL server of the controllers", "user": "MySQL user"},
    "CLI": {"host": "SSH gateway (a controller)", "user": "SSH user"},
}


@dataclass
class Told:
    """All input of the command line."""

    name: str | None = None
    file: Path | None = None
    os_cloud: str | None = None
    region: str = ""
    fields: Document = field(default_factory=dict)
    sections: dict[str, Document] = field(default_factory=dict)
    password_file: Path | None = None
    password_files: dict[str, Path | None] = field(default_factory=dict)


def documents(told: Told) -> Iterator[Document]:
    """Return the documents to add; a file with a list gives several."""
    if told.file is None:
        yield _completed(_from_cloud(told), told)
        return
    found = read_documents(told.file)
    if told.name and len(found) > 1:
        found = [document for document in found if document.get("name") == told.name]
    if not found:
        raise ConfigError(f"{told.file}: the file has no environment {told.name}")
    for document in found:
        yield _completed(document, told)


def read_documents(path: Path) -> list[Document]:
    """Return the documents of a JSON or YAML file with one document or a list.

    Raises ConfigError.
    """
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except OSError as error:
        hint = "Name a file with the document of an environment, in JSON or YAML."
        raise ConfigError(f"{path}: {error.strerror}", hint=hint) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not a text file") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{path}: not valid YAML{where}") from None
    except json.JSONDecodeError as error:
        raise ConfigError(f"{path}: not valid JSON in line {error.lineno}: {error.msg}") from None
    items = content if isinstance(content, list) else [content]
    if not items or not all(isinstance(item, dict) for item in items):
        raise ConfigError(
            f"{path}: expected an environment, or a list of them", hint="See docs/environments.md."
        )
    return items


def _from_cloud(told: Told) -> Document:
    """Return a document with the OpenStack section of the chosen cloud, unless options give one."""
    given = told.sections.get("OpenStack", {})
    if told.os_cloud is None and (given.get("host") or given.get("auth_url")):
        return {"name": told.name, "configuration": []}
    if told.os_cloud is None and told.name is None and not os.environ.get("OS_CLOUD"):
        raise ConfigError(
            "the address of the cloud is missing",
            hint="Give --file FILE, --os-cloud NAME, or a name with --api-host or --auth-url.",
        )
    from calipso.sources.api.clouds import (
        load_clouds,
    )  # this import is too slow for --help

    clouds = load_clouds()
    name = clouds.choose(told.os_cloud)
    return {"name": told.name or name, "configuration": [clouds.section(name, told.region)]}


def _completed(document: Document, told: Told) -> Document:
    document = document | told.fields
    if told.name:
        document["name"] = told.name
    given = document.get("configuration")
    if told.file is not None and not isinstance(given, list):
        return document  # the check of the document reports the fault
    sections = [dict(item) if isinstance(item, dict) else item for item in given or []]
    for name, fields in told.sections.items():
        _section(sections, name).update(fields)
    if document.get("environment_type", "OpenStack") == "OpenStack":
        for name in QUESTIONS:
            _ask(sections, name, told)
    return document | {"configuration": sections}


def _section(sections: list[Any], name: str) -> Document:
    for section in sections:
        if isinstance(section, dict) and section.get("name") == name:
            return section
    sections.append({"name": name})
    section = sections[-1]
    return dict(section) if not isinstance(section, dict) else section


def _ask(sections: list[Any], name: str, told: Told) -> None:
    """Ask for missing values of a section. Without a terminal, a later check names them."""
    listed = any(isinstance(item, dict) and item.get("name") == name for item in sections)
    if not listed and told.file is not None:
        return
    if not listed and not on_terminal():
        return
    section = _section(sections, name)
    if on_terminal():
        api = str(_section(sections, "OpenStack").get("host") or "")
        for key, question in QUESTIONS[name].items():
            if not section.get(key) and not _needless(key, section):
                default = api or None if key == "host" else None
                section[key] = typer.prompt(question, default=default, err=True)
    secret = SECRETS.get(str(section.get("auth_type")), "pwd")
    if secret not in section and not section.get("key"):
        password = _password(name, section, told)
        if password is not None:
            section[secret] = password


def _needless(key: str, section: Document) -> bool:
    """True for a field that this section does not need."""
    if key == "host":
        return bool(section.get("auth_url"))
    return key == "user" and bool(section.get("user_id") or section.get("auth_type") in SECRETS)


def _password(name: str, section: Document, told: Told) -> str | None:
    variable, option = PASSWORDS[name]
    path = told.password_files.get(name) or told.password_file
    if path is not None:
        return read_password(path)
    if variable in os.environ:
        return os.environ[variable]
    if on_terminal():
        what = "Secret" if section.get("auth_type") in SECRETS else "Password"
        prompt = f"{what} of {section.get('user') or 'the login'} for {name}"
        return str(typer.prompt(prompt, hide_input=True, err=True, default="", show_default=False))
    if name == "CLI":
        return None  # the check of the section requires pwd or key
    raise ConfigError(
        f"no password for {name}",
        hint=f"Give {option} FILE, set {variable}, put pwd into the file, or run on a terminal.",
    )
