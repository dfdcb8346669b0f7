"""FindLinksForSwitches: switch-switch_pnic, host_pnic-switch_pnic, switch_pnic-switch_pnic."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from calipso.discover.find_links import FindLinks, joined_state, with_reason
from calipso.model.documents import Record
from calipso.topology.neighbours import Seen, by_port, seen_ports
from calipso.topology.plugs import down_fault

_OF_NIC = ["state", "lldp", "lldp_others"]
_OF_PORT = ["parent_id", "state", "role", "connected_to", "connected_nics"]


class FindLinksForSwitches(FindLinks):
    """The cables between NICs and switches, as LLDP tells them, whatever the mechanism driver; and
    those that the controller of a fabric tells."""

    reads = frozenset({"switch", "switch_pnic", "host_pnic", "host"})

    def add_links(self) -> None:
        """Join each switch with its ports, and each port with the NIC that sees it."""
        known = self.find("switch", ["dn", "management_addresses"])
        switches = {item["id"]: item for item in known}
        ports = {item["id"]: item for item in self.find("switch_pnic", _OF_PORT)}
        for port in ports.values():
            switch = switches.get(port.get("parent_id"))
            if switch is not None:
                state = str(port.get("state") or "unknown")
                self.link(switch, port, link_name=str(port["name"]), state=state)
        nics = {str(nic["id"]): nic for nic in self.find("host_pnic", _OF_NIC)}
        ends_of = by_port(self.seen(nics.values(), known, ports))
        for port_id, ends in ends_of.items():
            self.add_cables(ports[port_id], ends)
        for port in ports.values():
            self.add_connected(
                port, nics, {str(end.nic["id"]) for end in ends_of.get(port["id"], ())}
            )
            self.add_uplink(port, ports)

    def seen(
        self, nics: Iterable[Record], switches: Iterable[Record], ports: Mapping[str, Record]
    ) -> list[Seen]:
        """What NICs see, as far as the port is stored: under its own name, or as a port of a
        fabric's switch.
        """
        hosts = self.find("host", ["other_names"])
        found = {str(one.nic["id"]): one for one in seen_ports(nics, hosts, switches)}
        found |= {
            str(one.nic["id"]): one for one in seen_ports(nics, hosts) if one.port_id in ports
        }
        return [one for one in found.values() if one.port_id in ports]

    def add_uplink(self, port: Record, ports: Mapping[str, Record]) -> None:
        """switch_pnic-switch_pnic: from a leaf to a spine."""
        far = ports.get(str(port.get("connected_to")))
        if port.get("role") == "uplink" and far is not None:
            self.add_cable(port, far)

    def add_connected(self, port: Record, nics: Mapping[str, Record], seen: Container[str]) -> None:
        """host_pnic-switch_pnic, where the switch shows it and the NIC itself sees nothing."""
        for one in port.get("connected_nics") or ():
            nic = nics.get(str(one.get("nic")))
            if nic is None or nic["id"] in seen:
                continue
            if nic.get("lldp") and one.get("evidence") == "learned":
                continue  # what the NIC hears on the line says more than where a frame came in
            self.add_cable(nic, port, {"evidence": str(one.get("evidence"))})

    def add_cable(
        self, near: Record, far: Record, attributes: Mapping[str, str] | None = None
    ) -> None:
        """One cable; it is down, and says why, when one of its ends is down."""
        places = ((near, near.get("host") or near.get("parent_id")), (far, far.get("parent_id")))
        faults = (down_fault(str(at), {end["name"]: end.get("state")}) for end, at in places)
        self.link(
            near,
            far,
            link_name=f"{near['name']}-{far['name']}",
            state=joined_state(near.get("state"), far.get("state")),
            source_label=str(near["name"]),
            target_label=str(far["name"]),
            attributes=with_reason(attributes or {}, next(filter(None, faults), None)),
        )

    def add_cables(self, port: Record, ends: list[Seen]) -> None:
        """host_pnic-switch_pnic; one cable has one end at a host, so more are a problem."""
        for end in ends:
            nic = end.nic
            self.add_cable(nic, port)
            if end.others:
                self.problem(
                    nic,
                    code="nic_sees_several_switch_ports",
                    message=f"{nic.get('host')}: {nic['name']} sees {end.port_id} and also "
                    f"{', '.join(end.others)}",
                    hint="A switch between that does not know LLDP, or a cable that was moved: "
                    f"run `lldpctl {nic['name']}` there.",
                )
        hosts = sorted({str(end.nic.get("host")) for end in ends})
        if len(hosts) > 1:
            self.problem(
                port,
                code="switch_port_shared",
                message=f"{port['id']}: hosts {', '.join(hosts)} all see this port",
                hint="A switch between that does not know LLDP, or hosts inside one machine. "
                "Compare `lldpctl` on each.",
            )
