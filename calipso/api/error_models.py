"""The one shape of all errors, as a model for the specification."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from pydantic import Field

from calipso.api.errors import CODES
from calipso.api.schemas import Answer


class ErrorDetail(Answer):
    """One wrong thing."""

    field: str = Field(description="Dotted name of the field; empty for the whole.")
    message: str


class ErrorBody(Answer):
    """What went wrong."""

    code: str = Field(description="A word for scripts.", examples=["not_found"])
    message: str = Field(description="What failed, on which thing.")
    hint: str = Field(description="What to do next.")
    details: list[ErrorDetail]
    request_id: str


class Error(Answer):
    """The answer to every request that failed."""

    error: ErrorBody


def error_example(status: int) -> dict[str, Any]:
    """An error with this status."""
    return {
        "error": {
            "code": CODES[status],
            "message": HTTPStatus(status).phrase,
            "hint": "What to do next.",
            "details": [],
            "request_id": "0d4c1f7a0b0f4f6c9c6f5d2b8a3e7c11",
        }
    }
