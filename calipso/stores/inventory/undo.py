"""Undoing changes: an object or link as it was before the changes that scans recorded since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from calipso.model.documents import Document
from calipso.model.inventory import object_key
from calipso.model.types import object_type

_MISSING = object()


def before(state: Document | None, changes: Sequence[Mapping[str, Any]]) -> Document | None:
    """Return the document as it was before these changes, or None where there was none.

    `state` is the document as it is; `changes` are all of it since then, oldest first. Values that
    changes do not record (volatile ones, stamps of scans) stay as they are.
    """
    for change in reversed(changes):
        what = change["change"]
        if what == "added":
            state = None
        elif what == "removed":
            state = deepcopy(change.get("was")) or _name_only(change)
        elif state is not None:
            state = _unchanged(deepcopy(state), change)
    return state


def _name_only(change: Mapping[str, Any]) -> Document:
    """What is known of an object whose removal was recorded without its fields.

    Releases before time travel did so.
    """
    found = {name: change[name] for name in ("environment", "type", "id", "name", "host")}
    if change["kind"] == "link":
        names = ("environment", "source_id", "target_id", "host")
        found = {name: change.get(name, "") for name in names}
        found |= {"link_type": change["type"], "link_name": change["name"], "attributes": {}}
        kinds = str(change["type"]).split("-")
        for side, kind in zip(("source", "target"), kinds, strict=False):
            found[side] = object_key(change["environment"], kind, str(change[f"{side}_id"]))
    return found | {"incomplete": True}


def _unchanged(state: Document, change: Mapping[str, Any]) -> Document:
    exact: Mapping[str, Any] = change.get("was") or {}
    unordered = object_type(str(change["type"])).unordered
    for name, sides in change.get("fields", {}).items():
        if any(name == key or str(name).startswith(f"{key}.") for key in exact):
            continue
        top = str(name).partition(".")[0]
        if change["kind"] == "link":
            _put(state, str(name), sides.get("old"), gone=sides.get("old") is None)
        elif top in unordered and isinstance(state.get(top), list) and "." in str(name):
            _undo_item(state[top], sides)
        else:
            _undo_path(state, _parts(state, str(name)), sides)
    for name, value in exact.items():
        _put(state, name, value, gone=value is None)
    return state


def _put(state: Document, name: str, value: Any, *, gone: bool) -> None:
    if gone:
        state.pop(name, None)
    else:
        state[name] = deepcopy(value)


def _undo_item(items: list[Any], sides: Mapping[str, Any]) -> None:
    if "new" in sides and sides["new"] in items:
        items.remove(sides["new"])
    if "old" in sides and sides["old"] not in items:
        items.append(sides["old"])


def _parts(state: Document, name: str) -> list[str]:
    """The keys that a path names, by those that the document has."""
    found = next(_ways(state, name), None)
    return found if found is not None else name.split(".")


def _ways(inside: Any, name: str) -> Iterator[list[str]]:
    """Keys of nested maps that together read as this path."""
    if not isinstance(inside, Mapping):
        return
    if name in inside:
        yield [name]
    for key, value in inside.items():
        if name.startswith(f"{key}."):
            for rest in _ways(value, name[len(key) + 1 :]):
                yield [key, *rest]


def _undo_path(state: Document, parts: Sequence[str], sides: Mapping[str, Any]) -> None:
    inside: Any = state
    for part in parts[:-1]:
        following = inside.get(part, _MISSING)
        if not isinstance(following, dict):
            following = inside[part] = {}
        inside = following
    _put(inside, parts[-1], sides.get("old"), gone="old" not in sides)
