"""Differences between two versions of an object, without volatile values."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any

from calipso.model.owners import FIELDS
from calipso.model.types import object_type
from calipso.model.types.base import VOLATILE_NAMES
from calipso.stores.mongo.encoding import DOT


def stable(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object without its volatile values, for comparison.

    The declaration of its type names them. In a field that is not declared, keys with a name of
    `VOLATILE_NAMES` are volatile, at any depth.
    """
    declared = object_type(str(document.get("type", "")))
    known: Container[str] = declared.by_name if declared.declared else ()
    found = {}
    for key, value in document.items():
        inside = declared.volatile.get(key)
        if inside is True or (key not in known and key in VOLATILE_NAMES):
            continue
        if inside:
            value = _without(value, inside)
        nested = isinstance(value, dict | list)
        found[key] = _without_names(value) if nested and key not in known else value
    return found


def _without(value: Any, volatile: Mapping[str, Any]) -> Any:
    """Return a value without these parts of it. The function also looks into items of lists."""
    if isinstance(value, Mapping):
        every = volatile.get("*")
        inside = {key: volatile.get(key, every) for key in value}
        return {
            key: _without(item, inside[key]) if inside[key] else item
            for key, item in value.items()
            if inside[key] is not True
        }
    if isinstance(value, list | tuple):
        return [_without(item, volatile) for item in value]
    return value


def _without_names(value: Any) -> Any:
    """Return a value without keys that have a volatile name."""
    if isinstance(value, Mapping):
        return {k: _without_names(item) for k, item in value.items() if k not in VOLATILE_NAMES}
    if isinstance(value, list | tuple):
        return [_without_names(item) for item in value]
    return value


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the changed fields: name -> {old, new}. A version without the field has no entry.

    Inside a map only what differs is listed: `ports.tap1.tag`. Of a list that the declaration calls
    unordered, each item that came or went is listed: `remote_addresses.192.0.2.7`. Only fields that
    the scan owns count, without the values that the declaration of the object's `type` calls
    volatile.
    """
    before = {key: value for key, value in old.items() if key not in FIELDS}
    after = {key: value for key, value in new.items() if key not in FIELDS}
    changed: dict[str, dict[str, Any]] = {}
    before, after = stable(before), stable(after)
    for key in object_type(str(new.get("type", ""))).unordered & before.keys() & after.keys():
        if _is_list_of_text(before[key]) and _is_list_of_text(after[key]):
            old_items, new_items = set(before.pop(key)), set(after.pop(key))
            changed |= {f"{key}.{item}": {"old": item} for item in sorted(old_items - new_items)}
            changed |= {f"{key}.{item}": {"new": item} for item in sorted(new_items - old_items)}
    _compare(before, after, "", changed)
    return changed


def _is_list_of_text(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)


def net(changes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the total difference after these changes; the input must be in order of time.

    The answer has one change for each object or link that differs. It is the last change, with the
    values before the first change as old and the values after the last change as new. An object
    that was removed and added again counts as changed, in the fields that are known to differ.
    """
    together: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for change in changes:
        together.setdefault((change["kind"], change["type"], change["id"]), []).append(change)
    return [found for several in together.values() if (found := _net(several))]


def _net(changes: list[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the changes of one object or link as one; None when they cancel each other."""
    was, is_ = changes[0]["change"] != "added", changes[-1]["change"] != "removed"
    if not (was or is_):
        return None
    if was != is_:
        return {**changes[-1], "change": "added" if is_ else "removed", "fields": {}}
    fields: dict[str, dict[str, Any]] = {}
    for change in changes:
        for name, sides in change.get("fields", {}).items():
            first = fields.setdefault(name, dict(sides))
            fields[name] = {k: v for k, v in first.items() if k == "old"}
            fields[name] |= {k: v for k, v in sides.items() if k == "new"}
    fields = {name: sides for name, sides in fields.items() if not _is_same(sides)}
    if not fields and all(change["change"] == "changed" for change in changes):
        return None
    return {**changes[-1], "change": "changed", "fields": fields}


def _is_same(sides: Mapping[str, Any]) -> bool:
    return ("old" in sides) == ("new" in sides) and sides.get("old") == sides.get("new")


def dotted(fields: Iterable[str]) -> set[str]:
    """Return the top-level names of changed fields in which a key has a dot itself.

    Their names, as stored, do not say where the path is cut.
    """
    return {name.partition(".")[0] for name in fields if DOT in name}


def _compare(
    before: Mapping[str, Any], after: Mapping[str, Any], path: str, changed: dict[str, Any]
) -> None:
    for key in sorted(before.keys() | after.keys()):
        if key not in before:
            changed[path + key] = {"new": after[key]}
        elif key not in after:
            changed[path + key] = {"old": before[key]}
        elif isinstance(before[key], Mapping) and isinstance(after[key], Mapping):
            _compare(before[key], after[key], f"{path}{key}.", changed)
        elif before[key] != after[key]:
            changed[path + key] = {"old": before[key], "new": after[key]}
