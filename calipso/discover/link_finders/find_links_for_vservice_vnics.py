"""FindLinksForVserviceVnics: vservice-vnic, vnic-vnic."""

from __future__ import annotations

from calipso.discover.find_links import FindLinks, joined_state, network_attribute, with_reason
from calipso.model.documents import Document
from calipso.topology.plugs import down_fault


class FindLinksForVserviceVnics(FindLinks):
    """vservice-vnic: a DHCP server or router and the devices in its namespace."""

    scope = "host"

    def add_links(self) -> None:
        """Join each vNIC to the vservice that it names, or to the vservice of its vNICs folder."""
        vservices = {item["id"]: item for item in self.find("vservice", ["service_type"])}
        networks = {item["id"]: str(item["name"]) for item in self.find("network", [])}
        fields = ["vnic_type", "vservice_id", "parent_id", "network", "state", "peer"]
        vnics = [
            vnic for vnic in self.each("vnic", fields) if vnic.get("vnic_type") == "vservice_vnic"
        ]
        self.add_pairs(vnics)
        for vnic in vnics:
            owner = vnic.get("vservice_id") or str(vnic.get("parent_id")).removesuffix("-vnics")
            vservice = vservices.get(owner)
            if vservice is None:
                continue
            network = vnic.get("network")
            plain = "-".join(str(item.get("object_name", "")) for item in (vservice, vnic))
            fault = down_fault(str(vnic.get("host") or ""), {vnic["name"]: vnic.get("state")})
            self.link(
                vservice,
                vnic,
                link_name=networks.get(str(network), plain),
                state=joined_state(vnic.get("state")),
                host=vnic.get("host"),
                attributes=with_reason(network_attribute(network), fault),
            )

    def add_pairs(self, vnics: list[Document]) -> None:
        """Join both ends of a veth pair between two namespaces (`rfp`-`fpr` of a distributed
        router). Both must say so.
        """
        ends = {vnic["id"]: vnic for vnic in vnics if vnic.get("peer")}
        for vnic in ends.values():
            other = ends.get(_other_end(vnic))
            if other is None or _other_end(other) != vnic["id"] or vnic["id"] > other["id"]:
                continue
            states = {end["name"]: end.get("state") for end in (vnic, other)}
            self.link(
                vnic,
                other,
                link_name=f"{vnic['name']}-{other['name']}",
                state=joined_state(*states.values()),
                source_label=str(vnic["name"]),
                target_label=str(other["name"]),
                attributes=with_reason({}, down_fault(str(vnic.get("host") or ""), states)),
            )


def _other_end(vnic: Document) -> str:
    """Id of the vNIC at the other end of a veth pair; none has the id for the host's own."""
    peer = vnic["peer"]
    return f"{vnic.get('host')}-{peer['namespace']}-{peer['device']}"
