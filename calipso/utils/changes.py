"""Differences between two readings of an object, without what changes by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calipso.model.inventory import STORE_FIELDS

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

    Inside a map only what differs is told: `ports.tap1.tag`. Fields the store sets and volatile
    values do not count.
    """
    before = {key: value for key, value in old.items() if key not in STORE_FIELDS}
    after = {key: value for key, value in new.items() if key not in STORE_FIELDS}
    changed: dict[str, dict[str, Any]] = {}
    _compare(stable(before), stable(after), "", changed)
    return changed


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
