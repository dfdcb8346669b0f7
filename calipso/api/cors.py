"""Cross-origin requests: which pages of other origins may call the API from a browser.

Off unless origins are named. No credentials of the browser are allowed: who calls is in a header
that the page itself sets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from flask import Flask, Response, request

from calipso.errors import ConfigError

ANY = "*"
METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
REQUEST_HEADERS = (
    "Authorization, Content-Type, If-Match, If-None-Match, Last-Event-ID, X-Auth-Token, "
    "X-Request-ID"
)
ANSWER_HEADERS = (
    "Allow, ETag, Link, Location, Retry-After, WWW-Authenticate, X-Request-ID, X-Truncated"
)

#: Seconds a browser remembers the answer to a preflight; browsers cap it at two hours or less.
REMEMBERED = "3600"

_ORIGIN = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?")


def parse_origins(text: str) -> frozenset[str]:
    """The origins of a setting. Raises ConfigError for text that is not an origin."""
    origins = frozenset(word.strip().lower() for word in text.split(",") if word.strip())
    for origin in sorted(origins - {ANY}):
        if not _ORIGIN.fullmatch(origin):
            raise ConfigError(
                f"{origin}: not an origin",
                hint="Scheme, host and port without a path: https://portal.example.org:8443",
            )
    return origins


def allow_origins(app: Flask, origins: Iterable[str]) -> None:
    """Let pages of these origins call the application. Without origins nothing changes."""
    allowed = frozenset(origins)
    if not allowed:
        return

    def trusted() -> str:
        origin = request.headers.get("Origin", "")
        return origin if origin and (ANY in allowed or origin.lower() in allowed) else ""

    def preflight() -> Response | None:
        asked = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        if not (asked and trusted()):
            return None
        response = Response(status=204)
        response.headers["Access-Control-Allow-Methods"] = METHODS
        response.headers["Access-Control-Allow-Headers"] = REQUEST_HEADERS
        response.headers["Access-Control-Max-Age"] = REMEMBERED
        return response

    def mark(response: Response) -> Response:
        response.vary.add("Origin")
        if origin := trusted():
            response.headers["Access-Control-Allow-Origin"] = ANY if ANY in allowed else origin
            response.headers["Access-Control-Expose-Headers"] = ANSWER_HEADERS
        return response

    app.before_request(preflight)
    app.after_request(mark)
