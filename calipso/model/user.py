"""Who uses Calipso, and what they may do."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, field_validator

#: In `grants`: every environment, also future ones.
EVERY = "*"

#: `/users/me` means the caller; no user may have this name.
RESERVED = frozenset({"me"})

#: Wide enough for common names of a directory. No combining or invisible characters: a directory
#: drops those when it compares names, and two spellings of one person must be one user here.
_NAME = re.compile(r"\w[\w .,@'&()+-]{0,63}")


class Role(StrEnum):
    """The rights of a user in general."""

    VIEWER = "viewer"  # read
    OPERATOR = "operator"  # viewer, and start scans, change schedules, tests and environments
    MONITORING = "monitoring"  # only send results of monitoring, for environments of its grants
    ADMIN = "admin"  # everything, in every environment


class Grant(StrEnum):
    """The rights of a user in one environment."""

    VIEW = "view"
    EDIT = "edit"


class Origin(StrEnum):
    """The place that checks the password."""

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
    #: Changes with each new password and with each end of all sessions, which ends earlier
    #: sessions.
    generation: str = ""
    created_at: datetime | None = None

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        return user_name(value)


def user_name(given: str) -> str:
    """Return the normal spelling of a name. Case and width of characters do not count, as in LDAP.

    Raises ValueError for text that is not a name.
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
