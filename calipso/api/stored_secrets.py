"""Stored secrets stay where they are sent: who changes the address gives the secret again.

Else somebody who may edit an environment, and never sees its passwords, would have Calipso log
in with them at a server of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from calipso.errors import ConfigError
from calipso.model.environment import SECRET_KEYS, Environment
from calipso.utils.secrets import MASK, map_secrets

Document = dict[str, Any]

#: Fields of sections that do not say where a secret goes, or how it is protected on the way.
HARMLESS = frozenset(
    {"admin_project", "connect_timeout", "interface", "name", "project_domain", "region"}
    | {"schema", "sudo", "user", "user_domain"}
)


def refuse_masks(document: Any) -> None:
    """Raises ConfigError for a document as it was read, sent back: its masks are no secrets."""
    secrets: list[str] = []

    def look(value: str) -> str:
        secrets.append(value)
        return value

    map_secrets(document, look)
    if MASK in secrets:
        raise ConfigError(
            "configuration: a secret is the mask that answers show",
            hint="Give the secrets, or use PATCH, which keeps those of a section it is not given.",
        )


def keep_secrets(environment: Environment, sections: Iterable[Document]) -> None:
    """Take the masks out of changed sections: what is masked stays as it is stored.

    Raises ConfigError for a section that would send a stored secret elsewhere.
    """
    stored: dict[str, Document] = {
        section.name: section.model_dump(by_alias=True) for section in environment.configuration
    }
    for section in sections:
        for key in [key for key, value in section.items() if value == MASK]:
            del section[key]
        refuse_masks(section)
        _refuse_redirection(section, stored.get(str(section.get("name")), {}))


def _refuse_redirection(section: Mapping[str, Any], stored: Mapping[str, Any]) -> None:
    kept = sorted(SECRET_KEYS.intersection(key for key in stored if stored[key]) - section.keys())
    known = SECRET_KEYS | HARMLESS
    moved = sorted(k for k in section if k not in known and section[k] != stored.get(k))
    if kept and moved:
        raise ConfigError(
            f"configuration: section {section['name']}: {', '.join(moved)} changes where the "
            f"stored {', '.join(kept)} is sent",
            hint=f"Give {', '.join(kept)} again, in the same request.",
        )
