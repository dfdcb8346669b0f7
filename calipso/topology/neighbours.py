"""Switch ports that the NICs of all hosts see by LLDP. No I/O.

Of several neighbours of a NIC the nearest bridge that is not a host is the switch: hosts send LLDP
too, and a switch that does not know LLDP passes on what they send.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from calipso.model.documents import Record
from calipso.model.hosts import short


@dataclass(frozen=True)
class Seen:
    """What a NIC sees: a port of a switch. `others` are further switches it sees."""

    nic: Record
    switch_id: str
    port_id: str
    switch_name: str
    port_name: str
    told: Mapping[str, Any]
    others: tuple[str, ...] = ()


def seen_ports(nics: Iterable[Record], hosts: Iterable[Record]) -> list[Seen]:
    """For each NIC that sees a switch: which port of which switch; in order of the NICs' ids."""
    names = frozenset(short(name) for host in hosts for name in _names(host))
    found = (_seen(nic, names) for nic in sorted(nics, key=lambda nic: str(nic["id"])))
    return [seen for seen in found if seen is not None]


def by_port(seen: Iterable[Seen]) -> dict[str, list[Seen]]:
    """What is seen by the id of the switch port."""
    found: defaultdict[str, list[Seen]] = defaultdict(list)
    for one in seen:
        found[one.port_id].append(one)
    return dict(found)


def _seen(nic: Record, hosts: Collection[str]) -> Seen | None:
    told = [nic.get("lldp"), *(nic.get("lldp_others") or ())]
    fit = [item for item in told if isinstance(item, Mapping) and _may_be_switch(item, hosts)]
    if not fit:
        return None
    fit.sort(key=lambda item: "Bridge" not in (item.get("capabilities") or ()))
    first, switch_id = fit[0], _switch_id(fit[0])
    further = {_port_id(item) for item in fit} - {_port_id(first)}
    return Seen(
        nic,
        switch_id,
        _port_id(first),
        str(first.get("system_name") or first.get("chassis_id")),
        _port_name(first),
        first,
        tuple(sorted(further)),
    )


def _may_be_switch(told: Mapping[str, Any], hosts: Collection[str]) -> bool:
    """False for a host, for what says that it is no bridge, and for what does not name itself."""
    if not (told.get("chassis_id") or told.get("system_name")) or not _port_name(told):
        return False
    capabilities = told.get("capabilities")
    if capabilities and "Bridge" not in capabilities:
        return False
    return short(str(told.get("system_name") or "")) not in hosts


def _names(host: Record) -> list[str]:
    return [str(host["id"]), str(host.get("name") or ""), *map(str, host.get("other_names") or ())]


def _port_name(told: Mapping[str, Any]) -> str:
    return str(told.get("port_id") or told.get("port_description") or "")


def _switch_id(told: Mapping[str, Any]) -> str:
    return _id(f"switch-{told.get('chassis_id') or told.get('system_name')}")


def _port_id(told: Mapping[str, Any]) -> str:
    return _id(f"{_switch_id(told)}-{_port_name(told)}")


def _id(text: str) -> str:
    """Ids hold no slash: it separates the parts of a path."""
    return text.replace("/", "_")
