"""Fields that every port of a fabric has."""

from __future__ import annotations

from calipso.model.inventory import Fetched
from calipso.sources.aci.fabric import Fabric, Node
from calipso.topology.neighbours import fabric_port_id

#: What `operSt` of a port says -> the words of the inventory.
_STATES = {"up": "up", "down": "down"}
#: Of a port without a link.
_NO_SPEED = ("inherit", "unknown", "auto")


def port_fields(fabric: Fabric, node: Node, port: str, role: str) -> Fetched:
    """Id, name, role, state and speed of a port, from `ethpmPhysIf`."""
    told = fabric.states.get((node.dn, port), {})
    speed = told.get("operSpeed", "")
    fields = {
        "id": fabric_port_id(node.id, port),
        "name": port,
        "role": role,
        "state": _STATES.get(told.get("operSt", ""), "unknown"),
        "speed": speed if speed not in _NO_SPEED else "",
    }
    return {key: value for key, value in fields.items() if value}
