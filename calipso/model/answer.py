"""The one form of an answer: of a path, a drift, an impact, an intent, of what a status means."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Verdict(StrEnum):
    """What an answer comes to. What was not read is `unknown`, never `yes`."""

    YES = "yes"
    NO = "no"
    DEGRADED = "degraded"
    UNKNOWN = "unknown"

    @property
    def exit_code(self) -> int:
        """What a command with this answer ends with: 0 yes, 1 no, 2 degraded, 3 unknown."""
        return list(Verdict).index(self)


class Evidence(BaseModel):
    """Where a fact comes from."""

    model_config = ConfigDict(extra="forbid")

    #: `api`, `db`, `cli`, `ovn`, or the inventory itself.
    source: str
    #: The call or command, without secrets.
    command: str = ""
    #: The line or value that says so.
    line: str = ""
    host: str = ""
    #: When it was read (UTC).
    read_at: datetime | None = None


class Answer(BaseModel):
    """A verdict, why it is so, on what it rests, and what nobody looked at."""

    model_config = ConfigDict(extra="forbid")

    verdict: Verdict
    #: One sentence for a person.
    sentence: str
    #: Stable, in snake case; each has a paragraph in the docs.
    code: str
    #: Steps of a path, in order.
    hops: list[dict[str, Any]] = Field(default_factory=list)
    #: What was found, for answers that are no path.
    findings: list[dict[str, Any]] = Field(default_factory=list)
    evidence: list[Evidence] = Field(default_factory=list)
    #: What was taken for granted, a sentence each.
    assumptions: list[str] = Field(default_factory=list)
    #: What the answer could not take into account, and why, a sentence each.
    not_checked: list[str] = Field(default_factory=list)
    #: The time that the answer is about (UTC).
    as_of: datetime | None = None
