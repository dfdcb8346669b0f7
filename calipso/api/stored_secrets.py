"""Stored secrets stay where they are sent: a change of the address needs the secret again.

Otherwise a user who may edit an environment, but not see its passwords, could make Calipso log in
with them at a server of that user.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from calipso.errors import ConfigError
from calipso.model.documents import Document
from calipso.model.environment import Environment, is_secret_key
from calipso.secrets.box import MARK, MARK_BOUND, MASK, is_encrypted, map_secrets

#: Keys that lead to a value.
Place = tuple[str, ...]

#: Fields of sections that do not say where a secret goes, or how it is protected on the way.
HARMLESS = frozenset(
    {"admin_project", "connect_timeout", "interface", "key", "name", "project_domain", "region"}
    | {"schema", "sudo", "user", "user_domain", "user_id", "user_domain_id", "project_id"}
    | {"project_domain_id", "auth_type", "application_credential_id", "application_credential_name"}
)


def refuse_masks(document: Any, hint: str = "Give the secrets.") -> None:
    """Raises ConfigError for a mask, or an encrypted text, in place of a secret."""
    secrets: list[str] = []

    def look(value: str) -> str:
        secrets.append(value)
        return value

    map_secrets(document, look)
    if MASK in secrets:
        raise ConfigError(
            "configuration: a secret is the mask that Calipso shows in answers", hint=hint
        )
    if any(map(is_encrypted, secrets)):
        raise ConfigError(
            f"configuration: a secret begins with {MARK} or {MARK_BOUND}", hint="Give it in clear."
        )


def keep_secrets(environment: Environment, sections: list[Document]) -> list[Document]:
    """Changed sections, with stored secrets in place of masks.

    Raises ConfigError for a change that would send a stored secret elsewhere.
    """
    stored: dict[str, Document] = {
        section.name: section.model_dump(by_alias=True) for section in environment.configuration
    }
    changes = {name: _Change(name, section, {}) for name, section in stored.items()}
    names = [str(section["name"]) for section in sections]
    for name, section in zip(names, sections, strict=True):
        if names.count(name) > 1:
            raise ConfigError(f"configuration: section {name} is given twice")
        changes[name] = change = _Change(name, stored.get(name, {}), section)
        refuse_masks(change.section)
        _refuse(change.moved, name, change.kept)
    _refuse_strange_hosts(changes)
    return [changes[name].section for name in names]


@dataclass(frozen=True)
class _Change:
    """A section as it is stored, and what is given of it."""

    name: str
    stored: Document
    given: Document

    @property
    def section(self) -> Document:
        """What is given, with stored secrets in place of their masks."""
        return dict(_unmasked(self.given, self.stored))

    @property
    def merged(self) -> Document:
        """The section as it would be stored."""
        return self.stored | self.section

    @property
    def kept(self) -> list[str]:
        """Stored secrets that stay."""
        again = {place for place, value in _leaves(self.given) if value != MASK}
        return sorted(
            ".".join(place)
            for place, value in _leaves(self.merged)
            if _is_secret(place) and value and place not in again
        )

    @property
    def moved(self) -> list[str]:
        """Fields that say where secrets are sent, and change."""
        old, new = dict(_leaves(self.stored)), dict(_leaves(self.merged))
        return [
            ".".join(place)
            for place in sorted(old.keys() | new.keys())
            if not (_is_secret(place) or place[-1] in HARMLESS)
            and (old.get(place) or None) != (new.get(place) or None)
        ]


def _refuse_strange_hosts(changes: dict[str, _Change]) -> None:
    """The OpenStack API names the hosts for SSH logins: another cloud may name any host."""
    cloud, cli = changes.get("OpenStack"), changes.get("CLI")
    if cloud and cli and cli.merged.get("accept_new_hosts"):
        _refuse(cloud.moved, "OpenStack", [f"CLI.{place}" for place in cli.kept])


def _refuse(moved: list[str], name: str, kept: list[str]) -> None:
    if kept and moved:
        raise ConfigError(
            f"configuration: section {name}: {', '.join(moved)} changes where the stored "
            f"{', '.join(kept)} is sent",
            hint=f"Give {', '.join(kept)} again, in the same request.",
        )


def _unmasked(value: Any, stored: Any, *, secret: bool = False) -> Any:
    if isinstance(value, dict):
        known = stored if isinstance(stored, dict) else {}
        return {
            key: _unmasked(item, known.get(key), secret=secret or is_secret_key(key))
            for key, item in value.items()
        }
    return stored if secret and value == MASK and stored else value


def _leaves(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every value in a document, with the keys that lead to it."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*place, str(key)))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _leaves(item, (*place, str(number)))
    else:
        yield place, value


def _is_secret(place: Place) -> bool:
    return any(map(is_secret_key, place))
