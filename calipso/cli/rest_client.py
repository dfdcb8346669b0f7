"""Reads from the REST API: GET only, with a token, a time limit, and a limit for the answer."""

from __future__ import annotations

import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from calipso.errors import (
    AccessError,
    AuthError,
    CalipsoError,
    ConfigError,
    ErrorKind,
    Forbidden,
    NotFound,
)

#: Seconds that an answer may take.
SECONDS = 60.0
#: Most bytes of an answer.
MOST = 20_000_000


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would take the token to another place."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class RestClient:
    """One API and one token; what the user of the token may not see, it does not get."""

    def __init__(self, url: str, token: str) -> None:
        """Raises ConfigError for an address that is no http(s) URL."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise ConfigError(
                f"{parts.scheme}://{parts.hostname or ''}: not an address of the API",
                hint="Such as https://calipso.example.org or http://127.0.0.1:8000.",
            )
        self.root = f"{url.rstrip('/').removesuffix('/api/v1')}/api/v1"
        self._token = token
        self._opener = urllib.request.build_opener(_NoRedirect)

    def get(self, *path: str, **query: Any) -> Any:
        """Return the JSON at a path; parts of the path are quoted.

        Raises NotFound, Forbidden, AuthError, ConfigError for a query that is refused, AccessError
        when the API does not answer.
        """
        place = "/".join(quote(part, safe="") for part in path)
        given = {name: value for name, value in query.items() if value not in (None, [], "")}
        url = f"{self.root}/{place}" + (f"?{urlencode(given, doseq=True)}" if given else "")
        headers = {"X-Auth-Token": self._token, "Accept": "application/json"}
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - checked above
        try:
            with self._opener.open(request, timeout=SECONDS) as answer:
                return json.loads(_limited(answer))
        except urllib.error.HTTPError as error:
            raise _refused(error, place) from None
        except (OSError, HTTPException, ValueError) as error:
            raise AccessError(
                f"{self.root}/{place}: {error}",
                hint="Is the API up, and is this its address?",
                kind=ErrorKind.UNREACHABLE,
            ) from None


def _limited(answer: Any) -> bytes:
    body: bytes = answer.read(MOST + 1)
    if len(body) > MOST:
        raise ValueError(f"the answer is longer than {MOST} bytes")
    return body


def _refused(error: urllib.error.HTTPError, place: str) -> CalipsoError:
    """The error of the API, in its words."""
    told: Mapping[str, Any] = {}
    with contextlib.suppress(ValueError, AttributeError, OSError):
        told = json.loads(error.read(100_000)).get("error") or {}
    message = str(told.get("message") or f"/{place}: status {error.code}")
    details = [str(item.get("message", "")) for item in told.get("details") or ()]
    message = "; ".join([message, *details])
    hint = str(told.get("hint") or "")
    kinds: dict[int, type[CalipsoError]] = {401: AuthError, 403: Forbidden, 404: NotFound}
    kinds |= {400: ConfigError, 422: ConfigError}
    if error.code in kinds:
        return kinds[error.code](message, hint=hint)
    return AccessError(message, hint=hint, kind=ErrorKind.SERVER_ERROR)
