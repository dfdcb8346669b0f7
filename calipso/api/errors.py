"""Errors as answers: one shape, `{"error": {code, message, hint, details, request_id}}`."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, field
from typing import Any

from flask import Flask, Response, g
from redis.exceptions import RedisError
from werkzeug.exceptions import HTTPException

from calipso.api.replies import json_response
from calipso.errors import (
    AuthError,
    CalipsoError,
    ConfigError,
    Conflict,
    Forbidden,
    InstallationError,
    MetadataError,
    NotFound,
    NoWorker,
    StoreError,
)
from calipso.stores.mongo.driver import DuplicateKey, StoreFailure

log = logging.getLogger(__name__)

#: Seconds after which a client may try again.
RETRY_AFTER = "10"

#: The hint of errors whose details are only for the log.
MORE = "The log of the API has the details: search for the request id."

#: status -> the word scripts look at
CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    412: "precondition_failed",
    413: "too_large",
    415: "unsupported_media_type",
    422: "not_accepted",
    429: "too_many_requests",
    500: "internal_error",
    503: "unavailable",
}


@dataclass(frozen=True)
class Detail:
    """One wrong thing: the field (dotted, empty for the whole) and what is wrong with it."""

    field: str
    message: str


@dataclass(eq=False)
class BadRequest(CalipsoError):
    """A request with wrong fields; `details` names each."""

    message: str
    hint: str = ""
    details: list[Detail] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.message, hint=self.hint)


@dataclass(eq=False)
class TooManyRequests(CalipsoError):
    """Too many requests; the client may try again after `retry_after` seconds."""

    message: str
    hint: str = ""
    retry_after: int = 1

    def __post_init__(self) -> None:
        super().__init__(self.message, hint=self.hint)


class PreconditionFailed(CalipsoError):
    """The thing has changed since the caller read it."""


class WrongMediaType(CalipsoError):
    """A body that is not JSON."""


#: The first that fits counts; subclasses stand before their bases.
STATUS: tuple[tuple[type[Exception], int], ...] = (
    (BadRequest, 400),
    (WrongMediaType, 415),
    (PreconditionFailed, 412),
    (TooManyRequests, 429),
    (Forbidden, 403),
    (AuthError, 401),
    (NotFound, 404),
    (Conflict, 409),
    (DuplicateKey, 409),
    (InstallationError, 503),
    (MetadataError, 503),
    (ConfigError, 422),
    (NoWorker, 503),
    (StoreError, 503),
    (StoreFailure, 503),
    (RedisError, 503),
)


def error_response(error: Exception) -> Response:
    """The answer for any exception; unknown ones are logged, their text is not sent."""
    if isinstance(error, HTTPException):
        return _http(error)
    status = next((number for kind, number in STATUS if isinstance(error, kind)), 500)
    message, hint = _words(error, status)
    details = [asdict(item) for item in getattr(error, "details", ()) if isinstance(item, Detail)]
    if status == 500:
        log.error("request failed", exc_info=error, extra=_request())
    headers = {"WWW-Authenticate": 'Bearer realm="calipso"'} if status == 401 else {}
    if status == 503:
        headers["Retry-After"] = RETRY_AFTER
    if isinstance(error, TooManyRequests):
        headers["Retry-After"] = str(error.retry_after)
    return json_response(body(status, message, hint, details), status, headers)


def _words(error: Exception, status: int) -> tuple[str, str]:
    if isinstance(error, InstallationError | MetadataError):
        log.error("%s", error.message, extra=_request())
        return "Calipso is not set up correctly on this server", MORE
    if isinstance(error, CalipsoError) and not _tells_of_the_store(error):
        return error.message, error.hint
    if status == 409:
        return "there is one already", "Read it, then change it or choose another name."
    if status == 503:
        log.warning("%s: %s", type(error).__name__, error, extra=_request())
        return "a store of Calipso does not answer", "`calipso status` shows whether it runs."
    return "an error in Calipso", MORE


def _request() -> dict[str, str]:
    """The id to search the log for."""
    return {"request_id": g.get("request_id", "")}


def _tells_of_the_store(error: CalipsoError) -> bool:
    """True for the words of a driver, with addresses in them: for the log only."""
    cause = error.__cause__
    return isinstance(error, StoreError) and not isinstance(cause, CalipsoError | None)


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    original = error.get_response()
    headers = {
        key: original.headers[key] for key in ("Allow", "Location") if key in original.headers
    }
    if status < 400:
        return json_response({}, status, headers)
    message = str(error.description or error.name)
    return json_response(body(status, message), status, headers)


def body(
    status: int, message: str, hint: str = "", details: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    """The one shape of an error."""
    return {
        "error": {
            "code": CODES.get(status, str(status)),
            "message": message,
            "hint": hint,
            "details": details or [],
            "request_id": g.get("request_id", ""),
        }
    }


def install(app: Flask) -> None:
    """Every error of the application has this shape."""
    app.register_error_handler(Exception, error_response)
