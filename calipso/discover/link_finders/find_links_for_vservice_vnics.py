"""FindLinksForVserviceVnics: vservice-vnic, vnic-vnic."""

from __future__ import annotations

from collections import defaultdict

from calipso.discover.find_links import FindLinks, joined_state, network_attribute, with_reason
from calipso.model.documents import Document
from calipso.topology.plugs import down_fault


class FindLinksForVserviceVnics(FindLinks):
    """vservice-vnic: a DHCP server or router and the devices in its namespace."""

    def add_links(self) -> None:
        """Join each vNIC to the vservice that it names, or to the vservice of its vNICs folder."""
        services = self.find("vservice", ["router_id", "service_type", "ha_state", "stale_since"])
        vservices = {item["id"]: item for item in services}
        self.tell_of_routers(services)
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

    def tell_of_routers(self, services: list[Document]) -> None:
        """Report highly available routers that are active on several hosts, or on none.

        A host that was not read in this scan proves nothing: what is stored of it may be old.
        """
        routers: defaultdict[str, list[Document]] = defaultdict(list)
        for service in services:
            if service.get("ha_state"):
                routers[str(service.get("router_id"))].append(service)
        for found in routers.values():
            read = [service for service in found if not service.get("stale_since")]
            active = [service for service in read if service["ha_state"] == "active"]
            hosts = ", ".join(sorted(str(service.get("host")) for service in active or found))
            if len(active) > 1:
                self.tell_of_router(active, "router_active_twice", f"is active on {hosts} at once")
            elif not active and len(read) == len(found):
                self.tell_of_router(found, "router_active_nowhere", f"is standby on {hosts}")

    def tell_of_router(self, services: list[Document], code: str, what: str) -> None:
        """Report it on the router's vservice on each of these hosts."""
        for service in services:
            self.problem(
                service,
                code=code,
                message=f"{service['name']} {what}",
                hint="Do its hosts reach each other on the HA network (`ha-` devices)? See the log "
                "of keepalived and of the L3 agent there.",
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
