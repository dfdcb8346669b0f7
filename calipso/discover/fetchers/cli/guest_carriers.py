"""What of the host carries an interface of a guest: its state there, and its NIC.

A tap is a device of the host and needs none of this. The others are plugged into hardware or into
Open vSwitch without a device of their own.
"""

from __future__ import annotations

from calipso.discover.fetchers.cli.guest_ports import nic_with_function
from calipso.discover.fetchers.cli.ports import PortRef
from calipso.discover.fetchers.kept_ways import nics_unread
from calipso.errors import AccessError, CalipsoError, ParseError
from calipso.hostparse.ovsdb import Interface, parse_ovs
from calipso.model.inventory import Fetched
from calipso.sources.cli.cli_access import CliAccess
from calipso.sources.cli.commands import OVS
from calipso.topology.wiring import Wiring, ways_of_device
from calipso.topology.wiring.guests import Guest
from calipso.topology.wiring.hardware import function_key
from calipso.topology.wiring.nodes import Relation


def carrier_fields(fetcher: CliAccess, host: str, guest: Guest, port: PortRef | None) -> Fetched:
    """Return `pnic`, `pci_address`, `vhost_device`, and the states that only the switch knows."""
    at_switch = _at_switch(fetcher, host, guest, port)
    if guest.vdpa and at_switch:
        return _vdpa(guest, port) | at_switch  # a representor: the switch leads on
    mac = port.mac_address if port else guest.mac
    nic = nic_with_function(fetcher.devices(host), guest.pci, mac)
    if guest.interface is None:
        return {"pnic": nic or guest.pci}  # a whole NIC is called so
    if not nic and (guest.vdpa or guest.interface.kind == "direct"):
        unread, nic = _nic_below(fetcher, host, guest, port)
        if unread is not None:
            nic = _kept(fetcher, host, guest, unread)
        elif not nic:
            _tell(fetcher, host, guest)
    return _vdpa(guest, port) | at_switch | ({"pnic": nic} if nic else {})


def _kept(fetcher: CliAccess, host: str, guest: Guest, why: CalipsoError) -> str:
    """Return the NIC as it is stored, and tell why it cannot be known this time."""
    hint = "The NICs of guests stay as they were read before."
    fetcher.tell_once(host, why.message, f"{why.hint} {hint}".strip(), why.kind)
    known = fetcher.inv.find(fetcher.env, "vnic", ("pnic",), id=f"{host}-{guest.name}")
    return next((str(item["pnic"]) for item in known if item.get("pnic")), "")


def _vdpa(guest: Guest, port: PortRef | None) -> Fetched:
    """The device of vDPA, and the virtual function behind it: Nova tells Neutron its address."""
    told = {"vhost_device": guest.vdpa, "pci_address": port.pci if guest.vdpa and port else ""}
    return {key: value for key, value in told.items() if value}


def _nic_below(
    fetcher: CliAccess, host: str, guest: Guest, port: PortRef | None
) -> tuple[CalipsoError | None, str]:
    """Return the NIC that a macvtap device, or the function behind vDPA, leads to ("": none or
    several), and why it cannot be known."""
    try:
        wiring = fetcher.wiring(host)
    except (AccessError, ParseError) as error:
        return error, ""
    if guest.vdpa:
        found = _nics_of_function(wiring, port.pci if port else "")
    else:
        node = wiring.device(guest.interface.device) if guest.interface else None
        found = {nic.name for nic in ways_of_device(wiring, node).nics} if node else set()
    unread = None if found else nics_unread(fetcher, host, wiring)
    return unread, next(iter(found)) if len(found) == 1 else ""


def _nics_of_function(wiring: Wiring, address: str) -> set[str]:
    """NICs of the physical function that a virtual function is a part of."""
    if not address:
        return set()
    physical = wiring.to(Relation.FUNCTION_OF, function_key(address))
    users = [user for above in physical for user in wiring.of(Relation.ON_FUNCTION, above.key)]
    return {user.name for user in users if user.key in wiring.nics}


def _at_switch(fetcher: CliAccess, host: str, guest: Guest, port: PortRef | None) -> Fetched:
    """States of an interface that the kernel has no device for: Open vSwitch says them.

    Its interface there has the same socket, name or port. A function of vDPA has a representor.
    """
    interface = guest.interface
    if interface is None or not (interface.socket or guest.vdpa):
        return {}

    def read() -> dict[str, Interface]:
        try:
            bridges = fetcher.parsed(OVS, host, parse_ovs)
        except (AccessError, ParseError):
            return {}  # the state stays unknown; the fetchers of switches report the cause
        ports = [port for bridge in bridges.values() for port in bridge.ports.values()]
        all_of = [each for port in ports for each in port.interfaces]
        known = {each.port_id: each for each in all_of} | {each.name: each for each in all_of}
        return known | {each.options.get("vhost-server-path", ""): each for each in all_of}

    found = fetcher.context.shared(f"cli:switch_interfaces:{host}", read)
    for name in (interface.socket, guest.name, port.id if port else ""):
        if name and (plugged := found.get(name)):
            return {"state": plugged.state, "admin_state": plugged.admin_state}
    return {}


def _tell(fetcher: CliAccess, host: str, guest: Guest) -> None:
    what = f"the vDPA device {guest.vdpa}" if guest.vdpa else f"the macvtap device {guest.name}"
    fetcher.problem(
        ("vnic", f"{host}-{guest.name}"),
        code="carrier_unknown",
        message=f"{host}: nothing tells which NIC or switch port carries {what} of "
        f"{guest.domain.name}",
        hint="See `vdpa dev show` and `binding:profile` of its port, or `ip -d link show` of "
        "the device there.",
        host=host,
    )
