"""Hardware that guests have: which NIC, and which virtual function of it. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from calipso.model.documents import Record
from calipso.topology.plumbing import values


def nic_of_guest(vnic: Record, nics: Mapping[str, Record], *, direct: bool) -> str:
    """Return the NIC whose hardware a guest's interface is; "" when it is unknown.

    `nics` are those of the host by name. `direct`: no switch lies between, by Neutron. Then the
    device below a macvtap counts, and the NIC that lists the PCI address among its functions.
    """
    if named := str(vnic.get("pnic") or ""):
        return named
    if not direct:
        return ""
    below, address = values(vnic.get("lower_devices")), vnic.get("pci_address")
    found = {name for name in below if name in nics} or {
        name
        for name, nic in nics.items()
        for function in _functions(nic)
        if function.get("device") in below or (address and function.get("pci_address") == address)
    }
    return found.pop() if len(found) == 1 else ""


def function_of_guest(vnic: Record, nic: Record) -> Record:
    """Return the virtual function of a NIC that a guest's interface is; {} for none."""
    for key in ("pci_address", "mac_address"):
        wanted = vnic.get(key)
        found = [one for one in _functions(nic) if wanted and one.get(key) == wanted]
        if len(found) == 1:
            return found[0]
    return {}


def _functions(nic: Record) -> Iterator[Record]:
    """Virtual functions that a NIC lists."""
    listed = nic.get("virtual_functions") or ()
    return (function for function in listed if isinstance(function, Mapping))
