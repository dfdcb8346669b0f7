"""FindLinksForPnics: host_pnic-network, vnic-host_pnic."""

from __future__ import annotations

from calipso.discover.find_links import FindLinks, joined_state, network_attribute, with_reason
from calipso.topology.carriers import Carriers, Segment
from calipso.topology.plugs import down_fault


class FindLinksForPnics(FindLinks):
    """host_pnic-network: a NIC and each network whose traffic really leaves through it.

    The network must have something on the host (a bound port or a plugged vNIC), and the host's
    wiring must lead it to this NIC; see `calipso.topology.carriers`.
    """

    def add_links(self) -> None:
        """Link each NIC to the networks that it carries, and to the guests that use its
        hardware.
        """
        self.add_guests()
        carriers = Carriers.read(self.each)
        networks = {item["id"]: item for item in self.find("network", [])}
        for pnic in self.find("host_pnic", ["state"]):
            host = str(pnic.get("host"))
            fault = down_fault(host, {pnic["name"]: pnic.get("state")})
            for network, segment in sorted(carriers.carried(host, str(pnic["name"])).items()):
                self.link(
                    pnic,
                    networks[network],
                    link_name=_segment_name(segment),
                    state=joined_state(pnic.get("state")),
                    host=host,
                    attributes=with_reason({"network": network}, fault),
                )

    def add_guests(self) -> None:
        """vnic-host_pnic: a guest's interface is a function of the NIC: no switch lies between."""
        pnics = self.nics()
        for vnic in self.each("vnic", ["pnic", "network", "mac_address"]):
            pnic = pnics.get((str(vnic.get("host")), str(vnic.get("pnic") or "")))
            if pnic is not None:
                self.link(
                    vnic,
                    pnic,
                    link_name=str(vnic["name"]),
                    state=joined_state(pnic.get("state")),
                    source_label=str(vnic.get("mac_address") or ""),
                    target_label=str(pnic["name"]),
                    attributes=network_attribute(vnic.get("network")),
                )


def _segment_name(segment: Segment) -> str:
    """`Segment-100`, or `Segment-flat` for a network without a number."""
    return f"Segment-{segment.kind if segment.number is None else segment.number}"
