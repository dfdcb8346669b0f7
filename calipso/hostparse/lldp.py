"""Neighbours of NICs, from `lldpctl -f json0`.

In this format every value is a list, whatever the number of neighbours or addresses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from calipso.errors import ParseError
from calipso.hostparse.jsontext import json_value


@dataclass(frozen=True)
class Neighbour:
    """The port at the other end of the cable, under the names that it announces."""

    system_name: str
    chassis_id: str
    port_id: str
    port_description: str
    management_addresses: list[str]
    vlan: int | None

    def fields(self) -> dict[str, Any]:
        """Return the fields of an object.

        Values that the neighbour does not announce are left out.
        """
        return {key: value for key, value in vars(self).items() if value not in ("", None, [])}


def parse_lldp(text: str) -> dict[str, list[Neighbour]]:
    """Return neighbours by device name; a list has neighbours with a name first.

    Raises ParseError.
    """
    if not text.strip():
        return {}
    found: dict[str, list[Neighbour]] = {}
    try:
        for top in json_value(text, "lldpctl")["lldp"]:
            for entry in top.get("interface") or ():
                found.setdefault(str(entry["name"]), []).append(_neighbour(entry))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ParseError(f"lldpctl: unexpected answer: {error!r}", sample=text) from None
    return {
        name: sorted(
            all_, key=lambda n: (not n.system_name, n.system_name, n.chassis_id, n.port_id)
        )
        for name, all_ in found.items()
    }


def _neighbour(entry: dict[str, Any]) -> Neighbour:
    chassis = (entry.get("chassis") or [{}])[0]
    port = (entry.get("port") or [{}])[0]
    vlans = [vlan for vlan in entry.get("vlan") or () if vlan.get("pvid")]
    return Neighbour(
        system_name=_value(chassis, "name"),
        chassis_id=_value(chassis, "id"),
        port_id=_value(port, "id"),
        port_description=_value(port, "descr"),
        management_addresses=[str(ip["value"]) for ip in chassis.get("mgmt-ip") or ()],
        vlan=int(vlans[0]["vlan-id"]) if vlans else None,
    )


def _value(holder: dict[str, Any], key: str) -> str:
    return str((holder.get(key) or [{}])[0].get("value", ""))
