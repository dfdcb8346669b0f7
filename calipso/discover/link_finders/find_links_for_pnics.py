"""FindLinksForPnics: host_pnic-network, vnic-host_pnic, host_pnic-host_pnic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calipso.discover.find_links import FindLinks, joined_state, network_attribute, with_reason
from calipso.model.documents import Record
from calipso.topology.carriers import Carriers, Segment
from calipso.topology.given import function_of_guest
from calipso.topology.plugs import Fault, down_fault

#: What of a vNIC tells which hardware it is, and what of it the link has.
GUEST_FIELDS = (
    "state",
    "pnic",
    "network",
    "mac_address",
    "port_id",
    "instance_id",
    "pci_address",
    "lower_devices",
)


class FindLinksForPnics(FindLinks):
    """host_pnic-network: a NIC and each network whose traffic really leaves through it.

    The network must have something on the host (a bound port or a plugged vNIC), and the host's
    wiring must lead it to this NIC; see `calipso.topology.carriers`.
    """

    scope = "host"

    def add_links(self) -> None:
        """Link each NIC to the networks that it carries, and to the guests that use its
        hardware.
        """
        carriers = Carriers.read(self.each)
        self.add_guests(carriers)
        self.add_members()
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

    def add_guests(self, carriers: Carriers) -> None:
        """vnic-host_pnic: a guest's interface is a function of the NIC, or a macvtap on it: no
        switch lies between.
        """
        pnics = self.nics(["virtual_functions"])
        for vnic in self.each("vnic", GUEST_FIELDS):
            pnic = pnics.get((str(vnic.get("host")), carriers.nic_of_guest(vnic)))
            if pnic is None:
                continue
            fault = self.guest_fault(vnic, pnic)
            self.link(
                vnic,
                pnic,
                link_name=str(vnic["name"]),
                state=fault.state if fault else joined_state(vnic.get("state"), pnic.get("state")),
                source_label=str(vnic.get("mac_address") or ""),
                target_label=str(pnic["name"]),
                attributes=with_reason(network_attribute(vnic.get("network")), fault),
            )

    def guest_fault(self, vnic: Record, pnic: Record) -> Fault | None:
        """Return the fault of a guest's hardware: the NIC is down, or somebody has disabled the
        virtual function. The second case is reported on the vNIC and on its instance.
        """
        host, function = str(vnic.get("host")), function_of_guest(vnic, pnic)
        if function.get("link_state") != "disable":
            states = {str(item["name"]): item.get("state") for item in (vnic, pnic)}
            return down_fault(host, states)
        which = f"{pnic['name']} vf {function.get('number')}"
        message = f"{host}: {which} is disabled: {vnic['name']} has no carrier"
        hint = f"Is the port's admin state up? `ip link set {which} state auto` enables it there."
        instance = {"type": "instance", "id": vnic.get("instance_id"), "host": host}
        for item, code in ((vnic, "link_down"), (instance, "cut_off")):
            self.problem(item, code=code, message=message, hint=hint)
        return Fault("link_down", message, hint)

    def add_members(self) -> None:
        """host_pnic-host_pnic: a bond or team and its members; cables are plugged into these."""
        pnics = {item["id"]: item for item in self.find("host_pnic", ["state", "members"])}
        for bond in pnics.values():
            for seen in _members(bond):
                if member := pnics.get(str(seen.get("id"))):
                    self.add_member(bond, member, seen.get("state"))

    def add_member(self, bond: Record, member: Record, state: Any) -> None:
        """Join a bond to one member; `state` is what the bond says of it."""
        states = {member["name"]: member.get("state"), f"{bond['name']}'s {member['name']}": state}
        fault = down_fault(str(bond.get("host")), states)
        if fault is not None:
            self.problem(member, code=fault.code, message=fault.message, hint=fault.hint)
        self.link(
            bond,
            member,
            link_name=f"{bond['name']}-{member['name']}",
            state=fault.state if fault else joined_state(*states.values()),
            source_label=str(bond["name"]),
            target_label=str(member["name"]),
            attributes=with_reason({}, fault),
        )


def _members(bond: Record) -> list[Record]:
    """What a bond or team says of its members; nothing for other NICs."""
    members = bond.get("members")
    seen = members.values() if isinstance(members, Mapping) else ()
    return [member for member in seen if isinstance(member, Mapping)]


def _segment_name(segment: Segment) -> str:
    """`Segment-100`, or `Segment-flat` for a network without a number."""
    return f"Segment-{segment.kind if segment.number is None else segment.number}"
