"""What the functions of this package may ask for: objects and links by key. No I/O here.

`analysis` answers from the store; a test answers from lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from calipso.model.documents import Record
from calipso.topology.carriers import TUNNELS
from calipso.topology.plumbing import values


class World(Protocol):
    """Reads objects and links of one environment. Each answer is complete, or the object is
    missing."""

    def one(self, kind: str, item_id: str) -> Record | None:
        """The object of a type with this id."""

    def key(self, key: Any) -> Record | None:
        """The object with this `_id`."""

    def on_host(self, kind: str, host: str) -> Sequence[Record]:
        """The objects of a type on a host."""

    def ports_of(self, network: str) -> Sequence[Record]:
        """The ports of a network."""

    def links(self, key: Any) -> Sequence[Record]:
        """The links that have this object at an end."""

    def floating_ips_of(self, project: str) -> Sequence[Record]:
        """The floating IPs of a project."""


@dataclass
class Place:
    """Where something meets a network: a port with its device on a host."""

    network: str
    port: Record | None = None
    vnic: Record | None = None
    #: The instance or the vservice that the port belongs to.
    owner: Record | None = None
    host: str = ""
    addresses: list[str] = field(default_factory=list)
    #: No device: flows of the switch of each host are what handles packets there (OVN). Without
    #: a host it is that of the other end.
    logical: bool = False
    #: The last scan read the host's own namespaces and devices.
    host_read: bool = False

    @property
    def label(self) -> str:
        """What a person calls it."""
        owner = self.owner or {}
        name = str(owner.get("name") or owner.get("id") or "")
        if not name and self.port:
            name = str(self.port.get("port_name") or self.port["id"])
        return f"{name} ({self.addresses[0]})" if self.addresses else name


def addresses_of(port: Record) -> list[str]:
    """Fixed addresses of a port, in Neutron's order."""
    return [str(ip["ip_address"]) for ip in port.get("fixed_ips") or () if ip.get("ip_address")]


def carries(link: Record, network: str) -> bool:
    """True for a link that carries a network or names none. Without a network all do."""
    named = values((link.get("attributes") or {}).get("network"))
    return not network or not named or network in named


def segment_of(network: Record, physical: str = "") -> tuple[str, int | None, str]:
    """Kind, number and physical network of a network; of several segments that of `physical`."""
    parts = network.get("segments") or [network]
    fits = [p for p in parts if not physical or p.get("provider:physical_network") == physical]
    part = (fits or parts)[0]
    number = part.get("provider:segmentation_id")
    return (
        str(part.get("provider:network_type") or ""),
        None if number in (None, "") else int(number),
        str(part.get("provider:physical_network") or ""),
    )


def is_tunnelled(network: Record) -> bool:
    """True for a network whose packets travel in tunnels between hosts."""
    return segment_of(network)[0] in TUNNELS


def host_was_read(world: World, host: str) -> bool:
    """True when the last scan could log in to a host: something that only it shows is fresh."""
    for kind in ("vedge", "host_pnic", "vservice"):
        for item in world.on_host(kind, host):
            cli = (item.get("fetched_by") or {}).get("source") != "api"
            if cli and not item.get("stale_since"):
                return True
    return False
