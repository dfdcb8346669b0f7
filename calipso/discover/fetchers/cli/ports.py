"""Neutron ports of the inventory, joined to devices by name.

Neutron names a device after its port: a prefix (`tap`, `qvo`, `qbr`, `qr-`, ...) and the first
11 characters of the port's id. Addresses do not identify a port: several
projects may use the same range.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from calipso.sources.fetcher import Fetcher
from calipso.topology.wiring.joins import ID_LENGTH, PREFIXES

_FIELDS = (
    "id",
    "network_id",
    "mac_address",
    "device_id",
    "device_owner",
    "fixed_ips",
    "binding:host_id",
    "binding:profile",
    "trunk_details",
)


@dataclass(frozen=True)
class PortRef:
    """Fields of a port that identify a device."""

    id: str
    network_id: str
    mac_address: str
    device_id: str
    device_owner: str
    addresses: tuple[str, ...]
    host: str = ""
    pci: str = ""
    #: (port id, VLAN towards the guest) of the sub-ports of its trunk
    sub_ports: tuple[tuple[str, int], ...] = ()


class Ports:
    """All ports of the environment, by device name and by the device they belong to."""

    def __init__(self, refs: Iterable[PortRef]) -> None:
        self._by_start: dict[str, PortRef] = {}
        self._by_id: dict[str, PortRef] = {}
        self._networks: dict[str, set[str]] = {}
        self._of_owner: dict[str, list[PortRef]] = {}
        for ref in refs:
            self._by_start[ref.id[:ID_LENGTH]] = ref
            self._by_id[ref.id] = ref
            if ref.device_id:
                self._of_owner.setdefault(ref.device_id, []).append(ref)
                self._networks.setdefault(ref.device_id, set()).add(ref.network_id)

    def of_device(self, name: str) -> PortRef | None:
        """Return the port for which a network device was made; None when there is none."""
        if not name.startswith(PREFIXES):
            return None
        return self._by_start.get(name[3:])

    def by_id(self, port_id: str) -> PortRef | None:
        """A port by its whole id."""
        return self._by_id.get(port_id)

    def of_owner(self, device_id: str) -> list[PortRef]:
        """Ports of an instance or router."""
        return self._of_owner.get(device_id, [])

    def networks_of(self, device_id: str) -> list[str]:
        """Ids of the networks a router (or instance) has ports in."""
        return sorted(self._networks.get(device_id, ()))

    def networks_at(self, devices: Iterable[str]) -> list[str]:
        """Ids of the networks whose ports these network devices were made for."""
        refs = (self.of_device(name) for name in devices)
        return sorted({ref.network_id for ref in refs if ref is not None})


def _pci(profile: Any) -> str:
    """PCI address Nova chose for a port with hardware."""
    return str(profile.get("pci_slot") or "").lower() if isinstance(profile, dict) else ""


def _sub_ports(trunk: Any) -> Iterator[tuple[str, int]]:
    for sub in (trunk.get("sub_ports") or ()) if isinstance(trunk, dict) else ():
        yield str(sub.get("port_id")), int(sub.get("segmentation_id") or 0)


def ports_of(fetcher: Fetcher) -> Ports:
    """Return the ports of the scanned environment. Each process reads them once a scan."""

    def read() -> Ports:
        return Ports(
            PortRef(
                id=str(port["id"]),
                network_id=str(port.get("network_id", "")),
                mac_address=str(port.get("mac_address", "")).lower(),
                device_id=str(port.get("device_id") or ""),
                device_owner=str(port.get("device_owner") or ""),
                addresses=tuple(
                    str(ip["ip_address"])
                    for ip in port.get("fixed_ips") or ()
                    if "ip_address" in ip
                ),
                host=str(port.get("binding:host_id") or ""),
                pci=_pci(port.get("binding:profile")),
                sub_ports=tuple(_sub_ports(port.get("trunk_details"))),
            )
            for port in fetcher.inv.find(fetcher.env, "port", _FIELDS)
        )

    return fetcher.context.shared("cli:ports", read)
