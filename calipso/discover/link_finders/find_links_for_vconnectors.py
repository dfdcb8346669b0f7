"""FindLinksForVconnectors: vnic-vconnector, vconnector-host_pnic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from calipso.discover.find_links import FindLinks, carried_networks, joined_state, with_reason
from calipso.model.documents import Document
from calipso.topology.carriers import Carriers
from calipso.topology.plugs import PORT_FIELDS, VNIC_FIELDS, Fault, Neutron, down_fault
from calipso.topology.plumbing import values, vnics_by_device


class FindLinksForVconnectors(FindLinks):
    """Members of a Linux bridge: the vNICs plugged into it and the NICs that lead out of it."""

    scope = "host"

    def add_links(self) -> None:
        """Join by interface name on the same host."""
        self.add_vnic_links()
        self.add_pnic_links()

    def vconnectors(self) -> list[Document]:
        """All bridges with the fields both joins read."""
        fields = ["bridge_name", "interfaces", "interfaces_names", "network", "admin_state"]
        fields.append("ways_out")
        return self.find("vconnector", fields)

    def add_vnic_links(self) -> None:
        """vnic-vconnector: the bridge that has the vNIC's device as a member."""
        vconnectors = self.vconnectors()
        bridges = {
            (vconnector.get("host"), interface): vconnector
            for vconnector in vconnectors
            for interface in values(vconnector.get("interfaces_names"))
        }
        vnics = self.find("vnic", VNIC_FIELDS)
        self.neutron = Neutron(self.each("port", PORT_FIELDS) if bridges else ())
        plugged = [(*at, vnic, vnic.get("network")) for at, vnic in vnics_by_device(vnics).items()]
        plugged += _sub_ports(vnics, vconnectors)
        for host, device, vnic, own in plugged:
            vconnector = bridges.get((host, device))
            if vconnector is None:
                continue
            # a tap that lost its port still gets the traffic of the network of its bridge
            network = own or vconnector.get("network")
            fault = self.plug_fault(vnic, vconnector, device)
            self.link(
                vnic,
                vconnector,
                link_name=str(vnic.get("mac_address") or ""),
                state=fault.state if fault else joined_state(vnic.get("state")),
                attributes=with_reason(carried_networks(network), fault),
            )

    def plug_fault(
        self, vnic: Mapping[str, Any], vconnector: Document, device: str
    ) -> Fault | None:
        """Return the fault when the vNIC, its bridge member or the bridge itself is down, or the
        fault that Neutron alone shows. It is told on the object, too.
        """
        host = str(vconnector.get("host") or "")
        states = {str(vnic["name"]): vnic.get("state")}
        states[f"member {device}"] = _member_state(vconnector, device)
        states[f"bridge {vconnector.get('bridge_name')}"] = vconnector.get("admin_state")
        fault = down_fault(host, states)
        if fault is None:
            fault = self.neutron.fault(host, device, str(vnic.get("port_id") or ""))
            if fault is not None:
                self.problem(vnic, code=fault.code, message=fault.message, hint=fault.hint)
            return fault
        item = vnic if "down" in (vnic.get("state"), states[f"member {device}"]) else vconnector
        self.problem(item, code=fault.code, message=fault.message, hint=fault.hint)
        for kind in ("instance", "vservice"):
            if owner := vnic.get(f"{kind}_id"):
                about = {"type": kind, "id": owner, "host": host}
                self.problem(about, code="cut_off", message=fault.message, hint=fault.hint)
        return fault

    def add_pnic_links(self) -> None:
        """vconnector-host_pnic: a NIC, or a VLAN device on it, that is a member of the bridge."""
        carriers = Carriers.read(self.each)
        pnics = self.nics()
        for vconnector in self.vconnectors():
            host = str(vconnector.get("host"))
            for interface, name in carriers.plumbing.members(vconnector):
                pnic = pnics[host, name]
                network = vconnector.get("network") or sorted(carriers.carried(host, name))
                states = {name: pnic.get("state")}
                states[f"member {interface}"] = _member_state(vconnector, interface)
                fault = down_fault(host, states)
                self.link(
                    vconnector,
                    pnic,
                    link_name=name,
                    state=joined_state(*states.values()),
                    source_label=interface,
                    attributes=with_reason(carried_networks(network), fault),
                )


def _sub_ports(
    vnics: Iterable[Document], bridges: Iterable[Document]
) -> Iterator[tuple[str, str, Document, Any]]:
    """Host, member of a bridge, vNIC and network of each sub-port of trunks.

    The Linux bridge agent makes a VLAN device for it on the tap, as the kernel says.
    """
    members = {
        (str(bridge.get("host", "")), member.get("lower"), member.get("port_id")): str(name)
        for bridge in bridges
        for name, member in (bridge.get("interfaces") or {}).items()
        if member.get("lower") and member.get("port_id")
    }
    for vnic in vnics:
        host = str(vnic.get("host", ""))
        for sub in vnic.get("sub_ports") or ():
            if member := members.get((host, vnic["name"], sub.get("port_id"))):
                yield host, member, vnic, sub.get("network")


def _member_state(vconnector: Document, interface: str) -> Any:
    interfaces = vconnector.get("interfaces")
    member = interfaces.get(interface) if isinstance(interfaces, dict) else None
    return member.get("state") if isinstance(member, dict) else None
