"""Keys of stored documents: MongoDB cannot query keys with dots, so they are encoded."""

from __future__ import annotations

from typing import Any

DOT = "[dot]"

#: Types that may contain keys. Every field of every object passes here; most are plain values.
_NESTED = (dict, list, tuple)


def encode(value: Any) -> Any:
    """Return a value with `[dot]` for `.` in keys, and `[dollar]` for a leading `$`."""
    if isinstance(value, dict):
        return {
            key
            if type(key) is str and "." not in key and key[:1] != "$"
            else _encode_key(key): encode(item) if isinstance(item, _NESTED) else item
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [encode(item) if isinstance(item, _NESTED) else item for item in value]
    return value


def decode(value: Any) -> Any:
    """Return the value that `encode` has encoded."""
    if isinstance(value, dict):
        return {
            _decode_key(key) if "[" in key else key: decode(item)
            if isinstance(item, _NESTED)
            else item
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [decode(item) if isinstance(item, _NESTED) else item for item in value]
    return value


def _encode_key(key: Any) -> str:
    text = str(key)
    if "." in text:
        text = text.replace(".", DOT)
    return "[dollar]" + text[1:] if text.startswith("$") else text


def _decode_key(key: str) -> str:
    return key.replace(DOT, ".").replace("[dollar]", "$")
