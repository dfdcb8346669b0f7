"""Values as the inventory can keep them. Pure.

A cloud may say anything: half of a surrogate pair, a number of a thousand digits, a list in a list
nine hundred times. The store refuses such a document, and with it all others of the same request.
So a value that cannot be kept is changed as little as possible, and the caller learns of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from calipso.model.documents import Document

#: Levels of maps and lists in an object. MongoDB takes 100; changes and messages add some.
DEPTH = 60
#: Most characters of all texts of an object, with `EACH` for each value and each name. A document
#: of MongoDB has at most 16 MB.
SIZE = 3_000_000
EACH = 8
TOO_DEEP = "(nested too deep, left out)"
TOO_LARGE = "(too large, left out)"

_PLAIN = (bool, type(None), bytes, datetime)
#: Types that nearly all containers have: a look at the type is quicker than a check of an ABC.
_CONTAINERS = frozenset({dict, list})
_REPLACEMENT = "\ufffd"
_HIGHEST = 2**63


def storable(document: Mapping[str, Any]) -> tuple[Document, dict[str, str]]:
    """The document as it can be kept, and what was changed: path of a field -> reason.

    A document in which nothing has to be changed is returned as it is.
    """
    if _is_fine(document):
        return dict(document), {}
    faults: dict[str, str] = {}
    found = {
        _key(key, "", faults): _made(value, str(key), 1, faults) for key, value in document.items()
    }
    return _cut(found, faults), {_shown(path): reason for path, reason in faults.items()}


def _is_fine(document: Mapping[str, Any]) -> bool:
    """True for what can be kept. Each object of a scan passes here, so it is one loop."""
    size = EACH
    waiting: list[tuple[Any, int]] = [(document, 0)]
    while waiting:
        value, depth = waiting.pop()
        if type(value) is dict or isinstance(value, Mapping):
            for key in value:
                if not (type(key) is str or isinstance(key, str)) or "\0" in key:
                    return False
                if not (key.isascii() or _is_text(key)):
                    return False
                size += EACH + len(key)
            items: Iterable[Any] = value.values()
        else:
            items = value
        for item in items:
            kind = type(item)
            if kind is str:
                size += EACH + len(item)
                if not (item.isascii() or _is_text(item)):
                    return False
                continue
            size += EACH
            if kind in _CONTAINERS:
                waiting.append((item, depth + 1))
            elif item is None or kind is bool:
                continue
            elif isinstance(item, Mapping | list | tuple):
                waiting.append((item, depth + 1))
            elif not _is_fine_single(item):
                return False
            elif isinstance(item, str | bytes):
                size += len(item)
        if size > SIZE or depth >= DEPTH:
            return False
    return True


def _is_fine_single(value: Any) -> bool:
    """True for a value that is no container and no plain text, if it can be kept."""
    kind = type(value)
    if value is None or kind is bool:
        return True
    if kind is int:
        return bool(-_HIGHEST <= value < _HIGHEST)
    if kind is float:
        return math.isfinite(value)
    return _is_kept(value) or (isinstance(value, str) and _is_text(value))


def _is_kept(value: Any) -> bool:
    """True for single values that MongoDB knows, its own types among them."""
    return isinstance(value, _PLAIN) or type(value).__module__.partition(".")[0] == "bson"


def _is_text(value: str) -> bool:
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _made(value: Any, path: str, depth: int, faults: dict[str, str]) -> Any:
    """The value as it can be kept."""
    if isinstance(value, str):
        return _text(str(value), path, faults)
    if _is_kept(value):
        return value
    if isinstance(value, int) and -_HIGHEST <= value < _HIGHEST:
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, int | float):
        faults[path] = "a number out of range, kept as text"
        return _digits(value)
    if not isinstance(value, Mapping | list | tuple | set | frozenset):
        faults[path] = f"a value of type {type(value).__name__}, kept as text"
        return _text(str(value), path, faults)
    if isinstance(value, set | frozenset):
        faults[path] = "a set, kept as a list"
    if depth >= DEPTH:
        faults[path] = f"nested more than {DEPTH} levels deep, left out below that"
        return TOO_DEEP
    if isinstance(value, Mapping):
        return {
            _key(key, path, faults): _made(item, f"{path}.{key}", depth + 1, faults)
            for key, item in value.items()
        }
    return [_made(item, f"{path}.{at}", depth + 1, faults) for at, item in enumerate(value)]


def _text(value: str, path: str, faults: dict[str, str]) -> str:
    if _is_text(value):
        return value
    faults[path] = "half of a surrogate pair, replaced"
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _key(key: Any, path: str, faults: dict[str, str]) -> str:
    text = _text(str(key), path or "(a name)", faults)
    if "\0" in text:
        faults[path or "(a name)"] = "a name with a NUL character, replaced"
    return text.replace("\0", _REPLACEMENT)


def _digits(value: float) -> str:
    try:
        return str(value)
    except ValueError:  # more digits than Python writes
        return hex(int(value))


def _cut(document: Document, faults: dict[str, str]) -> Document:
    """The document without its largest fields, if it is too large as a whole."""
    sizes = {key: _size(value) for key, value in document.items()}
    while sum(sizes.values()) > SIZE:
        largest = max(sizes, key=lambda key: sizes[key])
        sizes[largest] = 0
        document[largest] = TOO_LARGE
        faults[largest] = "the object is too large, left out"
    return document


def _size(value: Any) -> int:
    if isinstance(value, Mapping):
        return EACH + sum(EACH + len(key) + _size(item) for key, item in value.items())
    if isinstance(value, list):
        return EACH + sum(map(_size, value))
    return EACH + (len(value) if isinstance(value, str | bytes) else 0)


def _shown(path: str) -> str:
    """A path for a message: printable, and not longer than one can read."""
    text = "".join(letter if letter.isprintable() else _REPLACEMENT for letter in path)
    return text if len(text) <= 120 else text[:117] + "..."
