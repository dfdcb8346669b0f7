"""FindLinksForVconnectors: vnic-vconnector, vconnector-host_pnic."""

from __future__ import annotations

from typing import Any

from calipso.discover.find_links import FindLinks, carried_networks, joined_state
from calipso.topology.carriers import Carriers
from calipso.topology.plumbing import values, vnics_by_device

Document = dict[str, Any]


class FindLinksForVconnectors(FindLinks):
    """Members of a Linux bridge: the vNICs plugged into it and the NICs that lead out of it."""

    def add_links(self) -> None:
        """Join by interface name on the same host."""
        self.add_vnic_links()
        self.add_pnic_links()

    def vconnectors(self) -> list[Document]:
        """All bridges with the fields both joins read."""
        return self.find("vconnector", ["bridge_name", "interfaces", "interfaces_names", "network"])

    def add_vnic_links(self) -> None:
        """vnic-vconnector: the bridge that has the vNIC's device as a member."""
        bridges = {
            (vconnector.get("host"), interface): vconnector
            for vconnector in self.vconnectors()
            for interface in values(vconnector.get("interfaces_names"))
        }
        vnics = self.find("vnic", ["vnic_type", "mac_address", "network", "state"])
        for (host, device), vnic in vnics_by_device(vnics).items():
            vconnector = bridges.get((host, device))
            if vconnector is None:
                continue
            # a tap that lost its port still hears the network of the bridge it is in
            network = vnic.get("network") or vconnector.get("network")
            self.link(
                vnic,
                vconnector,
                link_name=str(vnic.get("mac_address") or ""),
                state=joined_state(vnic.get("state"), _member_state(vconnector, device)),
                attributes=carried_networks(network),
            )

    def add_pnic_links(self) -> None:
        """vconnector-host_pnic: a NIC, or a VLAN device on it, that is a member of the bridge."""
        carriers = Carriers.read(self.each)
        pnics = {(nic.get("host"), nic["name"]): nic for nic in self.find("host_pnic", ["state"])}
        for vconnector in self.vconnectors():
            host = str(vconnector.get("host"))
            for interface, name in carriers.plumbing.members(vconnector):
                pnic = pnics[host, name]
                network = vconnector.get("network") or sorted(carriers.carried(host, name))
                self.link(
                    vconnector,
                    pnic,
                    link_name=name,
                    state=joined_state(pnic.get("state"), _member_state(vconnector, interface)),
                    source_label=interface,
                    attributes=carried_networks(network),
                )


def _member_state(vconnector: Document, interface: str) -> Any:
    interfaces = vconnector.get("interfaces")
    member = interfaces.get(interface) if isinstance(interfaces, dict) else None
    return member.get("state") if isinstance(member, dict) else None
