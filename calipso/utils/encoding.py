"""Keys of stored documents: MongoDB cannot query keys with dots, so they are encoded."""

from __future__ import annotations

from typing import Any

DOT = "[dot]"


def encode(value: Any) -> Any:
    """Value with `.` in keys written `[dot]`, and a leading `$` written `[dollar]`."""
    if isinstance(value, dict):
        return {_encode_key(key): encode(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    return value


def decode(value: Any) -> Any:
    """The inverse of `encode`."""
    if isinstance(value, dict):
        return {_decode_key(key): decode(item) for key, item in value.items()}
    if isinstance(value, list):
        return [decode(item) for item in value]
    return value


def _encode_key(key: Any) -> str:
    text = str(key)
    if "." in text:
        text = text.replace(".", DOT)
    return "[dollar]" + text[1:] if text.startswith("$") else text


def _decode_key(key: str) -> str:
    if "[" not in key:
        return key
    return key.replace(DOT, ".").replace("[dollar]", "$")
