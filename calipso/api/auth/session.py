"""The session of a browser: a token in a cookie that no script can read.

A browser sends the cookie by itself, also for a request that another page made it send. So each
request that changes something must have a header with a value that only a page of ours can know.
The value is derived from the token: no process has to remember it.
"""

from __future__ import annotations

import hashlib
import hmac

from flask import Request, Response

from calipso.errors import AuthError

COOKIE = "calipso_session"
HEADER = "X-CSRF-Token"
READS = frozenset({"GET", "HEAD", "OPTIONS"})


def csrf_value(token: str) -> str:
    """What the header of a changing request has to be, for the session of this token."""
    return hmac.new(token.encode(), b"calipso csrf", hashlib.sha256).hexdigest()


def cookie_token(request: Request) -> str:
    """The token of the cookie; empty without one.

    Raises AuthError for a request that changes something without the header.
    """
    token = request.cookies.get(COOKIE, "")
    if not token or request.method in READS:
        return token
    given = request.headers.get(HEADER, "")
    if not hmac.compare_digest(given.encode(), csrf_value(token).encode()):
        raise AuthError(
            f"{HEADER} is missing or wrong",
            hint="A session by cookie sends it with each change; GET /api/v1/auth/sessions has it.",
        )
    return token


def set_cookie(response: Response, token: str, seconds: int, *, secure: bool) -> None:
    """Give the browser the session. `secure`: it came by HTTPS and goes by nothing else."""
    response.set_cookie(
        COOKIE, token, max_age=seconds, path="/", httponly=True, samesite="Strict", secure=secure
    )


def clear_cookie(response: Response, *, secure: bool) -> None:
    """Take the session from the browser."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="Strict", secure=secure)
