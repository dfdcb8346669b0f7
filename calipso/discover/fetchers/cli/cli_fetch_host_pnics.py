"""NICs of hosts."""

from __future__ import annotations

from typing import Any

from calipso.discover.fetchers.cli.device_fields import device_fields
from calipso.discover.fetchers.cli.kept_devices import keep_broken
from calipso.discover.fetchers.cli.kept_fields import keep_masters, keep_unread
from calipso.errors import CalipsoError, ErrorKind, ParseError
from calipso.hostparse.ethtool import Nic, parse_nics
from calipso.hostparse.iplink import Device, Devices, Vf
from calipso.hostparse.lldp import Neighbour, parse_lldp
from calipso.model.inventory import Fetched
from calipso.sources.cli.cli_access import CliAccess
from calipso.sources.cli.commands import LLDP, NAMESPACE_LINKS, NICS
from calipso.sources.cli.problems import failed_command
from calipso.topology.wiring.hardware import function_key
from calipso.topology.wiring.nics import AGGREGATES
from calipso.topology.wiring.nodes import Kind, Node, Relation, Wiring


class CliFetchHostPnics(CliAccess):
    """NICs of a host (rule in `calipso.topology.wiring.nics`) with speed, driver, neighbour, their
    virtual functions, and the bond or team they are in. Bonds, teams and DPDK NICs have fetchers
    of their own."""

    def get(self, parent_id: str) -> list[Fetched]:
        host = self.host_of(parent_id)
        devices = self.devices(host)
        nics = self.parsed(NICS, host, parse_nics)
        wiring = self.wiring(host, switch=False)
        if error := wiring.unread.get(NAMESPACE_LINKS.name):
            raise error  # nobody knows which veths are NICs
        neighbours = self._neighbours(host)
        own = [wiring.nodes[key] for key in wiring.nics if key.kind is Kind.DEVICE]
        known = neighbours or {}
        found = [
            _pnic(host, node.facts, nics.get(node.name), known.get(node.name, []), devices)
            | _functions(wiring, node)
            for node in own
            if node.facts.kind not in AGGREGATES
        ]
        keep_unread(self, host, found, nics, lldp=neighbours is not None)
        keep_masters(self, host, found, devices)
        return keep_broken(self, host, "host_pnic", "local_name", found)

    def _neighbours(self, host: str) -> dict[str, list[Neighbour]] | None:
        """Return the LLDP neighbours; a host without LLDP has none, which is no error.

        None when lldpd is installed and did not answer: the stored neighbours stay.
        """
        error: CalipsoError | None = failed_command(host, LLDP, self.ask(LLDP, host))
        if error is None:
            try:
                return self.parsed(LLDP, host, parse_lldp)
            except ParseError as cause:  # lldpd before 0.9.9 knows no `json0` and prints text
                error = cause
        if error.kind is ErrorKind.COMMAND_NOT_FOUND:
            return {}
        self.problem(
            ("host", host),
            code="neighbours_unreadable",
            message=error.message,
            hint="Is lldpd running there? Switch ports stay as they were read before.",
            kind=error.kind,
            host=host,
        )
        return None


def _pnic(
    host: str,
    device: Device,
    nic: Nic | None,
    neighbours: list[Neighbour],
    devices: Devices,
) -> Fetched:
    return {
        **(nic.settings if nic else {}),
        "id": f"{host}-{device.name}",
        "name": device.name,
        "host": host,
        "local_name": device.name,
        **device_fields(device),
        **({"permanent_mac_address": device.permanent_mac} if device.permanent_mac else {}),
        **_hardware(nic),
        **_master(host, device, devices),
        **_neighbour(neighbours),
    }


def _functions(wiring: Wiring, node: Node) -> dict[str, Any]:
    """Virtual functions of a NIC: they are a part of it, and no NICs of their own."""
    listed = {vf.number: {"number": vf.number} | _told(vf) for vf in node.facts.vfs}
    for function in wiring.to(Relation.ON_FUNCTION, node.key):
        virtual = function.facts.virtual if function.facts else {}
        for number, address in virtual.items():
            entry = listed.setdefault(number, {"number": number})
            entry["pci_address"] = address
            for user in wiring.of(Relation.ON_FUNCTION, function_key(address)):
                entry["device"] = user.name
    return {"virtual_functions": [listed[n] for n in sorted(listed)]} if listed else {}


def _told(vf: Vf) -> dict[str, Any]:
    told = {"mac_address": vf.mac, "vlan": vf.vlan, "link_state": vf.state}
    return {key: value for key, value in told.items() if value not in ("", None)}


def _hardware(nic: Nic | None) -> dict[str, Any]:
    if nic is None:
        return {}
    fields: dict[str, Any] = {"duplex": nic.duplex}
    if nic.speed is not None:
        fields["speed"] = nic.speed
    names = {"driver": "driver", "firmware-version": "firmware_version", "bus-info": "bus_info"}
    return fields | {names[key]: nic.driver[key] for key in names if nic.driver.get(key)}


def _master(host: str, device: Device, devices: Devices) -> dict[str, Any]:
    """Return the bond or team of a NIC, or the Linux bridge or Open vSwitch of which it
    is a port. Nothing when the master cannot be read: `keep_masters` handles these.
    """
    if not device.master or devices.may_have(device.master):
        return {}
    master = devices.get(device.master)
    if master is not None and master.kind in AGGREGATES:
        return {"EtherChannel": True, "EtherChannel Master": f"{host}-{device.master}"}
    return {"master": device.master}


def _neighbour(neighbours: list[Neighbour]) -> dict[str, Any]:
    if not neighbours:
        return {}
    fields: dict[str, Any] = {"lldp": neighbours[0].fields()}
    if len(neighbours) > 1:
        fields["lldp_others"] = [neighbour.fields() for neighbour in neighbours[1:]]
    return fields
