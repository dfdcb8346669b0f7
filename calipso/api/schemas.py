"""Bases of the models of requests and answers.

A pydantic model is written once: it checks requests, and the specification is made of it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


def _space_is_plus(value: Any) -> Any:
    """`+` in a query string arrives as a space; in a time it can be nothing else."""
    return value.replace(" ", "+") if isinstance(value, str) and "T" in value else value


#: The `_id` of a stored document, as text.
Key = Annotated[str, Field(pattern=r"^[0-9a-f]{24}$", examples=["65a1f0c2d4e8b1a2c3d4e5f6"])]
SpaceIsPlus = BeforeValidator(_space_is_plus)

#: Nothing of Calipso is from before or after; MongoDB and time zones end somewhere beyond.
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(3000, 1, 1, tzinfo=UTC)


def _bounded(moment: datetime) -> datetime:
    """In UTC; what is too far away is as far as it can be."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(aware, EARLIEST), LATEST).astimezone(UTC)


#: A time in a query; one without a zone is UTC.
Time = Annotated[datetime, SpaceIsPlus, AfterValidator(_bounded)]


class Query(BaseModel):
    """Base of what a query string may say; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Body(BaseModel):
    """Base of what a body may say; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Answer(BaseModel):
    """Base of what is answered; documents may hold more than is named here."""

    model_config = ConfigDict(extra="allow")
