"""Bases of the models of requests and answers.

A pydantic model is written once: it checks requests, and the specification is made of it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


def _space_is_plus(value: Any) -> Any:
    """A `+` in a query string arrives as a space; times contain no other spaces."""
    return value.replace(" ", "+") if isinstance(value, str) and "T" in value else value


#: The `_id` of a stored document, as text.
Key = Annotated[str, Field(pattern=r"^[0-9a-f]{24}$", examples=["65a1f0c2d4e8b1a2c3d4e5f6"])]
SpaceIsPlus = BeforeValidator(_space_is_plus)

#: Calipso stores no time outside; MongoDB and time zones have limits beyond.
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(3000, 1, 1, tzinfo=UTC)


def _bounded(moment: datetime) -> datetime:
    """In UTC, not outside EARLIEST and LATEST."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(aware, EARLIEST), LATEST).astimezone(UTC)


#: A time in a query; one without a zone is UTC.
Time = Annotated[datetime, SpaceIsPlus, AfterValidator(_bounded)]

#: A time in a body.
BodyTime = Annotated[datetime, AfterValidator(_bounded)]


class Query(BaseModel):
    """Base of query strings; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Body(BaseModel):
    """Base of bodies; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Answer(BaseModel):
    """Base of answers; documents may hold more fields than the model."""

    model_config = ConfigDict(extra="allow")
