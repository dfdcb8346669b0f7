"""Differences between two readings of an object, without what changes by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from calipso.model.owners import FIELDS

#: Keys that change without the network changing: heartbeats, times, ages.
VOLATILE = frozenset(
    {
        "heartbeat_timestamp",
        "started_at",
        "updated_at",
        "age",
        "uptime",
        "load",
        "statistics",
        "revision_number",
        "resources_synced",
        "progress",
    }
)

#: Volatile inside these fields only: `ports` of an agent's configurations is a counter, `ports`
#: of a vedge is what it has.
VOLATILE_IN = {
    "configurations": frozenset(
        {
            "devices",
            "ex_gw_ports",
            "floating_ips",
            "interfaces",
            "networks",
            "ovs_capabilities",
            "ports",
            "routers",
            "subnets",
        }
    ),
    "network_info": frozenset({"active"}),  # Nova's cache learns it seconds after the port is up
}


def stable(value: Any, inside: str = "") -> Any:
    """Value without volatile keys, for comparison."""
    if isinstance(value, Mapping):
        volatile = VOLATILE | VOLATILE_IN.get(inside, frozenset())
        return {key: stable(item, key) for key, item in value.items() if key not in volatile}
    if isinstance(value, list | tuple):
        return [stable(item, inside) for item in value]
    return value


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Changed fields: name -> {old, new}; a side that lacks the field has no entry for it.

    Inside a map only what differs is told: `ports.tap1.tag`. Only fields that the scan
    owns count, without volatile values.
    """
    before = {key: value for key, value in old.items() if key not in FIELDS}
    after = {key: value for key, value in new.items() if key not in FIELDS}
    changed: dict[str, dict[str, Any]] = {}
    _compare(stable(before), stable(after), "", changed)
    return changed


def net(changes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What is different after these changes, which are in the order they happened.

    One for each thing that is: its last one, as it reads from before the first to after the last.
    What was removed and added again is changed, with the fields that are known to differ.
    """
    together: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for change in changes:
        together.setdefault((change["kind"], change["type"], change["id"]), []).append(change)
    return [found for several in together.values() if (found := _net(several))]


def _net(changes: list[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The changes of one thing as one; None when nothing is left of them."""
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
