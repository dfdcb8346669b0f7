"""Addresses as they may be shown: without the password."""

from __future__ import annotations

import re

_PASSWORD = re.compile(r"(://[^/@:]*):[^@]*@")


def mask_url(url: str) -> str:
    """`mongodb://me:secret@host/` as `mongodb://me:***@host/`."""
    return _PASSWORD.sub(r"\1:***@", url)
