"""FindLinksForVedges: vnic-vedge, vconnector-vedge, vedge-host_pnic."""

from __future__ import annotations

from calipso.discover.find_links import FindLinks, carried_networks, joined_state
from calipso.topology.carriers import Carriers
from calipso.topology.plumbing import Document, values, vnics_by_device


class FindLinksForVedges(FindLinks):
    """What is plugged into the ports of a virtual switch: vNICs, Linux bridges and NICs."""

    def add_links(self) -> None:
        """Join each port, by its name on the same host, to one kind of object."""
        self.carriers = Carriers.read(self.each)
        fields = ["vnic_type", "mac_address", "network", "state"]
        self.vnics = vnics_by_device(self.find("vnic", fields))
        self.members = self.index_members()
        self.pnics = {
            (nic.get("host"), nic["name"]): nic for nic in self.find("host_pnic", ["state"])
        }
        for vedge in self.find("vedge", ["ports"]):
            ports = vedge.get("ports")
            for name, port in ports.items() if isinstance(ports, dict) else ():
                self.add_port(vedge, str(name), port if isinstance(port, dict) else {})

    def index_members(self) -> dict[tuple[str, str], Document]:
        """(host, interface) -> the Linux bridge it is a member of."""
        return {
            (str(vconnector.get("host")), interface): vconnector
            for vconnector in self.find("vconnector", ["interfaces", "interfaces_names", "network"])
            for interface in values(vconnector.get("interfaces_names"))
        }

    def add_port(self, vedge: Document, name: str, port: Document) -> None:
        """One port: a vNIC if there is one of that name, else one end of a bridge, else a NIC."""
        host = str(vedge.get("host"))
        if vnic := self.vnics.get((host, name)):
            self.add_vnic(vedge, vnic, name, port)
        elif vconnector := self.members.get((host, _bridge_end(name))):
            self.add_vconnector(vedge, vconnector, name, port)
        elif nic := self.carriers.plumbing.nic_of(host, name, str(port.get("lower") or "")):
            self.add_pnic(vedge, self.pnics[host, nic], name, port)

    def add_vnic(self, vedge: Document, vnic: Document, name: str, port: Document) -> None:
        """vnic-vedge: a device that is itself a port of the switch, or whose veth peer is."""
        self.link(
            vnic,
            vedge,
            link_name=_tagged(f"{vnic['name']}-{vedge['name']}", port),
            state=_vnic_state(vnic, name, port),
            source_label=str(vnic.get("mac_address") or ""),
            target_label=_port_id(name, port),
            host=host_of(vedge),
            attributes=carried_networks(vnic.get("network")),
        )

    def add_vconnector(
        self, vedge: Document, vconnector: Document, name: str, port: Document
    ) -> None:
        """vconnector-vedge: the veth pair `qvb`-`qvo` between a bridge and the switch."""
        interface = _bridge_end(name)
        interfaces = vconnector.get("interfaces")
        member = interfaces.get(interface) if isinstance(interfaces, dict) else None
        member = member if isinstance(member, dict) else {}
        mac = str(member.get("mac_address") or "Unknown")
        self.link(
            vconnector,
            vedge,
            link_name=_tagged(f"port-{_port_id(name, port)}", port),
            state=joined_state(member.get("state"), port.get("state")),
            source_label=interface,
            target_label=name,
            host=host_of(vedge),
            attributes={"mac_address": mac} | carried_networks(vconnector.get("network")),
        )

    def add_pnic(self, vedge: Document, pnic: Document, name: str, port: Document) -> None:
        """vedge-host_pnic: an uplink, with the networks whose traffic leaves there."""
        host = host_of(vedge)
        self.link(
            vedge,
            pnic,
            link_name=f"Port-{_port_id(name, port)}",
            state=joined_state(pnic.get("state"), port.get("state")),
            source_label=str(port.get("bridge") or ""),
            target_label=name,
            host=host,
            attributes={"network": sorted(self.carriers.carried(host, str(pnic["name"])))},
        )


def _vnic_state(vnic: Document, name: str, port: Document) -> str:
    """State of a vNIC's plug. Where vNIC and port are one device, the host's word for it counts:
    Open vSwitch calls a port down that has moved into a namespace, though it works there."""
    if port.get("error"):
        return "down"
    if vnic["name"] == name:
        return joined_state(vnic.get("state"))
    return joined_state(vnic.get("state"), port.get("state"))


def host_of(vedge: Document) -> str:
    """Host of a virtual switch."""
    return str(vedge.get("host") or "")


def _bridge_end(port: str) -> str:
    """The end of a hybrid plug's veth pair that lies in the bridge: `qvo1` -> `qvb1`."""
    return "qvb" + port[3:] if port.startswith("qvo") else port


def _port_id(name: str, port: Document) -> str:
    found = port.get("id")
    return name if found is None else str(found)


def _tagged(name: str, port: Document) -> str:
    tag = port.get("tag")
    return name if tag in (None, "", []) else f"{name}-{tag}"
