"""Ways out over devices that `ip` did not describe in valid JSON: they stay as they were stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from calipso.hostparse.iplink import Devices
from calipso.model.documents import Document

#: Lists of names that come from ways, of an object or of a bridge or port listed in it.
_NAMES = ("pnics", "uplinks", "nics")
#: What a port of Open vSwitch leads to: a Linux bridge, and the member of it.
_BRIDGE = ("linux_bridge", "bridge_member")


def with_broken_ways(item: Document, known: Document, devices: Devices) -> Document:
    """Return an object with the stored ways that go over an unread device, besides those found.

    `known` is the stored object. Where neither is known, nothing is said of ways.
    """
    found = _with_ways(item, known, devices)
    if "pnic" in item:  # the only NIC, as far as could be seen
        found = {key: value for key, value in found.items() if key != "pnic"}
        found |= {key: known[key] for key in ("pnic",) if key in known}
    if "bridges" in item:
        before = named(known.get("bridges"))
        found["bridges"] = [
            _with_ways(bridge, before.get(bridge["name"], {}), devices)
            for bridge in item["bridges"]
        ]
    for key in ("ports", "mapped_ways"):
        if key in item:
            old = known.get(key) or {}
            found[key] = {n: _with_ways(i, old.get(n, {}), devices) for n, i in item[key].items()}
    return found


def named(items: Iterable[Document] | None) -> dict[str, Document]:
    """Objects of a list by their names."""
    return {str(item.get("name")): item for item in items or ()}


def _with_ways(item: Document, known: Mapping[str, Any], devices: Devices) -> Document:
    found = dict(item)
    for key in _NAMES:
        old = [name for name in known.get(key) or () if _is_lost(known, name, devices)]
        if old or key in item:
            found[key] = sorted({*item.get(key, ()), *old})
    if any(devices.may_lead(str(known[key])) for key in _BRIDGE if known.get(key)):
        found = {key: known[key] for key in _BRIDGE if key in known} | found
    if "ways_out" not in item:
        return found
    lost = [way for way in known.get("ways_out") or () if _goes_over(way, devices.may_lead)]
    ways = item["ways_out"] + [way for way in lost if way not in item["ways_out"]]
    if ways:
        found.pop("ends_at", None)
        return found | {"ways_out": ways}
    found = {key: value for key, value in found.items() if key not in ("ways_out", "ends_at")}
    return found | {key: known[key] for key in ("ways_out", "ends_at") if key in known}


def _is_lost(known: Mapping[str, Any], name: str, devices: Devices) -> bool:
    """True if a NIC or interface was known by a way over a device that cannot be read now."""
    ways = [way for way in known.get("ways_out") or () if name in (way["nic"], *way["via"])]
    if not ways:
        return devices.may_lead(name)
    return any(_goes_over(way, devices.may_lead) for way in ways)


def _goes_over(way: Mapping[str, Any], may_lead: Callable[[str], bool]) -> bool:
    return any(may_lead(name) for name in (way["nic"], *way.get("via", ())))
