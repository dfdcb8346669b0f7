"""Differences between two readings of an object, without what changes by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calipso.model.inventory import STORE_FIELDS

#: Keys that change without the network changing: heartbeats, counters, ages.
VOLATILE = frozenset(
    {
        "heartbeat_timestamp",
        "updated_at",
        "started_at",
        "load",
        "revision_number",
        "uptime",
        "age",
        "devices",
        "networks",
        "ports_count",
        "routers",
        "floating_ips",
        "ex_gw_ports",
        "interfaces_count",
        "ovs_capabilities",
        "statistics",
        "progress",
        "current_workload",
        "free_disk_gb",
        "free_ram_mb",
        "local_gb_used",
        "memory_mb_used",
        "running_vms",
        "vcpus_used",
        "resources_synced",
    }
)

#: Volatile only inside these containers: `ports` of an agent's configurations is a counter,
#: `ports` of a vedge is what it has.
VOLATILE_IN = {"configurations": frozenset({"ports", "networks", "routers", "devices"})}


def stable(value: Any, inside: str = "") -> Any:
    """Value without volatile keys, for comparison."""
    if isinstance(value, Mapping):
        more = VOLATILE_IN.get(inside, frozenset())
        counters = VOLATILE if inside in ("configurations", "services", "") else _TIMES
        return {
            key: stable(item, key)
            for key, item in value.items()
            if key not in counters and key not in more
        }
    if isinstance(value, list | tuple):
        return [stable(item, inside) for item in value]
    return value


_TIMES = frozenset({"heartbeat_timestamp", "updated_at", "age", "statistics", "uptime"})


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
