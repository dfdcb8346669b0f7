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

    Fields the store sets and volatile values do not count.
    """
    before = {key: value for key, value in old.items() if key not in STORE_FIELDS}
    after = {key: value for key, value in new.items() if key not in STORE_FIELDS}
    before, after = stable(before), stable(after)
    changed: dict[str, dict[str, Any]] = {}
    for key in sorted(before.keys() | after.keys()):
        if key in before and key in after and before[key] == after[key]:
            continue
        sides: dict[str, Any] = {}
        if key in before:
            sides["old"] = before[key]
        if key in after:
            sides["new"] = after[key]
        changed[key] = sides
    return changed
