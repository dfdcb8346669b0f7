"""Who uses Calipso, and what they may do."""

from __future__ import annotations

import re
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, field_validator

#: In `grants`: every environment, also those to come.
EVERY = "*"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


class Role(StrEnum):
    """What a user may do at all."""

    VIEWER = "viewer"  # read
    OPERATOR = "operator"  # and start scans, change schedules, tests and environments
    ADMIN = "admin"  # and everything else, in every environment


class Grant(StrEnum):
    """What a user may do with one environment."""

    VIEW = "view"
    EDIT = "edit"


class User(BaseModel):
    """One document of `users`, without its password."""

    model_config = ConfigDict(extra="ignore")

    name: str
    role: Role = Role.VIEWER
    grants: dict[str, Grant] = Field(default_factory=dict)  # environment (or `*`) -> view, edit
    origin: str = "local"  # local, ldap or service
    disabled: bool = False

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        if not _NAME.fullmatch(value):
            raise ValueError("expected 1-64 letters, digits, dots, dashes, underscores or @")
        return value
