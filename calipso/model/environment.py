"""An OpenStack deployment and how to reach it: a document of `environments_config`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from calipso.errors import ConfigError
from calipso.model.openstack_section import OpenStackSection
from calipso.model.ovn_section import OvnSection
from calipso.model.queues import Queues
from calipso.model.section_base import (
    HOST,
    SECRET_KEYS,
    Port,
    Section,
    is_path_key,
    is_secret_key,
)
from calipso.model.sections import (
    SECTIONS,
    AciSection,
    AnySection,
    CliHost,
    CliSection,
    MysqlSection,
    OtherSection,
)
from calipso.model.sources import BY_SECTION
from calipso.validation_words import said

__all__ = [
    "HOST",
    "NAME",
    "OTHER_WORDS",
    "SECRET_KEYS",
    "SECTIONS",
    "AciSection",
    "CliHost",
    "CliSection",
    "Environment",
    "MysqlSection",
    "OpenStackSection",
    "OtherSection",
    "OvnSection",
    "Port",
    "Section",
    "check_environment",
    "environment_error",
    "is_path_key",
    "is_secret_key",
    "merge_document",
    "parse_environment",
]

NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9 ._-]{0,62}[A-Za-z0-9._-])?")

#: Sections an environment of this type must have.
NEEDED = {
    "OpenStack": tuple(name for name, source in BY_SECTION.items() if not source.optional),
    "Kubernetes": ("Kubernetes", "CLI"),
}

#: Fields that are stored even when they have their default.
ALWAYS_STORED = {"name", "document_type", "environment_type", "distribution"} | {
    "distribution_version",
    "mechanism_drivers",
    "type_drivers",
    "operational",
    "scanned",
    "listen",
    "enable_monitoring",
}

#: Words that people write -> the words of the model.
OTHER_WORDS = {
    "openvswitch": "OVS",
    "linuxbridge": "LXB",
    "password": "pwd",
    "username": "user",
    "project": "admin_project",
    "project_name": "admin_project",
    "region_name": "region",
    "user_domain_name": "user_domain",
    "project_domain_name": "project_domain",
    "cacert": "ca_file",
    "key_file": "key",
    "ssh_key": "key",
    "address": "host",
    "database": "schema",
    "db": "mysql",
    "ssh": "CLI",
}

S = TypeVar("S", bound=Section)


class Environment(BaseModel):
    """One OpenStack deployment, as stored in `environments_config` with secrets decrypted."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True, hide_input_in_errors=True)

    name: str
    document_type: Literal["environment"] = Field(default="environment", alias="type")
    environment_type: Literal["OpenStack", "Kubernetes", "VMware", "Bare-metal"] = "OpenStack"
    distribution: str = ""
    distribution_version: str = ""
    mechanism_drivers: list[str] = Field(default_factory=lambda: ["OVS"], min_length=1)
    type_drivers: str = "vxlan"
    configuration: list[AnySection] = Field(default_factory=list)
    scanned: bool = False
    last_scanned: datetime | str | None = None
    operational: Literal["stopped", "running", "error"] = "stopped"
    listen: bool = False
    event_listener: str = ""
    enable_monitoring: bool = False
    monitoring_setup_done: bool = False
    #: seconds between two checks of a host, and peers that each tunnel endpoint pings in a round
    monitoring_interval: int = Field(default=60, ge=15, le=86_400)
    monitoring_pings: int = Field(default=8, ge=0, le=64)
    aci_enabled: bool = False
    app_path: str = ""  # from the original's installation; stored and not used
    run_app_path: str = ""
    user: str = ""
    auth: dict[str, list[str]] = Field(default_factory=dict)
    extra_conditions: dict[str, Any] = Field(default_factory=dict)
    #: queues of workers that reach only a part of the cloud
    queues: Queues = Field(default_factory=Queues)

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        if not NAME.fullmatch(value):
            raise ValueError(
                "expected 1-64 letters, digits, spaces, dots, dashes or underscores; no space at "
                "the end"
            )
        return value

    @field_validator("mechanism_drivers", mode="before")
    @classmethod
    def _drivers(cls, value: Any) -> Any:
        drivers = [value] if isinstance(value, str) else value
        if not isinstance(drivers, list):
            return drivers
        return [OTHER_WORDS.get(str(driver).lower(), driver) for driver in drivers]

    @field_validator("type_drivers", mode="before")
    @classmethod
    def _type_drivers(cls, value: Any) -> Any:
        words = value.split(",") if isinstance(value, str) else value
        return ",".join(str(word).strip() for word in words) if isinstance(words, list) else value

    @model_validator(mode="after")
    def _sections_fit(self) -> Environment:
        problems = section_problems(
            self.environment_type, [section.name for section in self.configuration]
        )
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def section(self, kind: type[S]) -> S:
        """Return the configuration section of this kind. Raises ConfigError when it is missing."""
        for section in self.configuration:
            if isinstance(section, kind):
                return section
        raise ConfigError(
            f"environment {self.name}: no {kind.__name__.removesuffix('Section')} section",
            hint=f"calipso env show {self.name}",
        )

    def document(self) -> dict[str, Any]:
        """Return the document to store, secrets in clear text: given fields, and fields that
        readers need.
        """
        document = self.model_dump(by_alias=True, include=ALWAYS_STORED)
        document |= self.model_dump(by_alias=True, exclude_unset=True)
        document["configuration"] = [
            {"name": section.name} | section.model_dump(by_alias=True, exclude_unset=True)
            for section in self.configuration
        ]
        return document


