"""Switch ports that the NICs of all hosts see by LLDP. No I/O.

Of several neighbours of a NIC the nearest bridge that is not a host is the switch: hosts send LLDP
too, and a switch that does not know LLDP passes on what they send.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from calipso.model.documents import Record
from calipso.model.hosts import short

#: What a leaf of Cisco ACI says of its port: its pod, its node and the port.
_ACI_PORT = re.compile(r"topology/(pod-[0-9]{1,5})/paths-([0-9]{1,5})/pathep-\[(eth[0-9/]{1,20})\]")
_ACI_NAME = re.compile(r"eth[0-9/]{1,20}")


@dataclass(frozen=True)
class Seen:
    """What a NIC sees: a port of a switch. `others` are further ports it sees."""

    nic: Record
    switch_id: str
    port_id: str
    switch_name: str
    port_name: str
    told: Mapping[str, Any]
    others: tuple[str, ...] = ()
    #: True: the controller of a fabric has named the switch.
    of_fabric: bool = False


def seen_ports(
    nics: Iterable[Record], hosts: Iterable[Record], switches: Iterable[Record] = ()
) -> list[Seen]:
    """For each NIC that sees a switch: which port of which switch; in order of the NICs' ids.

    `switches` are those that the controller of a fabric has named (with `dn`): what a NIC sees of
    one of them is a port of that switch.
    """
    names = frozenset(short(name) for host in hosts for name in _names(host))
    fabric = _FabricSwitches(switches)
    found = (_seen(nic, names, fabric) for nic in sorted(nics, key=lambda nic: str(nic["id"])))
    return [seen for seen in found if seen is not None]


def by_port(seen: Iterable[Seen]) -> dict[str, list[Seen]]:
    """What is seen by the id of the switch port."""
    found: defaultdict[str, list[Seen]] = defaultdict(list)
    for one in seen:
        found[one.port_id].append(one)
    return dict(found)


class _FabricSwitches:
    """Switches that a controller has named, found by what they say of themselves by LLDP."""

    def __init__(self, switches: Iterable[Record]) -> None:
        self._by_dn: dict[str, str] = {}
        by_address: defaultdict[str, set[str]] = defaultdict(set)
        for switch in switches:
            if dn := switch.get("dn"):
                self._by_dn[str(dn)] = str(switch["id"])
                for address in switch.get("management_addresses") or ():
                    by_address[str(address)].add(str(switch["id"]))
        self._by_address = {a: min(ids) for a, ids in by_address.items() if len(ids) == 1}

    def place(self, told: Mapping[str, Any]) -> tuple[str, str]:
        """Id of the switch and name of the port; empty for a switch of no fabric.

        The description of the port names both. Else an address of the switch's management names
        it, when no other switch has that address.
        """
        named = _ACI_PORT.search(str(told.get("port_description") or ""))
        if named and (found := self._by_dn.get(f"topology/{named[1]}/node-{named[2]}")):
            return found, named[3]
        port = str(told.get("port_id") or "").lower()
        if not _ACI_NAME.fullmatch(port):
            return "", ""
        addresses = told.get("management_addresses") or ()
        ids = {self._by_address[str(a)] for a in addresses if str(a) in self._by_address}
        return (ids.pop(), port) if len(ids) == 1 else ("", "")


def fabric_port_id(switch_id: str, port: str) -> str:
    """Id of a port of a switch that a controller has named."""
    return f"{switch_id}-{port.replace('/', '__')}"


def _seen(nic: Record, hosts: Collection[str], fabric: _FabricSwitches) -> Seen | None:
    told = [nic.get("lldp"), *(nic.get("lldp_others") or ())]
    fit = [item for item in told if isinstance(item, Mapping) and _may_be_switch(item, hosts)]
    if not fit:
        return None
    fit.sort(key=lambda item: "Bridge" not in (item.get("capabilities") or ()))
    first = fit[0]
    places = [_place(item, fabric) for item in fit]
    switch_id, port_id, port_name, of_fabric = places[0]
    return Seen(
        nic,
        switch_id,
        port_id,
        str(first.get("system_name") or first.get("chassis_id")),
        port_name,
        first,
        tuple(sorted({place[1] for place in places} - {port_id})),
        of_fabric,
    )


def _place(told: Mapping[str, Any], fabric: _FabricSwitches) -> tuple[str, str, str, bool]:
    """Ids of switch and port, the name of the port, and whether the switch is of a fabric."""
    switch_id, port = fabric.place(told)
    if switch_id:
        return switch_id, fabric_port_id(switch_id, port), port, True
    return _switch_id(told), _port_id(told), _port_name(told), False


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
