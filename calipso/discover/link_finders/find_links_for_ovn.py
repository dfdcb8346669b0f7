"""FindLinksForOvn: vnic-vedge of logical router ports; what the host and OVN say of a port."""

from __future__ import annotations

from typing import Any

from calipso.discover.find_links import FindLinks, carried_networks, joined_state
from calipso.model.documents import Document


class FindLinksForOvn(FindLinks):
    """Router ports of OVN are flows of the switch on the host of their gateway.

    A device that is plugged and that no chassis has claimed is reported on its port.
    """

    scope = "host"

    def add_links(self) -> None:
        """Join each logical vNIC to the switch of its host, and compare ports with their claims."""
        vedges = {
            str(vedge.get("host")): vedge
            for vedge in self.find("vedge", ["chassis", "ports", "alive", "stale_since"])
            if vedge.get("chassis")
        }
        if not vedges:
            return
        fields = ("kind", "network", "state", "mac_address")
        for vnic in self.each("vnic", fields):
            vedge = vedges.get(str(vnic.get("host")))
            if vnic.get("kind") == "logical" and vedge is not None:
                self.add_router_port(vnic, vedge)
        ports = {str(port["id"]): port for port in self.each("port", ["ovn", "problems"])}
        for vedge in vedges.values():
            self.compare(vedge, ports)

    def add_router_port(self, vnic: Document, vedge: Document) -> None:
        """vnic-vedge: up while the router is on and its chassis reports."""
        alive = "down" if vedge.get("alive") is False else "up"
        self.link(
            vnic,
            vedge,
            link_name=f"{vnic['name']}-{vedge['name']}",
            state=joined_state(vnic.get("state"), alive),
            source_label=str(vnic.get("mac_address") or ""),
            host=str(vedge.get("host") or ""),
            attributes=carried_networks(vnic.get("network")),
        )

    def compare(self, vedge: Document, ports: dict[str, Document]) -> None:
        """Report ports whose device is in the switch and whose logical port has no chassis.

        Of a switch that could not be read nobody knows what is in it now.
        """
        host, stale = str(vedge.get("host")), "stale_since" in vedge
        plugged: dict[str, Any] = vedge.get("ports") or {}
        for name, device in plugged.items():
            port = ports.get(str(device.get("port_id") or ""))
            words = (port or {}).get("ovn")
            if port is None or not words or words.get("type") or words.get("chassis"):
                continue
            if stale:
                self.may_have(port, "port_unclaimed")
                continue
            self.problem(
                {"type": "port", "id": port["id"], "host": host},
                code="port_unclaimed",
                message=f"{host}: {name} is in the switch, and no chassis has claimed its port "
                f"{port['id']}",
                hint="Does ovn-controller run there? Is another host the one that it is requested "
                f"for ({words.get('requested_host') or 'none'})?",
            )