def merge_document(document: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return a document with changes applied, sections by their name; null removes a field."""
    sections = {section["name"]: section for section in document["configuration"]}
    for section in changes.get("configuration", ()):
        sections[section["name"]] = sections.get(section["name"], {}) | section
    merged = document | changes | {"configuration": [*map(_without_null, sections.values())]}
    return {key: value for key, value in merged.items() if value is not None}


def _without_null(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: _without_null(item) for key, item in value.items() if item is not None}


def section_problems(environment_type: str, names: list[str]) -> list[str]:
    """Yield the faults in the set of sections of an environment."""
    twice = sorted({name for name in names if names.count(name) > 1})
    missing = [name for name in NEEDED.get(environment_type, ()) if name not in names]
    problems = [f"configuration: section {name} is given twice" for name in twice]
    if missing:
        problems.append(f"configuration: missing section {', '.join(missing)}")
    return problems


def parse_environment(document: dict[str, Any]) -> Environment:
    """Return the Environment of a document. Raises ConfigError, which names every wrong field."""
    environment, problems = check_environment(document)
    if environment is None:
        raise environment_error(document.get("name"), problems)
    return environment


def environment_error(name: Any, problems: list[str]) -> ConfigError:
    """Return the error that names all faults of an environment."""
    lines = [f"environment {name or '?'}: {problem}" for problem in problems]
    return ConfigError("\n".join(lines), hint="docs/environments.md lists every field.")


def check_environment(document: dict[str, Any]) -> tuple[Environment | None, list[str]]:
    """Return the Environment of a document, or None, and all its faults."""
    given = {key: value for key, value in document.items() if key != "_id"}
    try:
        return Environment.model_validate(given), []
    except ValidationError as error:
        details = error.errors(include_url=False)
    problems = [_problem(detail) for detail in details]
    if any(detail["loc"] for detail in details):  # then the check of the whole has not run
        sections = given.get("configuration")
        names = [
            str(item.get("name"))
            for item in (sections if isinstance(sections, list) else [])
            if isinstance(item, dict)
        ]
        problems += section_problems(str(given.get("environment_type", "OpenStack")), names)
    return None, problems


def _problem(detail: ErrorDetails) -> str:
    where, known = _place(detail["loc"])
    key = str(detail["loc"][-1]) if detail["loc"] else ""
    kind, text = detail["type"], said(detail)
    if kind == "extra_forbidden":
        return f"{where}: unknown key{_meant(key, known)}"
    if kind == "missing":
        return f"{where}: missing"
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        item = detail["input"]
        name = item.get("name") if isinstance(item, dict) else None
        return (
            f"{where}.name: {name!r} is not one of {', '.join(SECTIONS)}"
            f"{_meant(str(name), SECTIONS)}"
        )
    return f"{where}: {text}{_got(key, detail['input'])}" if where else text


def _place(loc: tuple[int | str, ...]) -> tuple[str, Iterable[str]]:
    """Return the place of an error in the document, and the known keys there."""
    if len(loc) < 2 or loc[0] != "configuration":
        known: type[BaseModel] = Queues if loc[:1] == ("queues",) else Environment
        return ".".join(map(str, loc)), _names(known)
    where = f"configuration[{loc[1]}]"
    if len(loc) < 3:
        return where, ()
    kind: type[BaseModel] = CliHost if len(loc) > 5 else SECTIONS.get(str(loc[2]), Section)
    return ".".join([where, *map(str, loc[2:])]), _names(kind)


def _names(kind: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in kind.model_fields.items()]


def _meant(word: str, known: Iterable[str]) -> str:
    names = {name.lower(): name for name in known}
    other = OTHER_WORDS.get(word.lower(), "").lower()
    near = [other] if other in names else difflib.get_close_matches(word.lower(), names, n=1)
    return f"; did you mean {names[near[0]]}?" if near else ""


def _got(key: str, value: Any) -> str:
    """Return the wrong value for a message; empty if it may be a secret."""
    hidden = is_secret_key(key) or key.endswith("url")
    if hidden or value == "" or not isinstance(value, str | int | float | bool):
        return ""
    return f" (got {value!r})" if len(str(value)) <= 100 else ""
