"""Addresses as they may be shown: without the password."""

from __future__ import annotations

import re

from calipso.model.environment import is_secret_key

SHOWN = "***"

#: Kombu takes several addresses at once.
_NEXT = re.compile(r";(?=[\w+.-]+://)")
_SERVER = re.compile(r"([^:]+|\[[^\]]*\])(:\d+)?(/.*)?")


def mask_url(url: str) -> str:
    """`mongodb://me:secret@host/` as `mongodb://me:***@host/`; also `?password=` and its like.

    Not by `urlsplit`: a password with `/`, `?` or `@` in it, which has to be encoded and often is
    not, would be shown in part.
    """
    return ";".join(map(_masked, _NEXT.split(url)))


def _masked(url: str) -> str:
    scheme, parted, rest = url.partition("://")
    if not parted:
        return url
    place, asks, query = rest.partition("?")
    if "@" in query and "@" not in place and not _SERVER.fullmatch(place):
        place, asks, query = rest, "", ""  # it is a password with a question mark
    account, at, server = place.rpartition("@")
    user, colon, _ = account.partition(":")
    shown = f"{scheme}://{user}{colon}{SHOWN if colon else ''}{at}{server}"
    return shown + asks + "&".join(map(_parameter, query.split("&")))


def _parameter(text: str) -> str:
    name, equals, _ = text.partition("=")
    return f"{name}={SHOWN}" if equals and is_secret_key(name) else text
