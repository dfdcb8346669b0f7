"""FindLinksForOteps: vedge-otep, otep-vconnector, otep-host_pnic."""

from __future__ import annotations

from calipso.discover.find_links import FindLinks, joined_state, with_reason
from calipso.model.documents import Document
from calipso.topology.carriers import FIELDS, Carriers
from calipso.topology.plugs import Fault, down_fault, faulty_tunnels

#: What is read of an endpoint beside what `Carriers` reads: never its list of peers.
OWN_FIELDS = ("parent_id", "state", "odd_tunnels", "tunnels_state")


class FindLinksForOteps(FindLinks):
    """Links a tunnel endpoint to a switch or bridge on one side and to NICs on the other.

    On Open vSwitch one endpoint serves all tunnel networks of the host and its address lies on a
    NIC, on an OVS bridge with a NIC as uplink, or on a Linux bridge. With the Linux bridge agent
    each network has its own `vxlan-N` device, a member of the network's bridge.
    """

    scope = "host"

    def add_links(self) -> None:
        """Join endpoints by parent, by named bridge and by named NICs."""
        self.carriers = Carriers.read(self.each)
        self.vedges = {item["id"]: item for item in self.find("vedge", ["host"])}
        self.pnics = self.nics()
        for otep in self.find("otep", [*FIELDS["otep"], *OWN_FIELDS]):
            faults = list(faulty_tunnels(otep))
            for fault in faults:
                self.problem(otep, code=fault.code, message=fault.message, hint=fault.hint)
            networks = self.carriers.networks_of_otep(otep)
            self.add_vedge(otep, networks, faults)
            self.add_vconnectors(otep, networks)
            self.add_pnics(otep, networks)

    def add_vedge(self, otep: Document, networks: list[str], faults: list[Fault]) -> None:
        """vedge-otep: the switch whose tunnel ports use this endpoint."""
        vedge = self.vedges.get(str(otep.get("parent_id")))
        if vedge is not None and otep.get("parent_type") == "vedge":
            broken = ["down"] if faults and otep.get("tunnels_state") == "down" else []
            fault = faults[0] if broken else self.down(otep)
            self.link(
                vedge,
                otep,
                link_name=f"{vedge['name']}-otep",
                state=joined_state(otep.get("state"), *broken),
                attributes=with_reason({"network": networks}, fault),
            )

    def add_vconnectors(self, otep: Document, networks: list[str]) -> None:
        """otep-vconnector: the bridge a tunnel device is in, and the one that owns its address."""
        plumbing = self.carriers.plumbing
        for vconnector in (plumbing.bridge_above(otep), plumbing.bridge_below(otep)):
            if vconnector is not None:
                self.link(
                    otep,
                    vconnector,
                    link_name=f"{otep['name']}-{vconnector.get('bridge_name')}",
                    state=joined_state(otep.get("state")),
                    attributes=with_reason({"network": networks}, self.down(otep)),
                )

    def add_pnics(self, otep: Document, networks: list[str]) -> None:
        """otep-host_pnic: NICs below the endpoint, unless a Linux bridge lies between."""
        below = self.carriers.plumbing.bridge_below(otep) or {}
        passed = {nic for _, nic in self.carriers.plumbing.members(below)}
        host = str(otep.get("host"))
        for name in self.carriers.plumbing.otep_nics(otep):
            if name in passed:
                continue
            pnic = self.pnics[host, name]
            self.link(
                otep,
                pnic,
                link_name=f"{host}-{name}",
                state=joined_state(otep.get("state"), pnic.get("state")),
                attributes=with_reason({"network": networks}, self.down(otep, pnic)),
            )

    def down(self, *items: Document) -> Fault | None:
        """Return the fault of the first of these devices that is down."""
        states = {str(item["name"]): item.get("state") for item in items}
        return down_fault(str(items[0].get("host") or ""), states)
