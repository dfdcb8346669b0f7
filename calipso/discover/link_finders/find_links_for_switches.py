"""FindLinksForSwitches: switch-switch_pnic, host_pnic-switch_pnic."""

from __future__ import annotations

from calipso.discover.find_links import FindLinks, joined_state, with_reason
from calipso.model.documents import Record
from calipso.topology.neighbours import Seen, by_port, seen_ports
from calipso.topology.plugs import down_fault


class FindLinksForSwitches(FindLinks):
    """The cables between NICs and switches, as LLDP tells them, whatever the mechanism driver."""

    reads = frozenset({"switch", "switch_pnic", "host_pnic", "host"})

    def add_links(self) -> None:
        """Join each switch with its ports, and each port with the NIC that sees it."""
        switches = {item["id"]: item for item in self.find("switch", [])}
        ports = {item["id"]: item for item in self.find("switch_pnic", ["parent_id"])}
        for port in ports.values():
            switch = switches.get(port.get("parent_id"))
            if switch is not None:
                self.link(switch, port, link_name=str(port["name"]), state="unknown")
        nics = self.find("host_pnic", ["state", "lldp", "lldp_others"])
        seen = seen_ports(nics, self.find("host", ["other_names"]))
        for port_id, ends in by_port(seen).items():
            if port_id in ports:
                self.add_cables(ports[port_id], ends)

    def add_cables(self, port: Record, ends: list[Seen]) -> None:
        """host_pnic-switch_pnic; one cable has one end at a host, so more are a problem."""
        for end in ends:
            nic = end.nic
            fault = down_fault(str(nic.get("host")), {nic["name"]: nic.get("state")})
            self.link(
                nic,
                port,
                link_name=f"{nic['name']}-{port['name']}",
                state=joined_state(nic.get("state")),
                source_label=str(nic["name"]),
                target_label=str(port["name"]),
                attributes=with_reason({}, fault),
            )
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
