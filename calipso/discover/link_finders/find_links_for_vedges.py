"""FindLinksForVedges: vnic-vedge, vconnector-vedge, vedge-host_pnic."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from calipso.discover.find_links import carried_networks, joined_state, with_reason
from calipso.discover.plug_problems import VCONNECTOR_FIELDS, PlugProblems, host_of
from calipso.model.documents import Record
from calipso.topology.carriers import Carriers
from calipso.topology.plugs import (
    PORT_FIELDS,
    VNIC_FIELDS,
    Fault,
    LocalVlans,
    Neutron,
    down_fault,
    port_fault,
)
from calipso.topology.plumbing import networks_of_vnic, values, vnics_by_device

#: What is read of a switch: `chassis` and `configurations` say whether OVN plugs its guests.
VEDGE_FIELDS = ("ports", "bridges", "chassis", "configurations", "stale_since")


class FindLinksForVedges(PlugProblems):
    """What is plugged into the ports of a virtual switch: vNICs, Linux bridges and NICs.

    When `plugs` finds a fault, the link is not up and has the `reason`. The finder reports the
    fault on the object, and on the instance or vservice that it cuts off.
    """

    def add_links(self) -> None:
        """Join each port, by its name on the same host, to one kind of object."""
        self.carriers = Carriers.read(self.each)
        self.vnics = vnics_by_device(self.find("vnic", VNIC_FIELDS))
        self.neutron = Neutron(self.each("port", PORT_FIELDS))
        self.vlans: dict[str, LocalVlans] = {}
        self.cut_off = defaultdict(list)
        self.members = self.index_members()
        self.bridges = {
            (host_of(vconnector), str(vconnector.get("bridge_name"))): vconnector
            for vconnector in self.find("vconnector", VCONNECTOR_FIELDS)
        }
        #: guests with hardware, vDPA or a socket: the port of the switch is joined by Neutron's id
        self.by_port = {
            (host_of(vnic), str(vnic["port_id"])): vnic
            for vnic in self.find("vnic", VNIC_FIELDS)
            if vnic.get("port_id") and _without_device(vnic)
        }
        self.pnics = self.nics()
        vedges = self.find("vedge", VEDGE_FIELDS)
        for vedge in vedges:
            self.vlans[host_of(vedge)] = LocalVlans(vedge, self.neutron.network_of)
            lost: list[Fault] = []
            ports = vedge.get("ports")
            for name, port in ports.items() if isinstance(ports, dict) else ():
                port = port if isinstance(port, dict) else {}
                if not self.add_port(vedge, str(name), port):
                    lost += [fault] if (fault := port_fault(host_of(vedge), name, port)) else []
            self.tell_of_switch(vedge, lost)
        self.tell_of_wiring({host_of(vedge): vedge for vedge in vedges})
        self.tell_of_neutron(self.carriers.host_names.of_port)
        self.tell_of_owners()

    def index_members(self) -> dict[tuple[str, str], Record]:
        """(host, interface) -> the Linux bridge it is a member of."""
        return {
            (str(vconnector.get("host")), interface): vconnector
            for vconnector in self.find("vconnector", VCONNECTOR_FIELDS)
            for interface in values(vconnector.get("interfaces_names"))
        }

    def add_port(self, vedge: Record, name: str, port: Record) -> bool:
        """Link one port: to the vNIC of that name, otherwise to a bridge, otherwise to a NIC.

        Returns False for a port with nothing plugged in.
        """
        host = str(vedge.get("host"))
        vnic = self.vnics.get((host, name))
        if vnic is None and port.get("type") != "patch":  # a trunk's patches have the id as well
            vnic = self.by_port.get((host, str(port.get("port_id"))))
        if vnic:
            self.add_vnic(vedge, vnic, name, port)
        elif vconnector := self.bridge_at(vedge, name, port):
            self.add_vconnector(vedge, vconnector, name, port)
        elif _tells_ways(vedge):
            known = [nic for nic in values(port.get("nics")) if (host, nic) in self.pnics]
            for found in known:
                self.add_pnic(vedge, self.pnics[host, found], name, port)
            return bool(known)
        elif nic := self.carriers.plumbing.nic_of(host, name):
            self.add_pnic(vedge, self.pnics[host, nic], name, port)
        else:
            return False
        return True

    def bridge_at(self, vedge: Record, name: str, port: Record) -> Record | None:
        """The Linux bridge behind a port: the host said which. Only where it said nothing of this
        port the names of the pair count: it told no ways, or the port's device is gone.
        """
        host = host_of(vedge)
        if bridge := port.get("linux_bridge"):
            return self.bridges.get((host, str(bridge)))
        if _tells_ways(vedge) and not port.get("error"):
            return None
        return self.members.get((host, _bridge_end(name)))

    def add_vnic(self, vedge: Record, vnic: Record, name: str, port: Record) -> None:
        """vnic-vedge: a device that is itself a port of the switch, or whose veth peer is."""
        fault = self.plug_fault(vedge, vnic, name, port, _vnic_states(vnic, name, port))
        if fault is not None:
            self.tell(vnic, fault, [vnic])
        self.link(
            vnic,
            vedge,
            link_name=_tagged(f"{vnic['name']}-{vedge['name']}", port),
            state=fault.state if fault else joined_state(*_vnic_states(vnic, name, port).values()),
            source_label=str(vnic.get("mac_address") or ""),
            target_label=_port_id(name, port),
            host=host_of(vedge),
            attributes=with_reason(_tag(port) | carried_networks(networks_of_vnic(vnic)), fault),
        )

    def plug_fault(
        self,
        vedge: Record,
        vnic: Record,
        name: str,
        port: Record,
        states: Record,
    ) -> Fault | None:
        """Return the first fault of a plug: first of the switch, then of the devices, then of
        Neutron.
        """
        host = host_of(vedge)
        return (
            port_fault(host, name, port)
            or self.vlans[host].fault(host, name, port)
            or down_fault(host, states)
            or self.neutron.fault(host, name, str(port.get("port_id") or vnic.get("port_id") or ""))
        )

    def add_vconnector(self, vedge: Record, vconnector: Record, name: str, port: Record) -> None:
        """vconnector-vedge: the veth pair `qvb`-`qvo` between a bridge and the switch.

        A bridge that leads to NICs is an uplink of the switch: traffic goes the other way.
        """
        interface = str(port.get("bridge_member") or _bridge_end(name))
        interfaces = vconnector.get("interfaces")
        member = interfaces.get(interface) if isinstance(interfaces, dict) else None
        member = member if isinstance(member, dict) else {}
        mac = str(member.get("mac_address") or "Unknown")
        states = {interface: member.get("state"), f"port {name}": port.get("state")}
        fault = self.plug_fault(vedge, {}, name, port, states)
        if fault is not None:
            self.tell(vconnector, fault, self.vnics_of(vconnector))
        self.link(
            vconnector,
            vedge,
            link_name=_tagged(f"port-{_port_id(name, port)}", port),
            state=fault.state if fault else joined_state(*states.values()),
            source_label=interface,
            target_label=name,
            host=host_of(vedge),
            attributes=with_reason(
                _tag(port)
                | {"mac_address": mac}
                | ({"uplink": True} if self.leads_out(vconnector) else {})
                | carried_networks(self.networks_by(vconnector)),
                fault,
            ),
        )

    def leads_out(self, vconnector: Record) -> bool:
        """True for a Linux bridge that leads to a NIC: it is a way out of the switch."""
        return bool(self.carriers.plumbing.members(vconnector))

    def networks_by(self, vconnector: Record) -> Any:
        """Networks of a Linux bridge; of one that leads to NICs, what these carry."""
        if network := vconnector.get("network"):
            return network
        host = host_of(vconnector)
        nics = {nic for _, nic in self.carriers.plumbing.members(vconnector)}
        return sorted({net for nic in nics for net in self.carriers.carried(host, nic)})

    def add_pnic(self, vedge: Record, pnic: Record, name: str, port: Record) -> None:
        """vedge-host_pnic: an uplink, with the networks whose traffic leaves there."""
        host = host_of(vedge)
        states = {str(pnic["name"]): pnic.get("state"), f"port {name}": port.get("state")}
        fault = port_fault(host, name, port) or down_fault(host, states)
        if fault is not None:
            self.problem(pnic, code=fault.code, message=fault.message, hint=fault.hint)
        self.link(
            vedge,
            pnic,
            link_name=f"Port-{_port_id(name, port)}",
            state=fault.state if fault else joined_state(*states.values()),
            source_label=str(port.get("bridge") or ""),
            target_label=name,
            host=host,
            attributes=with_reason(
                {"network": sorted(self.carriers.carried(host, str(pnic["name"])))}, fault
            ),
        )


def _without_device(vnic: Record) -> bool:
    """True for a guest's interface that is no device of the host: names say nothing of it."""
    return bool(vnic.get("pci_address") or vnic.get("socket")) or vnic.get("@type") == "vdpa"


def _vnic_states(vnic: Record, name: str, port: Record) -> dict[str, Any]:
    """Return the states of the devices of a vNIC's plug.

    If vNIC and port are one device, the state that the host reports counts. Open vSwitch reports a
    port in a namespace as down although it works.
    """
    states = {str(vnic["name"]): vnic.get("state")}
    return states if vnic["name"] == name else states | {f"port {name}": port.get("state")}


def _tells_ways(vedge: Record) -> bool:
    """True when the host said what the ports lead to: then names are no evidence."""
    return any("ways_out" in bridge for bridge in vedge.get("bridges") or ())


def _bridge_end(port: str) -> str:
    """Return the bridge end of a hybrid plug's veth pair: `qvo1` -> `qvb1`."""
    return "qvb" + port[3:] if port.startswith("qvo") else port


def _port_id(name: str, port: Record) -> str:
    found = port.get("id")
    return name if found is None else str(found)


def _tag(port: Record) -> dict[str, Any]:
    tag = port.get("tag")
    return {} if tag in (None, "", []) else {"tag": tag}


def _tagged(name: str, port: Record) -> str:
    tag = port.get("tag")
    return name if tag in (None, "", []) else f"{name}-{tag}"
