"""Ports that join leaves and spines."""

from __future__ import annotations

from calipso.discover.fetchers.aci.fabric_ports import port_fields
from calipso.model.inventory import Fetched
from calipso.sources.aci.aci_access import AciAccess
from calipso.sources.aci.fabric import Fabric
from calipso.topology.neighbours import fabric_port_id

Place = tuple[str, str]  # distinguished name of the node, and port


class AciFetchLeafToSpinePnics(AciAccess):
    """Ports of a switch whose other end is a port of the same fabric; the parent is the switch.

    From `lldpAdjEp`: the one end that hears the other is enough. On a leaf they are uplinks, on a
    spine downlinks.
    """

    def get(self, parent_id: str) -> list[Fetched]:
        fabric, node = self.fabric(), self.fabric().by_id(parent_id)
        if node is None:
            return []
        cables = self.context.shared("aci:cables", lambda: _cables(fabric))
        role = "uplink" if node.role == "leaf" else "downlink"
        return [
            port_fields(fabric, node, port, role)
            | {"connected_to": fabric_port_id(fabric.nodes[far].id, far_port)}
            for (here, port), (far, far_port) in sorted(cables.items())
            if here == node.dn
        ]


def _cables(fabric: Fabric) -> dict[Place, Place]:
    """Each end -> the other one. What a port itself hears goes before what the other says."""
    heard: dict[Place, Place] = {}
    for node, neighbours in fabric.neighbours.items():
        for neighbour in neighbours:
            if neighbour.far[0] in fabric.nodes:
                heard[node, neighbour.port] = neighbour.far
    return {far: near for near, far in heard.items()} | heard
