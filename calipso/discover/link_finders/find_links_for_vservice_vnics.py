"""FindLinksForVserviceVnics: vservice-vnic."""

from __future__ import annotations

from calipso.discover.find_links import FindLinks, joined_state, network_attribute, with_reason
from calipso.topology.plugs import down_fault


class FindLinksForVserviceVnics(FindLinks):
    """vservice-vnic: a DHCP server or router and the devices in its namespace."""

    def add_links(self) -> None:
        """Join each vNIC to the vservice that it names, or to the vservice of its vNICs folder."""
        vservices = {item["id"]: item for item in self.find("vservice", [])}
        networks = {item["id"]: str(item["name"]) for item in self.find("network", [])}
        fields = ["vnic_type", "vservice_id", "parent_id", "network", "state"]
        for vnic in self.each("vnic", fields):
            if vnic.get("vnic_type") != "vservice_vnic":
                continue
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
