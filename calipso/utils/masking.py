"""Masks the passwords of addresses, so that they may be shown."""

from __future__ import annotations

import re

from calipso.model.environment import is_secret_key

SHOWN = "***"

#: Separates several addresses, which Kombu accepts in one text.
_NEXT = re.compile(r";(?=[\w+.-]+://)")
_SERVER = re.compile(r"([^:]+|\[[^\]]*\])(:\d+)?(/.*)?")


def mask_url(url: str) -> str:
    """Return `mongodb://me:secret@host/` as `mongodb://me:***@host/`; also masks `?password=`.

    It does not use `urlsplit`: that would show a part of a password with `/`, `?` or `@`, which
    people often forget to encode.
    """
    return ";".join(map(_masked, _NEXT.split(url)))


def _masked(url: str) -> str:
    scheme, parted, rest = url.partition("://")
    if not parted:
        return url
    place, asks, query = rest.partition("?")
    if "@" in query and "@" not in place and not _SERVER.fullmatch(place):
        place, asks, query = rest, "", ""  # the question mark belongs to a password
    account, at, server = place.rpartition("@")
    user, colon, _ = account.partition(":")
    shown = f"{scheme}://{user}{colon}{SHOWN if colon else ''}{at}{server}"
    return shown + asks + "&".join(map(_parameter, query.split("&")))


def _parameter(text: str) -> str:
    name, equals, _ = text.partition("=")
    return f"{name}={SHOWN}" if equals and is_secret_key(name) else text
