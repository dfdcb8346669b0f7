"""Who uses Calipso, and what they may do."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, field_validator

#: In `grants`: every environment, also those to come.
EVERY = "*"

#: `/users/me` is who asks; nobody may be called so.
RESERVED = frozenset({"me"})

#: Wide enough for common names of a directory. No combining or invisible characters: a directory
#: drops those when it compares names, and two spellings of one person must be one user here.
_NAME = re.compile(r"\w[\w .,@'&()+-]{0,63}")


class Role(StrEnum):
    """What a user may do at all."""

    VIEWER = "viewer"  # read
    OPERATOR = "operator"  # and start scans, change schedules, tests and environments
    ADMIN = "admin"  # and everything else, in every environment


class Grant(StrEnum):
    """What a user may do with one environment."""

    VIEW = "view"
    EDIT = "edit"


class Origin(StrEnum):
    """Who checks the password."""

    LOCAL = "local"
    LDAP = "ldap"


class User(BaseModel):
    """One document of `users`, without its password."""

    model_config = ConfigDict(extra="ignore")

    name: str
    role: Role = Role.VIEWER
    grants: dict[str, Grant] = Field(default_factory=dict)  # environment (or `*`) -> view, edit
    origin: Origin = Origin.LOCAL
    disabled: bool = False
    #: Another one with each new password and each end of all sessions: those begun before are over.
    generation: str = ""
    created_at: datetime | None = None

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        return user_name(value)


def user_name(given: str) -> str:
    """The one spelling of a name: case and width of characters do not count, as in LDAP.

    Raises ValueError for what is no name.
    """
    name = " ".join(unicodedata.normalize("NFKC", given[:200]).casefold().split())
    name = unicodedata.normalize("NFKC", name)
    if not _NAME.fullmatch(name) or name in RESERVED:
        raise ValueError("expected 1-64 letters, digits, spaces or any of _ . , @ ' & ( ) + -")
    return name


def same_name(given: object, name: str) -> bool:
    """True for another spelling of a name."""
    try:
        return user_name(str(given)) == name
    except ValueError:
        return False
